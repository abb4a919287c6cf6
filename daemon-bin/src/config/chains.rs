//! How many root chains the daemon keeps, and for whom.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Which events share a root chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chains {
    /// All of them.
    #[default]
    One,
    /// Those of one user, by the kernel's word.
    Uid,
    /// Those of one session of one user, by the emitter's word and the kernel's.
    Session,
}

/// Not a way to tell root chains apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a way to keep chains: use `one`, `uid` or `session`")]
pub struct UnknownChains;

impl FromStr for Chains {
    type Err = UnknownChains;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "one" => Ok(Self::One),
            "uid" => Ok(Self::Uid),
            "session" => Ok(Self::Session),
            _ => Err(UnknownChains),
        }
    }
}

impl fmt::Display for Chains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "one",
            Self::Uid => "uid",
            Self::Session => "session",
        })
    }
}

impl<'de> Deserialize<'de> for Chains {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|reason| de::Error::custom(format_args!("`{text}` is {reason}")))
    }
}

impl Serialize for Chains {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
