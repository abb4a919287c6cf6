use serde::Deserialize;

/// `CLAIMS.toml`: every property that the documents state, with the tests that hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The claims, in the file's order.
    #[serde(rename = "claim")]
    pub claims: Vec<Claim>,
}

/// One property.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// `C-` and a number; the sentence ends in it, in brackets.
    pub id: String,
    /// The sentence, as the documents state it.
    pub text: String,
    /// The documents, as paths from the root of the checkout.
    pub stated_in: Vec<String>,
    /// The tests, each as `path/to/file::name_of_the_test`.
    pub tests: Vec<String>,
}

/// Why the ledger could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The file is missing or unreadable.
    #[error("{0}")]
    Read(String),
    /// The file is not a ledger.
    #[error("`CLAIMS.toml` is not a ledger: {0}")]
    Shape(String),
}

impl Ledger {
    /// Reads a ledger; an unknown member is an error.
    ///
    /// # Errors
    /// When the text is not TOML of the ledger's shape.
    pub fn parse(text: &str) -> Result<Self, LedgerError> {
        toml::from_str(text).map_err(|error| LedgerError::Shape(error.to_string().trim().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_with_a_misspelt_member_is_refused() {
        let text = "[[claim]]\nid = \"C-01\"\ntext = \"x\"\nstated_in = []\ntests = []\ntest = []\n";
        assert!(matches!(Ledger::parse(text), Err(LedgerError::Shape(_))));
    }

    #[test]
    fn a_ledger_without_a_claim_is_refused() {
        assert!(matches!(Ledger::parse(""), Err(LedgerError::Shape(_))));
    }
}
