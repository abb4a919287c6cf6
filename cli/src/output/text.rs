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

/// A sum of counts that stand in a database, where anybody may have written them: more than can be counted is the most that can.
pub(crate) fn total(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
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
