//! What goes, what stays, and why.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::verification::ChainReport;

/// The answer to a wish.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The chains that go, by chain id.
    pub(crate) leaving: Vec<Leaving>,
    /// Those that were looked at and stay, by chain id.
    pub(crate) staying: Vec<Staying>,
    /// Chains that should go and are not valid. Where there is one, nothing goes.
    pub(crate) broken: Vec<ChainReport>,
}

/// A chain that goes.
#[derive(Debug, Serialize)]
pub(crate) struct Leaving {
    /// The chain.
    #[serde(rename = "chain")]
    pub(crate) chain_id: String,
    /// How many receipts it has.
    pub(crate) receipts: u64,
    /// The time of its last receipt.
    pub(crate) last: String,
    /// The verdict on it, to which that on the archive is compared.
    #[serde(skip)]
    pub(crate) report: ChainReport,
}

/// A chain that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Staying {
    /// The chain.
    #[serde(rename = "chain")]
    pub(crate) chain_id: String,
    /// Why.
    pub(crate) reason: Reason,
}

/// Why a chain stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is not closed.
    Open,
    /// Its last receipt is not old enough.
    Recent {
        /// When that was recorded.
        last: String,
    },
    /// The time of its last receipt is none.
    NoTime,
    /// There is no checkpoint, or none by a key that is vouched for.
    NoCheckpoint,
    /// The newest checkpoint is not over all of it.
    NotCovered {
        /// How many receipts the checkpoint is over.
        size: u64,
    },
    /// A chain of an agent under it stays.
    AgentStays {
        /// The agent's chain.
        chain_id: String,
    },
    /// A chain that stays is not valid without a hand-over of keys in it.
    KeysNeeded {
        /// The chain that stays.
        chain_id: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("it is open"),
            Self::Recent { last } => write!(f, "its last receipt is of {last}"),
            Self::NoTime => f.write_str("its last receipt has no time that could be read"),
            Self::NoCheckpoint => f.write_str("no checkpoint is signed over it"),
            Self::NotCovered { size } => {
                write!(f, "the newest checkpoint, over {size} receipts, is not over all of it")
            }
            Self::AgentStays { chain_id } => write!(f, "chain `{chain_id}` under it stays"),
            Self::KeysNeeded { chain_id } => {
                write!(
                    f,
                    "it hands a key over, and chain `{chain_id}`, which stays, is not valid without that"
                )
            }
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
