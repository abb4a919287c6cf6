//! Which hooks and servers are meant.

use super::change::{Change, What};

/// What is to be set up, or to be undone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Selection<'a> {
    /// What the operator asked for. Servers alone where some were named.
    Asked { only: &'a [String], skip: &'a [String] },
    /// What was changed just now.
    Changed(&'a [Change]),
}

impl Selection<'_> {
    /// Whether any hook is meant.
    pub(super) fn hooks(self) -> bool {
        match self {
            Self::Asked { only, .. } => only.is_empty(),
            Self::Changed(changes) => changes.iter().any(|change| change.what == What::Hook),
        }
    }

    /// Whether the hook for this event is meant.
    pub(super) fn hook(self, event: &str) -> bool {
        match self {
            Self::Asked { only, .. } => only.is_empty(),
            Self::Changed(changes) => {
                changes.iter().any(|change| change.what == What::Hook && change.name == event)
            }
        }
    }

    /// Whether this server is meant.
    pub(super) fn server(self, project: Option<&str>, name: &str) -> bool {
        match self {
            Self::Asked { only, skip } => {
                let named = |names: &[String]| names.iter().any(|one| one == name);
                (only.is_empty() || named(only)) && !named(skip)
            }
            Self::Changed(changes) => changes.iter().any(|change| {
                change.what == What::Server && change.name == name && change.project.as_deref() == project
            }),
        }
    }
}
