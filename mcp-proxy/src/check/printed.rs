//! Texts of strangers, made fit for a terminal.

/// The text with everything written out that would move a cursor, colour a line, or hide or turn letters round, at most `most`
/// characters of it.
pub(super) fn printable(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    for character in characters.by_ref().take(most) {
        if is_plain(character) {
            out.push(character);
        } else {
            out.extend(character.escape_unicode());
        }
    }
    if characters.next().is_some() {
        out.push('…');
    }
    out
}

fn is_plain(character: char) -> bool {
    let hides = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
    !character.is_control() && !hides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(printable("read_file é 日本", 60), "read_file é 日本");
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{7f}\u{9b}", 60), "a\\u{1b}[2Jb\\u{a}c\\u{7f}\\u{9b}");
        assert_eq!(printable("a\u{202e}b\u{200b}c\u{2028}", 60), "a\\u{202e}b\\u{200b}c\\u{2028}");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
