//! Payload numbers and nesting, read as the reference daemon reads them.

use agent_receipts_core::json::{JsonError, Rules, canonical, parse};
use agent_receipts_core::payload;

fn written(text: &str) -> String {
    parse(text.as_bytes(), Rules::Payload).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

#[test]
fn integers_beyond_2_53_are_rounded_before_hashing() {
    for (text, expected) in [
        ("9007199254740993", "9007199254740992"),
        ("-9007199254740993", "-9007199254740992"),
        ("9007199254740995", "9007199254740996"),
        ("123456789012345678901", "123456789012345680000"),
        ("1000000000000000000000", "1e+21"),
    ] {
        assert_eq!(written(text), expected, "{text}");
        let hashes =
            [text, expected].map(|text| payload::hash(&parse(text.as_bytes(), Rules::Payload).unwrap()));
        assert_eq!(hashes[0], hashes[1], "{text}");
    }
}

#[test]
fn numbers_too_small_become_zero() {
    for text in ["1e-400", "-1e-400", "2.4703282292062327e-324", "-0", "-0.0", "0e999999999999", "-0E+5"] {
        assert_eq!(written(text), "0", "{text}");
    }
    assert_eq!(written("2.4703282292062328e-324"), "5e-324");
}

#[test]
fn numbers_too_large_are_refused() {
    let digits = format!("1{}", "0".repeat(309));
    for text in ["1e400", "-1e400", "1.7976931348623159e308", "[1e309]", "{\"a\":1e999999999999}", &digits] {
        let found = parse(text.as_bytes(), Rules::Payload);
        assert!(matches!(found, Err(JsonError::NumberOutOfRange { .. })), "{text}: {found:?}");
    }
    // Rounded down to the largest double, as Go does.
    assert_eq!(written("1.797693134862315807e308"), "1.7976931348623157e+308");
}

#[test]
fn what_is_no_number_is_refused() {
    for text in ["01", "-01", "1.", "1.e5", "1e", "1e+", "1E-", "-", "-a", "--1", "00"] {
        let found = parse(text.as_bytes(), Rules::Payload);
        assert!(matches!(found, Err(JsonError::MalformedNumber { .. })), "{text}: {found:?}");
    }
    assert_eq!(written("1E+2"), "100");
}

#[test]
fn nesting_is_read_to_ten_thousand_levels_on_a_small_stack() {
    let work = || {
        for (open, inner, close) in [("[", "", "]"), ("{\"a\":", "0", "}"), ("[{\"a\":", "0", "}]")] {
            let levels = open.bytes().filter(|b| matches!(b, b'[' | b'{')).count();
            let nested = |depth: usize| {
                let times = depth / levels;
                format!("{}{inner}{}", open.repeat(times), close.repeat(times))
            };
            for depth in [5_000, 10_000] {
                let text = nested(depth);
                let value = parse(text.as_bytes(), Rules::Payload).unwrap();
                assert_eq!(canonical(&value), text.as_bytes(), "{depth} levels of {open}");
                assert_eq!(payload::hash(&value.clone()), payload::hash(&value));
            }
            for depth in [10_000 + levels, 100_000] {
                for rules in [Rules::Payload, Rules::Frame, Rules::Receipt] {
                    assert_eq!(parse(nested(depth).as_bytes(), rules), Err(JsonError::TooDeep), "{depth}");
                }
            }
        }
        // An empty container is a level too.
        let full = format!("{}{{}}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(parse(full.as_bytes(), Rules::Payload), Err(JsonError::TooDeep));
        // A text that never closes must be given up as cleanly.
        let open = "[".repeat(10_000);
        assert_eq!(parse(open.as_bytes(), Rules::Payload), Err(JsonError::UnexpectedEnd));
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}
