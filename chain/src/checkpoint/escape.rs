//! Chain ids within a line of text.

use std::fmt::Write as _;

/// Percent-encodes every byte but unreserved characters (RFC 3986 §2.3) and `/`, `:`, `@`, which are common in ids.
pub(super) fn escape(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Reads the one spelling that [`escape`] writes; anything else is nothing.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|id| escape(id) == text)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_survives_in_one_spelling() {
        for id in ["", "2026-11-22/agent/a", "a b", "zwei\nZeilen", "%41", "é\u{202e}", "\0", "a+b=c"] {
            let escaped = escape(id);
            assert!(escaped.bytes().all(|byte| byte.is_ascii_graphic()), "{escaped}");
            assert_eq!(unescape(&escaped).as_deref(), Some(id));
        }
        assert_eq!(escape("a b\n"), "a%20b%0A");
        for wrong in ["%", "%2", "%2f", "%41", "a b", "é", "%FF", "%ZZ", "a\n"] {
            assert_eq!(unescape(wrong), None, "{wrong}");
        }
    }
}
