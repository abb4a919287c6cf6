//! Payload text that is not Unicode, read as the reference daemon reads it.
//!
//! The expected hashes are SHA-256 over what Go's `encoding/json` (1.26) decodes each text to, written canonically.

use agent_receipts_core::json::{JsonError, Rules, Value, parse};
use agent_receipts_core::payload;

fn decoded(text: &[u8]) -> String {
    let quoted = [b"\"", text, b"\""].concat();
    parse(&quoted, Rules::Payload).unwrap().into_string().unwrap()
}

fn marks(count: usize) -> String {
    "\u{fffd}".repeat(count)
}

#[test]
fn a_lone_surrogate_becomes_one_replacement_character() {
    for (text, expected) in [
        (r"\ud800", marks(1)),
        (r"\udc00", marks(1)),
        (r"\udc00\ud800", marks(2)),
        (r"\ud800a", marks(1) + "a"),
        (r"\ud800\n", marks(1) + "\n"),
        (r"\ud800\u0041", marks(1) + "A"),
        (r"\ud800\ud83d\ude00", marks(1) + "\u{1f600}"),
        (r"\ud83d\ude00", "\u{1f600}".to_owned()),
    ] {
        assert_eq!(decoded(text.as_bytes()), expected, "{text}");
    }
    // A second half that is no escape at all is still refused.
    let broken = parse(br#""\ud800\uzzzz""#, Rules::Payload);
    assert!(matches!(broken, Err(JsonError::MalformedEscape { .. })), "{broken:?}");
}

#[test]
fn every_invalid_byte_becomes_one_replacement_character() {
    let cases: [(&str, &[u8], String); 17] = [
        ("never a lead", b"\xff", marks(1)),
        ("two of them", b"\xff\xfe", marks(2)),
        ("two bytes cut short", b"\xc3", marks(1)),
        ("three bytes cut after one", b"\xe2", marks(1)),
        ("three bytes cut after two", b"\xe2\x82", marks(2)),
        ("four bytes cut after three", b"\xf0\x9f\x98", marks(3)),
        ("four bytes broken by a letter", b"\xf0\x9fa", marks(2) + "a"),
        ("cut short before an escape", b"\xe2\x82\\n", marks(2) + "\n"),
        ("an encoded surrogate", b"\xed\xa0\x80", marks(3)),
        ("an encoded surrogate pair", b"\xed\xa0\xbd\xed\xb8\x80", marks(6)),
        ("an overlong slash", b"\xc0\xaf", marks(2)),
        ("an overlong slash in three", b"\xe0\x80\xaf", marks(3)),
        ("an overlong slash in four", b"\xf0\x80\x80\xaf", marks(4)),
        ("beyond the last character", b"\xf4\x90\x80\x80", marks(4)),
        ("a five-byte form", b"\xf8\x88\x80\x80\x80", marks(5)),
        ("continuations alone", b"\x80\xbf", marks(2)),
        (
            "between good text",
            b"a\xe2\x82b\xe2\x82\xacc\xff",
            format!("a{0}b\u{20ac}c{1}", marks(2), marks(1)),
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(decoded(text), expected, "{name}");
    }
}

#[test]
fn payloads_have_the_hashes_that_the_reference_gives_them() {
    let cases: [(&[u8], &str); 12] = [
        (br#"{"a":"\ud800"}"#, "ff283b920eb2db41781ef213a9c2a428f30928a2cdc77b67dc1426545b4ef02f"),
        (br#"{"a":"x\udc00y"}"#, "70293f7899103ad51e49a27ce0210737ce8f6fa4a7d71bf5bd1d79ce967ad298"),
        (br#"["\ud800\ud83d\ude00"]"#, "5b57d8774430b9a50972ba8c1d37edb8fcf3d71bb2169a329f43e7b483d0fe3f"),
        (b"{\"a\":\"\xff\"}", "ff283b920eb2db41781ef213a9c2a428f30928a2cdc77b67dc1426545b4ef02f"),
        (b"{\"a\":\"\xe2\x82\"}", "4568d936bd25e192cc967a07e6f3be01ac206b45e6b45cda2e82fb919da5b161"),
        (b"{\"a\":\"\xed\xa0\x80\"}", "1e8639dbd31cc6048f74b32a4f8fba270c592a37b9000fe395db5b773b522e36"),
        (b"{\"a\":\"\xf0\x80\x80\xaf\"}", "0537de016afab26744ed14bd12ecb9009d4cf783ef365324eb37cea068415ee9"),
        (b"{\"\xff\":1,\"\xfe\":2}", "3bb25f2cd32da36a40f95e28bb37f3aa9fe93dbe7c7914cbdf55f2775532bc84"),
        (b"{\"b\":1,\"a\":2,\"b\":3}", "206f7b5543e6f2ef39bf334988fd7097b725caeed16588cd9d785480f2f0f8f6"),
        (b"{\"n\":9007199254740993}", "66c87d9cb3014e05a11baa97df62282d89d425f22ee15816577c84534e2ef1bb"),
        (b"{\"n\":1e-400}", "f3013f933b9fb80ab6d995e7ad9da36f683837ba1d81e950c943d40111eac2f0"),
        (b"{\"n\":-0}", "f3013f933b9fb80ab6d995e7ad9da36f683837ba1d81e950c943d40111eac2f0"),
    ];
    for (text, expected) in cases {
        let value = parse(text, Rules::Payload).unwrap();
        assert_eq!(payload::hash(&value), format!("sha256:{expected}"), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn names_that_become_the_same_are_one_member_and_the_last_wins() {
    let value = parse(b"{\"\xff\":1,\"\xfe\":2}", Rules::Payload).unwrap();
    assert_eq!(value.to_string(), "{\"\u{fffd}\":2}");
    // In the frame itself that would be a name twice.
    let frame = parse(b"{\"\xff\":1,\"\xfe\":2}", Rules::Frame);
    assert_eq!(frame, Err(JsonError::DuplicateMember { name: marks(1) }));
}

#[test]
fn characters_that_only_look_dangerous_are_kept() {
    let text = r#""\u0000\u007f\uffff\ufffd\u2028\u00Ff""#;
    let value = parse(text.as_bytes(), Rules::Payload).unwrap();
    assert_eq!(value.as_str(), Some("\0\u{7f}\u{ffff}\u{fffd}\u{2028}\u{ff}"));
}

#[test]
fn the_last_of_duplicate_members_wins_whole() {
    for (text, expected) in [
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (r#"{"a":{"x":1},"a":{"y":2}}"#, r#"{"a":{"y":2}}"#),
        (r#"{"a":1,"\u0061":2}"#, r#"{"a":2}"#),
        (r#"[{"a":[],"a":null}]"#, r#"[{"a":null}]"#),
    ] {
        assert_eq!(parse(text.as_bytes(), Rules::Payload).unwrap().to_string(), expected, "{text}");
    }
}

#[test]
fn white_space_is_ignored_and_anything_else_around_a_payload_is_refused() {
    assert_eq!(parse(b" \t\r\n 1 \n", Rules::Payload), Ok(Value::Number(1.0)));
    for text in ["1 2", "1//", "1,", "1\0", "{}{}", "[]]", "1\u{a0}"] {
        let found = parse(text.as_bytes(), Rules::Payload);
        assert!(matches!(found, Err(JsonError::TrailingData { .. })), "{text:?}: {found:?}");
    }
    for text in ["\u{feff}1", "\u{feff}"] {
        assert_eq!(parse(text.as_bytes(), Rules::Payload), Err(JsonError::ByteOrderMark), "{text:?}");
    }
    for text in ["\u{c}1", "\u{a0}1", "+1", ".5", "'a'", "NaN", "[1,]", "{\"a\":1,}", "{a:1}", "tRue"] {
        let found = parse(text.as_bytes(), Rules::Payload);
        assert!(matches!(found, Err(JsonError::UnexpectedByte { .. })), "{text:?}: {found:?}");
    }
}
