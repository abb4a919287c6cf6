//! The versions of the receipt format, and the context that belongs to each.

use std::fmt;
use std::str::FromStr;

use crate::excerpt::excerpt;

/// `@context[0]` of every receipt.
pub const CREDENTIALS_CONTEXT: &str = "https://www.w3.org/ns/credentials/v2";

/// `type` of every receipt.
pub const CREDENTIAL_TYPES: [&str; 2] = ["VerifiableCredential", "AgentReceipt"];

/// A version of the receipt format that we read. We write [`Version::V0_5_0`] or [`Version::V0_6_0`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[allow(missing_docs)]
pub enum Version {
    V0_1_0,
    V0_2_0,
    V0_2_1,
    V0_3_0,
    V0_4_0,
    #[default]
    V0_5_0,
    V0_6_0,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Version; 7] = [
        Version::V0_1_0,
        Version::V0_2_0,
        Version::V0_2_1,
        Version::V0_3_0,
        Version::V0_4_0,
        Version::V0_5_0,
        Version::V0_6_0,
    ];

    /// As it stands in `version`.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V0_1_0 => "0.1.0",
            Version::V0_2_0 => "0.2.0",
            Version::V0_2_1 => "0.2.1",
            Version::V0_3_0 => "0.3.0",
            Version::V0_4_0 => "0.4.0",
            Version::V0_5_0 => "0.5.0",
            Version::V0_6_0 => "0.6.0",
        }
    }

    /// `@context[1]` of a receipt of this version.
    pub fn context(self) -> &'static str {
        match self {
            Version::V0_5_0 => "https://agentreceipts.ai/context/v2",
            Version::V0_6_0 => "https://agentreceipts.ai/context/v3",
            _ => "https://agentreceipts.ai/context/v1",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version that we do not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown receipt version `{0}`")]
pub struct UnknownVersion(String);

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Version::ALL.into_iter().find(|v| v.as_str() == text).ok_or_else(|| UnknownVersion(excerpt(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_context() {
        let contexts: Vec<_> =
            Version::ALL.iter().map(|v| (v.as_str(), &v.context()[v.context().len() - 2..])).collect();
        assert_eq!(
            contexts,
            [
                ("0.1.0", "v1"),
                ("0.2.0", "v1"),
                ("0.2.1", "v1"),
                ("0.3.0", "v1"),
                ("0.4.0", "v1"),
                ("0.5.0", "v2"),
                ("0.6.0", "v3"),
            ]
        );
        assert!(Version::ALL.is_sorted());
        assert_eq!(Version::default(), Version::V0_5_0);
    }

    #[test]
    fn versions_are_read_exactly() {
        for version in Version::ALL {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        for text in ["", "0.5", "0.5.0 ", "v0.5.0", "0.7.0", "00.5.0", "0.5.0-rc1", "1.0.0"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
