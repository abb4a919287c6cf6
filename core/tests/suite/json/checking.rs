//! Checking a payload says what reading it says, without reading it.

use agent_receipts_core::json::{JsonError, MAX_DEPTH, Rules, check_payload, parse};

fn agree(text: &[u8]) -> Option<JsonError> {
    let read = parse(text, Rules::Payload).err();
    assert_eq!(check_payload(text).err(), read, "{}", String::from_utf8_lossy(&text[..text.len().min(80)]));
    read
}

#[test]
fn every_kind_of_text_is_judged_alike() {
    let good = [
        "{}",
        "[]",
        " [ 1 , {} , [ ] ] ",
        "{\"a\":[{\"b\":{}}],\"a\":null}",
        "-0.0e-7",
        "\"\\ud800\"",
        "true",
        "1e-400",
    ];
    for text in good {
        assert_eq!(agree(text.as_bytes()), None, "{text}");
    }
    let bad = [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "[,1]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "[1}",
        "{\"a\":1]",
        "1 2",
        "[] []",
        "tru",
        "nul",
        "falsy",
        "01",
        "-",
        "1.",
        "1e",
        "+1",
        ".5",
        "1e400",
        "-1e400",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\n\"",
        "\u{feff}1",
        "[1 2]",
        "{\"a\" 1}",
        "{1:1}",
    ];
    for text in bad {
        assert!(agree(text.as_bytes()).is_some(), "{text}");
    }
    assert_eq!(agree(b"{\"\xff\":\"\xfe\"}"), None);
}

#[test]
fn long_numbers_overflow_by_their_digits_alone() {
    for digits in [1, 299, 300, 308] {
        assert_eq!(agree("1".repeat(digits).as_bytes()), None, "{digits}");
    }
    for digits in [310, 5000] {
        assert_eq!(agree("1".repeat(digits).as_bytes()), Some(JsonError::NumberOutOfRange { offset: 0 }));
    }
    assert_eq!(agree(format!("0.{}", "1".repeat(5000)).as_bytes()), None);
}

#[test]
fn nesting_ends_where_reading_it_ends() {
    for (opening, closing) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let levels = MAX_DEPTH / opening.matches(['[', '{']).count();
        let deep = |levels: usize| format!("{}1{}", opening.repeat(levels), closing.repeat(levels));
        assert_eq!(agree(deep(levels).as_bytes()), None);
        assert_eq!(agree(deep(levels + 1).as_bytes()), Some(JsonError::TooDeep));
    }
}

#[test]
fn a_bracket_closes_only_its_own_kind_at_every_depth() {
    for depth in [1, 63, 64, 65, 128, 1000] {
        let kinds: Vec<bool> = (0..depth).map(|level| level % 3 == 0).collect();
        let mut text: String = kinds.iter().map(|object| if *object { "{\"a\":" } else { "[" }).collect();
        text.push('1');
        text.extend(kinds.iter().rev().map(|object| if *object { '}' } else { ']' }));
        assert_eq!(agree(text.as_bytes()), None, "{depth}");
        for place in [text.len() - 1, text.len() - depth / 2 - 1, text.len() - depth] {
            let mut wrong = text.clone().into_bytes();
            wrong[place] = if wrong[place] == b'}' { b']' } else { b'}' };
            assert!(matches!(agree(&wrong), Some(JsonError::UnexpectedByte { .. })), "{depth} {place}");
        }
    }
}
