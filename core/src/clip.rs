//! Texts that the protocol limits, cut so that two which differ still do.

use crate::hash::ReceiptHash;

/// The text itself where it has at most `limit` bytes; otherwise its beginning, and the digest of all of it.
///
/// An event is never lost for a long name, and names that differ at their end stay apart. A `limit` below the 72 bytes of a digest
/// is not kept.
pub fn clipped(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let digest = ReceiptHash::of(text.as_bytes()).to_string();
    let kept = text.floor_char_boundary(limit.saturating_sub(digest.len() + 1));
    format!("{}#{digest}", &text[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone_and_what_does_not_stays_apart() {
        assert_eq!(clipped("x", 1), "x");
        let (one, other) = ("é".repeat(200) + "1", "é".repeat(200) + "2");
        assert_eq!(clipped(&one, 401), one);
        let (cut, another) = (clipped(&one, 256), clipped(&other, 256));
        assert!(cut.len() <= 256 && cut.starts_with("éé") && cut != another);
    }
}
