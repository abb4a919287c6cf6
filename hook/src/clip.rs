//! Texts that the protocol limits, cut so that two which differ still do.

use agent_receipts_core::ReceiptHash;

/// The text itself where it has at most `limit` bytes; otherwise its beginning, and the digest of all of it.
///
/// An event is never lost for a long name, and names that differ at their end stay apart.
pub(crate) fn clipped(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let digest = ReceiptHash::of(text.as_bytes()).to_string();
    let kept = text.floor_char_boundary(limit.saturating_sub(digest.len() + 1));
    format!("{}#{digest}", &text[..kept])
}

/// An agent's id as a chain's name can hold it: see `clipped`; a slash or a NUL would name another's chain.
pub(crate) fn agent_id(text: &str, limit: usize) -> String {
    if text.contains(['/', '\0']) {
        let digest = ReceiptHash::of(text.as_bytes()).to_string();
        let plain = text.replace(['/', '\0'], "_");
        return clipped(&format!("{plain}#{digest}"), limit);
    }
    clipped(text, limit)
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

    #[test]
    fn no_agent_names_the_chain_of_another() {
        assert_eq!(agent_id("a1", 256), "a1");
        let cut = agent_id("a/../b\0", 256);
        assert!(!cut.contains(['/', '\0']) && cut != agent_id("a_.._b_", 256));
        assert!(agent_id(&"/".repeat(5000), 256).len() <= 256);
    }
}
