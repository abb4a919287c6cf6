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

/// Heads move once, after the commit: what a batch places is staged until then.
#[derive(Default)]
pub(crate) struct Heads {
    /// `None` stands for a chain that was looked for and has no receipt.
    committed: HashMap<String, Option<Link>>,
    staged: HashMap<String, Link>,
}

impl Heads {
    /// The head as the receipts of this batch see it. The outer `None` says that the chain was not loaded.
    pub(crate) fn of(&self, chain_id: &str) -> Option<Option<&Link>> {
        match self.staged.get(chain_id) {
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

    /// The batch is on disk.
    pub(crate) fn commit(&mut self) {
        self.committed.extend(self.staged.drain().map(|(chain, link)| (chain, Some(link))));
    }

    /// The batch is not on disk, nor any part of it.
    pub(crate) fn discard(&mut self) {
        self.staged.clear();
    }

    /// Forgets all, so that every head is read from the store again. Nothing may be staged.
    pub(crate) fn forget(&mut self) {
        self.committed.clear();
    }

    /// How many chains are remembered.
    pub(crate) fn len(&self) -> usize {
        self.committed.len()
    }
}
