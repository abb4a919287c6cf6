//! Characters at which some reader ends a line, and others do not.

use std::borrow::Cow;

use memchr::memchr3_iter;

/// The message as every reader of lines takes it for one: without a carriage return inside, and with the separators that Unicode
/// has besides (U+0085, U+2028, U+2029) escaped, which only strings of JSON hold. `None` if there is a carriage return inside.
///
/// Python's text files and Node's `readline` end a line at those too, so that what is white space to one server is the beginning of
/// another message to the next. A carriage return at the very end belongs to the line's end.
pub(super) fn on_one_line(message: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut out = Vec::new();
    let mut copied = 0;
    for at in memchr3_iter(b'\r', 0xc2, 0xe2, message) {
        let escape: &[u8] = match &message[at..] {
            [b'\r'] => continue,
            [b'\r', ..] => return None,
            [0xc2, 0x85, ..] => b"\\u0085",
            [0xe2, 0x80, 0xa8, ..] => b"\\u2028",
            [0xe2, 0x80, 0xa9, ..] => b"\\u2029",
            _ => continue,
        };
        out.extend_from_slice(&message[copied..at]);
        out.extend_from_slice(escape);
        copied = at + if message[at] == 0xc2 { 2 } else { 3 };
    }
    if copied == 0 {
        return Some(message.into());
    }
    out.extend_from_slice(&message[copied..]);
    Some(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_splits_lines_is_changed() {
        let same = "{\"a\":\"é â € \u{2027} \u{202a} \u{84} \u{86}\"}\r";
        assert!(matches!(on_one_line(same.as_bytes()), Some(Cow::Borrowed(_))));
        let split = "{\"\u{2028}a\":\"x\u{85}y\u{2029}\"}";
        assert_eq!(on_one_line(split.as_bytes()).unwrap(), &br#"{"\u2028a":"x\u0085y\u2029"}"#[..]);
        for inside in ["{\r}", "\r{}", "{}\r\r", "{}\r ", "{\"a\":\"\r\"}"] {
            assert_eq!(on_one_line(inside.as_bytes()), None, "{inside:?}");
        }
    }

    #[test]
    fn halves_of_a_character_are_left_to_the_decoder() {
        for bytes in [&b"\xe2"[..], b"\xe2\x80", b"\xc2", b"\xe2\x80\xa7", b"\x85"] {
            assert_eq!(on_one_line(bytes).unwrap(), bytes);
        }
    }
}
