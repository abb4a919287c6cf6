//! What one check found.

use std::fmt::Display;

use serde::Serialize;

use crate::failure::Failure;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// It works, but somebody should know.
    Warn,
    /// Recording or verifying does not work, or cannot be trusted.
    Fail,
}

/// One check's answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// Its name.
    #[serde(rename = "check")]
    pub(super) name: &'static str,
    /// How it came out.
    pub(super) status: Status,
    /// What was seen.
    pub(super) reason: String,
    /// What to do about it.
    #[serde(rename = "fix", skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

impl Check {
    /// Nothing to mend.
    pub(super) fn ok(name: &'static str, reason: impl Display) -> Self {
        Self { name, status: Status::Ok, reason: reason.to_string(), mend: None }
    }

    /// Something to know, and what to do.
    pub(super) fn warn(name: &'static str, reason: impl Display, mend: impl Display) -> Self {
        Self { name, status: Status::Warn, reason: reason.to_string(), mend: Some(mend.to_string()) }
    }

    /// Something to mend, and how.
    pub(super) fn fail(name: &'static str, reason: impl Display, mend: impl Display) -> Self {
        Self { name, status: Status::Fail, reason: reason.to_string(), mend: Some(mend.to_string()) }
    }

    /// A failure that other commands would end with, and their hint; `mend` where they have none.
    pub(super) fn of_failure(name: &'static str, failure: Failure, mend: &str) -> Self {
        let (reason, hint) = failure.into_parts();
        Self::fail(name, reason, hint.as_deref().unwrap_or(mend))
    }
}
