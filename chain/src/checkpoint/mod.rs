//! Checkpoints: a signed word on every receipt of a store, small enough to be kept where the store's owner cannot reach.
//!
//! A checkpoint is a C2SP signed note (`c2sp.org/signed-note`) whose text is a C2SP tree head (`c2sp.org/tlog-checkpoint`):
//!
//! ```text
//! agent-receipts/0f1e2d3c4b5a6978                                origin: the log, whatever its key
//! 20852163                                                       how many receipts
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=                   root hash over them, in order of commitment
//! time 2026-11-22T08:15:02Z                                      when it was signed
//! key sha256:4a5d…                                               fingerprint of the key that signed it
//! heads 2 lRd0…=                                                 the heads that moved: how many, hash of their list
//! head 1041 Vr3p…= 2026-11-22                                    the newest of them: sequence, tip, chain
//! head 17 m8Gk…= 2026-11-22/agent/a
//!
//! — agent-receipts/0f1e2d3c4b5a6978 z3Jk…
//! ```
//!
//! *What is listed.* The heads that moved since the checkpoint before, the newest first. One that did not move is signed
//! for by an earlier checkpoint, and any change to it is a change below the root hash; so nothing goes undetected, and
//! a log of ten thousand chains does not repeat them every hour. The note holds the first heads, [`INLINE_BYTES`] of them, so that
//! a note and a proof stay small; the hash commits to the whole list, which travels beside it as a [`HeadList`].
//!
//! Chain ids are percent-encoded, which survives any of them in one spelling.

mod body;
mod escape;
mod extension;
mod heads;
mod key;
mod note;
mod path;
mod proof;
mod signed;
mod witness;

pub use body::{Checkpoint, INLINE_BYTES};
pub use extension::{Extended, ExtensionProof, ExtensionProofError, Side};
pub use heads::{Head, HeadList, HeadsDigest, MAX_HEADS};
pub use key::{KeyName, MalformedKeyName, NoteKey};
pub use note::{MAX_NOTE, MAX_SIGNATURES, NoteError, NoteSignature, SignedNote};
pub use proof::{Proven, ReceiptProof, ReceiptProofError};
pub use signed::SignedCheckpoint;
pub use witness::{Cosignature, CosignatureError, WitnessKey, WitnessKeyError};

/// Why a text is not a checkpoint of ours. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is no signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A line is not what must stand there.
    #[error("line {line} of the checkpoint is not {wanted}")]
    Line {
        /// The line.
        line: usize,
        /// What must stand there.
        wanted: &'static str,
    },
    /// A list of heads is longer than any that is written.
    #[error("a list of more than {MAX_HEADS} heads")]
    TooManyHeads,
    /// A chain stands in the list of heads twice.
    #[error("chain `{}` stands in the list of heads twice", crate::text::plain(.chain_id))]
    ChainTwice {
        /// The chain.
        chain_id: String,
    },
    /// The list of heads beside a checkpoint is not the one that it was signed with.
    #[error("the list of heads is not the one that the checkpoint was signed with")]
    ForeignHeads,
}
