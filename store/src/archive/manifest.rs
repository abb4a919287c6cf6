//! What was known of an archive when it was taken in.

use serde::{Deserialize, Serialize};

/// The file `manifest.json` of an archive. Nothing in it is signed: it is as trustworthy as whoever may write the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form, 1.
    pub version: u32,
    /// How the archive came to be.
    pub kind: ArchiveKind,
    /// Where its rows come from, for people.
    pub source: String,
    /// When it was taken in, RFC 3339 in UTC.
    pub taken_in: String,
    /// The digest of its database, `sha256:<hex>`.
    pub sha256: String,
    /// The length of its database in bytes.
    pub bytes: u64,
    /// How many receipts it holds.
    pub receipts: u64,
    /// Its chains.
    pub chains: Vec<ArchivedChain>,
    /// The public key by which it was judged, multibase.
    pub public_key: String,
    /// Keys that stood beside that one as earlier keys of the same signer, multibase.
    #[serde(default)]
    pub earlier_keys: Vec<String>,
    /// Keys that whoever took it in vouched for, multibase.
    #[serde(default)]
    pub vouched_keys: Vec<String>,
}

/// How an archive came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArchiveKind {
    /// A database from elsewhere.
    Database,
    /// Exported JSON lines.
    Lines,
    /// Chains that were moved out of the database beside it.
    Moved,
}

/// A chain of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivedChain {
    /// The chain.
    pub chain_id: String,
    /// How many receipts it has.
    pub receipts: u64,
    /// The least sequence number.
    pub first_sequence: u64,
    /// The greatest sequence number.
    pub last_sequence: u64,
    /// The hash of the receipt there, `sha256:<hex>`.
    pub tip_hash: String,
    /// The verdict when it was taken in.
    pub verdict: String,
}

/// Why a manifest cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is not JSON of this form.
    #[error("not a manifest: {reason}")]
    Malformed {
        /// What is wrong, and where.
        reason: String,
    },
    /// A later version of this software wrote it.
    #[error("its version is {found}, and this program reads {VERSION}: upgrade the program")]
    Newer {
        /// The version.
        found: u64,
    },
}

impl Manifest {
    /// The version that this program writes.
    pub const VERSION: u32 = VERSION;

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// [`ManifestError`].
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let malformed = |error: serde_json::Error| ManifestError::Malformed { reason: error.to_string() };
        // Looked at first, and alone: what a later version adds would only be called an unknown field, and what somebody put there
        // instead of a manifest is not to be held in memory.
        let Versioned { version: found } = serde_json::from_slice(text).map_err(malformed)?;
        match found > u64::from(VERSION) {
            true => Err(ManifestError::Newer { found }),
            false => serde_json::from_slice(text).map_err(malformed),
        }
    }

    /// The manifest as text.
    pub fn to_json(&self) -> String {
        // Text and numbers only: nothing that could not be written.
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

/// All of a manifest that is looked at before its version is known; the rest is passed over.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            version: 1,
            kind: ArchiveKind::Lines,
            source: "a\"b.jsonl".into(),
            taken_in: "2026-11-22T03:39:59Z".into(),
            sha256: "sha256:00".into(),
            bytes: 7,
            receipts: 2,
            chains: vec![ArchivedChain {
                chain_id: "audit".into(),
                receipts: 2,
                first_sequence: 1,
                last_sequence: 2,
                tip_hash: "sha256:01".into(),
                verdict: "VALID".into(),
            }],
            public_key: "uAA".into(),
            earlier_keys: Vec::new(),
            vouched_keys: vec!["uBB".into()],
        }
    }

    #[test]
    fn a_manifest_reads_back() {
        assert_eq!(Manifest::parse(manifest().to_json().as_bytes()), Ok(manifest()));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let json = manifest().to_json();
        for text in ["", "{", "[]", "null", "{\"version\":1}", &json.replace("\"bytes\": 7", "\"bytes\": -7")]
        {
            assert!(
                matches!(Manifest::parse(text.as_bytes()), Err(ManifestError::Malformed { .. })),
                "{text}"
            );
        }
        let more = json.replace("\"bytes\"", "\"further\": 1, \"bytes\"");
        assert!(Manifest::parse(more.as_bytes()).is_err());
        let newer = json.replace("\"version\": 1", "\"further\": [[]], \"version\": 2");
        assert_eq!(Manifest::parse(newer.as_bytes()), Err(ManifestError::Newer { found: 2 }));
    }
}
