//! The tails of the chains that are open in this run.

use std::collections::HashMap;

use agent_receipts_core::ReceiptHash;

/// The last receipt of a chain, to which the next one links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) sequence: u64,
    pub(crate) hash: ReceiptHash,
    pub(crate) receipt_id: String,
    pub(crate) terminal: bool,
    /// It hands the chain over from an earlier key to ours, which has signed nothing behind it yet.
    pub(crate) hands_over: bool,
}

/// Heads move once, after the commit: what a batch places is staged until then. One batch may be under way to the disk while
/// the next is staged upon it; they stand or fall together.
#[derive(Default)]
pub(crate) struct Heads {
    /// `None` stands for a chain that was looked for and has no receipt.
    committed: HashMap<String, Option<Link>>,
    under_way: HashMap<String, Link>,
    staged: HashMap<String, Link>,
}

impl Heads {
    /// The head as the receipts of this batch see it. The outer `None` says that the chain was not loaded.
    pub(crate) fn of(&self, chain_id: &str) -> Option<Option<&Link>> {
        match self.staged.get(chain_id).or_else(|| self.under_way.get(chain_id)) {
            Some(link) => Some(Some(link)),
            None => self.committed.get(chain_id).map(Option::as_ref),
        }
    }

    /// Remembers what the store holds.
    pub(crate) fn load(&mut self, chain_id: &str, link: Option<Link>) {
        self.committed.insert(chain_id.to_owned(), link);
    }

    /// Moves a head for the rest of this batch.
    pub(crate) fn stage(&mut self, chain_id: &str, link: Link) {
        match self.staged.get_mut(chain_id) {
            Some(head) => *head = link,
            None => {
                self.staged.insert(chain_id.to_owned(), link);
            }
        }
    }

    /// The batch that is staged goes to the disk, where none is under way.
    pub(crate) fn launch(&mut self) {
        debug_assert!(self.under_way.is_empty(), "one batch at a time");
        std::mem::swap(&mut self.under_way, &mut self.staged);
    }

    /// The batch that was under way is on disk.
    pub(crate) fn commit(&mut self) {
        self.committed.extend(self.under_way.drain().map(|(chain, link)| (chain, Some(link))));
    }

    /// The batch that was under way is not on disk, nor any part of it, and what is staged links to it.
    pub(crate) fn discard(&mut self) {
        self.under_way.clear();
        self.staged.clear();
    }

    /// Forgets what the store holds, so that it is read from there again.
    pub(crate) fn forget(&mut self) {
        self.committed.clear();
    }

    /// How many chains are remembered.
    pub(crate) fn len(&self) -> usize {
        self.committed.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(sequence: u64) -> Link {
        Link {
            sequence,
            hash: ReceiptHash::of(&sequence.to_be_bytes()),
            receipt_id: sequence.to_string(),
            terminal: false,
            hands_over: false,
        }
    }

    fn sequence(heads: &Heads) -> Option<u64> {
        heads.of("c").flatten().map(|link| link.sequence)
    }

    #[test]
    fn a_batch_is_staged_upon_the_one_that_is_under_way() {
        let mut heads = Heads::default();
        heads.load("c", Some(link(1)));
        heads.stage("c", link(2));
        heads.launch();
        assert_eq!(sequence(&heads), Some(2));
        heads.stage("c", link(3));
        heads.commit();
        assert_eq!(sequence(&heads), Some(3));
        heads.launch();
        heads.commit();
        assert_eq!(sequence(&heads), Some(3));
    }

    #[test]
    fn what_is_staged_upon_a_batch_that_failed_goes_with_it() {
        let mut heads = Heads::default();
        heads.load("c", Some(link(1)));
        heads.stage("c", link(2));
        heads.launch();
        heads.stage("c", link(3));
        heads.discard();
        assert_eq!(sequence(&heads), Some(1));
    }

    #[test]
    fn forgetting_keeps_what_no_store_holds_yet() {
        let mut heads = Heads::default();
        heads.load("c", Some(link(1)));
        heads.stage("c", link(2));
        heads.launch();
        heads.forget();
        assert_eq!(sequence(&heads), Some(2));
    }
}
