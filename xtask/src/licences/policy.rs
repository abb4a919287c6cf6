use std::collections::BTreeSet;

use serde::Deserialize;

/// What `deny.toml` says of licences and of banned crates; the rest of the file is `cargo deny`'s alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupplyPolicy {
    /// SPDX identifiers that a dependency may be under.
    pub allowed: BTreeSet<String>,
    /// Crates that must not be in the graph at all.
    pub banned: BTreeSet<String>,
}

/// Why the policy could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file is missing or unreadable.
    #[error("{0}")]
    Read(String),
    /// The file is not understood.
    #[error("`deny.toml` is not understood: {0}")]
    Shape(String),
    /// An entry that is no SPDX identifier.
    #[error("`deny.toml` allows `{0}`, which is no SPDX licence identifier")]
    UnknownLicence(String),
}

impl SupplyPolicy {
    /// Reads `deny.toml`.
    ///
    /// # Errors
    /// When it is no TOML, has no list of allowed licences, holds exceptions (this check knows none), or an
    /// entry that SPDX does not know.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File =
            toml::from_str(text).map_err(|error| PolicyError::Shape(error.to_string().trim().to_string()))?;
        if !file.licenses.exceptions.is_empty() {
            return Err(PolicyError::Shape("`licenses.exceptions` are not supported here".to_string()));
        }
        if let Some(unknown) = file.licenses.allow.iter().find(|name| spdx::license_id(name).is_none()) {
            return Err(PolicyError::UnknownLicence(unknown.clone()));
        }
        let banned = file.bans.deny.into_iter().map(|ban| ban.name).collect();
        Ok(Self { allowed: file.licenses.allow.into_iter().collect(), banned })
    }
}

#[derive(Deserialize)]
struct File {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<toml::Value>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_and_bans_are_read() {
        let text = "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"openssl\" }]\n";
        let policy = SupplyPolicy::parse(text).unwrap();
        assert_eq!(policy.allowed, ["MIT".to_string()].into());
        assert_eq!(policy.banned, ["openssl".to_string()].into());
    }

    #[test]
    fn a_misspelt_licence_is_refused() {
        let text = "[licenses]\nallow = [\"Apache 2\"]\n[bans]\ndeny = []\n";
        assert_eq!(SupplyPolicy::parse(text), Err(PolicyError::UnknownLicence("Apache 2".into())));
    }

    #[test]
    fn exceptions_are_refused_rather_than_ignored() {
        let text = "[licenses]\nallow = []\nexceptions = [{ crate = \"a\", allow = [\"MIT\"] }]\n[bans]\ndeny = []\n";
        assert!(matches!(SupplyPolicy::parse(text), Err(PolicyError::Shape(_))));
    }

    #[test]
    fn a_file_without_the_list_is_refused() {
        assert!(matches!(SupplyPolicy::parse("[bans]\ndeny = []\n"), Err(PolicyError::Shape(_))));
    }
}
