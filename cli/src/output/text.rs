//! Text, cut and counted.

use std::borrow::Cow;

/// At most `width` characters, the last one `…` where something is left out.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(width.saturating_sub(1)).chain(['…']).collect())
}

/// `1 receipt`, `2 receipts`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_by_characters() {
        assert_eq!(cut("日本語です", 3), "日本…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
