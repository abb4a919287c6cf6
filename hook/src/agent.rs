//! Names of agents, as a chain's name can hold them.

use agent_receipts_core::{ReceiptHash, clipped};

/// An agent's id, cut to `limit` bytes; a slash or a NUL would name another's chain.
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
    fn no_agent_names_the_chain_of_another() {
        assert_eq!(agent_id("a1", 256), "a1");
        let cut = agent_id("a/../b\0", 256);
        assert!(!cut.contains(['/', '\0']) && cut != agent_id("a_.._b_", 256));
        assert!(agent_id(&"/".repeat(5000), 256).len() <= 256);
    }
}
