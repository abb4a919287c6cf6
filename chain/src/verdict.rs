//! The result of verifying one chain.

use std::collections::BTreeMap;

use agent_receipts_core::{Fingerprint, ReceiptHash};
use serde::{Serialize, Serializer};

use crate::faults::Reason;
use crate::finding::{Code, Finding};

/// Whether a chain holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every receipt is signed, linked and in its place.
    Valid,
    /// Something is wrong; see [`Verdict::broken_at`] and [`Verdict::error`].
    Broken,
    /// There is nothing that could hold.
    Empty,
}

/// How a chain ends, whether or not it is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its last receipt does not close it.
    Unknown,
    /// Closed because its writer stopped.
    Interrupted,
    /// Closed in good order.
    Complete,
}

impl Status {
    /// The word in the reference's output.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Unknown => "unknown",
            Status::Interrupted => "interrupted",
            Status::Complete => "complete",
        }
    }
}

/// How one receipt fared: one element of the reference's `receipts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Place among the receipts given, from 0.
    pub index: u64,
    /// The receipt's id as it stands there (not escaped); empty if the receipt cannot be read.
    pub receipt_id: String,
    /// Whether the active key signed it.
    pub signature_valid: bool,
    /// Whether it links to the receipt before.
    pub hash_link_valid: bool,
    /// Whether its sequence follows.
    pub sequence_valid: bool,
}

impl Step {
    /// Whether signature, link and sequence hold.
    pub fn holds(&self) -> bool {
        self.signature_valid && self.hash_link_valid && self.sequence_valid
    }
}

/// The verdict over one chain. Serialises with the reference's member names (`receipts`, the list of [`Step`]s, is
/// the caller's to collect, since it grows with the chain).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether the chain holds.
    pub valid: bool,
    /// The same, with emptiness apart.
    pub outcome: Outcome,
    /// Number of receipts.
    pub length: u64,
    /// How the chain ends.
    pub status: Status,
    /// The chain's id: that of its first readable receipt, or the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Index of the first receipt that is wrong; -1 in JSON if none is in particular.
    #[serde(serialize_with = "or_minus_one")]
    pub broken_at: Option<u64>,
    /// Why the chain is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The same for people, where the reference has words for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Says that response hashes were not compared with bodies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_hash_note: Option<&'static str>,
    /// Duplicate idempotency keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The last receipt waits for its result.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete_tool_roundtrip: bool,
    /// More terminals were opened than closed, or the other way round.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete_session: bool,
    /// Remarks beyond the reference's verdict, by index; at most
    /// [`FINDINGS_PER_CODE`](crate::FINDINGS_PER_CODE) of each code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many findings of each code there were.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub finding_counts: BTreeMap<Code, u64>,
    /// Id of the first readable receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_receipt_id: Option<String>,
    /// Hash of the last receipt, if it can be read.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub final_hash: Option<ReceiptHash>,
    /// Fingerprint of the key that the chain starts with.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub genesis_key: Option<Fingerprint>,
    /// Fingerprint of the key that is active at the end.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub final_key: Option<Fingerprint>,
    /// Valid key rotations in this chain.
    #[serde(skip_serializing_if = "is_zero")]
    pub rotations: u64,
    /// What held along the whole chain.
    #[serde(skip)]
    pub integrity: Integrity,
}

/// Which properties held along the whole chain; finer than [`Verdict::valid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integrity {
    /// Every receipt could be read.
    pub readable: bool,
    /// Every signature is the active key's.
    pub signatures: bool,
    /// Every receipt links to the one before.
    pub links: bool,
    /// Sequences are gapless.
    pub sequences: bool,
    /// One chain id, nothing after the end, sound status and rotations.
    pub structure: bool,
    /// The chain's keys are the given key and its successors, or vouched for by the published key, or (if not strict)
    /// not yet confirmed by it.
    pub keys: bool,
    /// No key of the chain still waits to be confirmed by the published key.
    pub keys_confirmed: bool,
}

fn or_minus_one<S: Serializer>(index: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    match index {
        Some(index) => serializer.serialize_u64(*index),
        None => serializer.serialize_i64(-1),
    }
}

fn as_text<S: Serializer>(hash: &Option<ReceiptHash>, serializer: S) -> Result<S::Ok, S::Error> {
    match hash {
        Some(hash) => serializer.collect_str(hash),
        None => serializer.serialize_none(),
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
