//! The version of the receipts that the daemon writes.

use std::fmt;
use std::str::FromStr;

use agent_receipts_core::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A [`Version`] that we write: 0.5.0, as the reference, or 0.6.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenVersion(pub(crate) Version);

/// Not a version of receipts that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a version that can be written: use `0.5.0` or `0.6.0`")]
pub(crate) struct UnwritableVersion;

impl FromStr for WrittenVersion {
    type Err = UnwritableVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(version @ (Version::V0_5_0 | Version::V0_6_0)) => Ok(Self(version)),
            _ => Err(UnwritableVersion),
        }
    }
}

impl fmt::Display for WrittenVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for WrittenVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|reason| de::Error::custom(format_args!("`{text}` is {reason}")))
    }
}

impl Serialize for WrittenVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
