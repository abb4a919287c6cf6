//! Text from receipts inside messages: clipped, and harmless on a terminal.

use std::fmt::Write as _;

/// Characters of one quoted text that a message repeats.
const CLIP: usize = 256;

/// Quoted as Go's `%q` does it, which the reference's messages use.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, true))
}

/// Without quotation marks, for messages whose reference text has none.
pub(crate) fn plain(text: &str) -> String {
    escaped(text, false)
}

fn escaped(text: &str, in_quotes: bool) -> String {
    let mut out = String::with_capacity(text.len().min(CLIP) + 2);
    for (at, c) in text.chars().enumerate() {
        if at == CLIP {
            out.push('…');
            break;
        }
        match c {
            '"' | '\\' if in_quotes => out.extend(['\\', c]),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            _ if is_printable(c) => out.push(c),
            // Writing to a String cannot fail.
            _ => drop(match u32::from(c) {
                code @ 0..0x80 => write!(out, "\\x{code:02x}"),
                code @ 0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
                code => write!(out, "\\U{code:08x}"),
            }),
        }
    }
    out
}

/// Controls, format characters (such as those that turn the direction of text) and unassigned ones are not.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~') || (!c.is_ascii() && c.escape_debug().len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_like_the_reference() {
        assert_eq!(quoted("k"), r#""k""#);
        assert_eq!(quoted("a\"b\\c\nd\u{1b}[2J\u{202e}é'"), "\"a\\\"b\\\\c\\nd\\x1b[2J\\u202eé'\"");
        assert_eq!(plain("a\"b\u{1b}"), "a\"b\\x1b");
    }

    #[test]
    fn long_text_is_clipped() {
        assert_eq!(plain(&"x".repeat(1 << 20)).chars().count(), CLIP + 1);
    }
}
