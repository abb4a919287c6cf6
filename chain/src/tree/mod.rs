//! A Merkle tree over the receipts of a store, in the order in which they were committed (RFC 6962 §2.1, RFC 9162 §2.1).
//!
//! Leaf `i` is [`NodeHash::of_receipt`] of the receipt hash of the row that was committed as number `i`, from 0. A root
//! hash stands for every receipt and for their order; one receipt is shown to be under it, or one root to extend
//! another, by some twenty hashes in a million receipts.
//!
//! What is kept of a tree is small: a [`Frontier`] in memory while it grows, and in the store one hash for each full
//! group of [`GROUP`] leaves. The rest is recomputed from the receipts when a proof is asked for, through a
//! [`TreeReader`]. Nothing that a reader gives is believed: proofs are held against a signed root.

mod consistency;
mod frontier;
mod hash;
mod inclusion;
mod reader;
mod text;

pub use consistency::{ConsistencyProof, prove_consistency};
pub use frontier::{Frontier, NotAtGroup};
pub use hash::{MalformedNodeHash, NodeHash};
pub use inclusion::{InclusionProof, prove_inclusion};
pub use reader::{BuildError, GROUP, TreeReader, root_of};
pub use text::hash_of_text;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf does not lie in the tree, or the first tree is larger than the second.
    #[error("{of} is not within a tree of {size} receipts")]
    OutOfRange {
        /// The leaf's index, or the size of the first tree.
        of: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The proof has more or fewer hashes than a proof for these sizes.
    #[error("the proof does not have as many hashes as one for a tree of this size")]
    WrongLength,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the signed root hash")]
    WrongRoot,
}

/// The greatest power of two below `size`, where a tree of more than one leaf is split (RFC 6962 §2.1).
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}
