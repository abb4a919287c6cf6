//! How much of a hostile text an error may repeat.

/// The first 64 characters, with control characters escaped: an error ends in logs and on terminals, where a
/// megabyte or a line break of somebody's choice has no place.
pub(crate) fn excerpt(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().take(LIMIT) {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    if text.chars().nth(LIMIT).is_some() {
        out.push('…');
    }
    out
}

/// Characters; enough to recognise any name that receipts have.
const LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_control_characters_are_escaped() {
        assert_eq!(excerpt("did:user:é"), "did:user:é");
        assert_eq!(excerpt("a\nb\u{1b}[2J\0"), "a\\nb\\u{1b}[2J\\u{0}");
        assert_eq!(excerpt(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(excerpt(&"é".repeat(1_000_000)), "é".repeat(64) + "…");
    }
}
