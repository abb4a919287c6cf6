//! Why a measurement could not be made.

use std::io;

use agent_receipts_keysource::{GenerateError, KeyError};
use agent_receipts_store::StoreError;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The system refused something.
    #[error("could not {what}: {error}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        error: io::Error,
    },
    /// Something took longer than any measurement should.
    #[error("{what} took longer than {seconds} s")]
    TooLate {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// A process that was started, or a file of the system, said something that is not understood.
    #[error("{who} said what is not understood: {said}")]
    Unclear {
        /// Who.
        who: String,
        /// What.
        said: String,
    },
    /// A process that was started failed.
    #[error("`{program}` failed: {said}")]
    Program {
        /// The program.
        program: String,
        /// Its last words.
        said: String,
    },
    /// A plan that cannot be carried out.
    #[error("{0}")]
    Plan(String),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database could not be examined.
    #[error("could not examine the database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The key could not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key could not be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
}

impl Failure {
    /// For `map_err`: the system refused to do `what`.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::System { what, error }
    }

    pub(crate) fn unclear(who: impl Into<String>, said: impl ToString) -> Self {
        Self::Unclear { who: who.into(), said: said.to_string() }
    }
}
