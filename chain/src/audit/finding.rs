//! What a store lacks, or has too much, of what was signed for.

use std::fmt;

use agent_receipts_core::Fingerprint;
use serde::{Serialize, Serializer};

use crate::text::{plain, quoted};

/// One way in which a store is not what was signed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditFinding {
    /// What was found.
    #[serde(flatten)]
    pub kind: AuditFindingKind,
    /// Where the evidence was found that shows it.
    pub source: String,
}

/// What was found. Sequences are those of receipts in their chains; sizes count receipts of all chains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditFindingKind {
    /// A chain ends before a receipt that was signed for.
    Truncated {
        /// The chain.
        chain: String,
        /// The last sequence that is there; none if the chain is gone.
        ends_at: Option<u64>,
        /// The sequence that was signed for.
        sequence: u64,
    },
    /// A receipt that was signed for is missing, and later ones of its chain are there.
    Missing {
        /// The chain.
        chain: String,
        /// The sequence that was signed for.
        sequence: u64,
    },
    /// Another receipt stands where one was signed for.
    Rewritten {
        /// The chain.
        chain: String,
        /// The first sequence of which this is known.
        sequence: u64,
        /// The last sequence before it that is as it was signed for.
        agrees_to: Option<u64>,
    },
    /// There are fewer receipts than were signed for: the store was put back to an earlier state, or cut off.
    RolledBack {
        /// How many were signed for.
        signed: u64,
        /// How many there are.
        found: u64,
        /// The chain of the last receipt that is there.
        chain: Option<String>,
        /// Its sequence.
        sequence: Option<u64>,
    },
    /// The receipts, or their order, are not those that were signed for.
    Altered {
        /// How many were signed for.
        signed: u64,
        /// Up to how many the receipts are as they were signed for.
        agrees_to: u64,
        /// The chain of the first receipt behind those.
        chain: Option<String>,
        /// Its sequence.
        sequence: Option<u64>,
    },
    /// A rotation that was announced is not in the store, or another stands in its place.
    RotationForged {
        /// The chain.
        chain: String,
        /// The rotation's sequence.
        sequence: u64,
    },
    /// Two checkpoints are signed over as many receipts, and not over the same.
    SplitView {
        /// Over how many.
        signed: u64,
    },
    /// No key that the published key vouches for has signed the evidence.
    NotVouchedFor {
        /// The key that it names, if it names one.
        #[serde(serialize_with = "fingerprint")]
        key: Option<Fingerprint>,
    },
    /// The time stamp that stands beside a checkpoint is not one for it, or by nobody who is trusted.
    TimeStampFails {
        /// How many receipts the checkpoint is over.
        signed: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A cosignature below a checkpoint is not what it says to be.
    CosignatureFails {
        /// How many receipts the checkpoint is over.
        signed: u64,
        /// In whose name it stands.
        witness: String,
    },
    /// A witness was named, and has cosigned nothing of what there is.
    NeverCosigned {
        /// Its name.
        witness: String,
    },
    /// Something that is no evidence stands among it.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, plain(&self.source))
    }
}

impl fmt::Display for AuditFindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { chain, ends_at: Some(end), sequence } => {
                write!(
                    f,
                    "truncated: chain {} ends at sequence {end}, signed for to sequence {sequence}",
                    quoted(chain)
                )
            }
            Self::Truncated { chain, ends_at: None, sequence } => {
                write!(f, "truncated: chain {} is gone, signed for to sequence {sequence}", quoted(chain))
            }
            Self::Missing { chain, sequence } => {
                write!(
                    f,
                    "deleted: chain {} has no receipt at sequence {sequence}, which was signed for",
                    quoted(chain)
                )
            }
            Self::Rewritten { chain, sequence, agrees_to } => {
                write!(f, "rewritten: chain {} has another receipt at sequence {sequence}", quoted(chain))?;
                match agrees_to {
                    Some(agrees_to) => write!(f, ", and agrees up to sequence {agrees_to}"),
                    None => f.write_str(", and agrees nowhere before"),
                }
            }
            Self::RolledBack { signed, found, chain, sequence } => {
                write!(f, "rolled back: signed for {signed} receipts, {found} are there")?;
                last(f, "the last is", chain, sequence)
            }
            Self::Altered { signed, agrees_to, chain, sequence } => {
                write!(f, "altered: of the first {signed} receipts {agrees_to} are as they were signed for")?;
                last(f, "the next is", chain, sequence)
            }
            Self::RotationForged { chain, sequence } => {
                write!(
                    f,
                    "forged rotation: chain {} has not the rotation that was announced at sequence {sequence}",
                    quoted(chain)
                )
            }
            Self::SplitView { signed } => {
                write!(f, "two histories: another checkpoint over {signed} receipts has another root hash")
            }
            Self::NotVouchedFor { key: Some(key) } => {
                write!(f, "signed by no key that the published key vouches for; it names {key}")
            }
            Self::NotVouchedFor { key: None } => {
                f.write_str("signed by no key that the published key vouches for")
            }
            Self::TimeStampFails { signed, reason } => {
                write!(
                    f,
                    "the time stamp of the checkpoint over {signed} receipts does not hold: {}",
                    plain(reason)
                )
            }
            Self::CosignatureFails { signed, witness } => {
                write!(
                    f,
                    "the cosignature of {} below the checkpoint over {signed} receipts does not hold",
                    quoted(witness)
                )
            }
            Self::NeverCosigned { witness } => {
                write!(f, "no checkpoint here is cosigned by {}", quoted(witness))
            }
            Self::Unreadable { reason } => write!(f, "no evidence: {}", plain(reason)),
        }
    }
}

fn last(
    f: &mut fmt::Formatter<'_>,
    words: &str,
    chain: &Option<String>,
    sequence: &Option<u64>,
) -> fmt::Result {
    match (chain, sequence) {
        (Some(chain), Some(sequence)) => {
            write!(f, "; {words} sequence {sequence} of chain {}", quoted(chain))
        }
        _ => Ok(()),
    }
}

fn fingerprint<S: Serializer>(key: &Option<Fingerprint>, serializer: S) -> Result<S::Ok, S::Error> {
    key.as_ref().map(ToString::to_string).serialize(serializer)
}
