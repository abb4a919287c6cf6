//! What becomes of one hook or one server.

use serde::Serialize;

/// One thing in a file, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// What it is.
    pub(crate) what: What,
    /// The event, or the server.
    pub(crate) name: String,
    /// The project whose server it is, where one file serves several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    /// What becomes of it.
    pub(crate) deed: Deed,
    /// Why it is left, or what to know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// What there is to set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// A hook for one event.
    Hook,
    /// An MCP server.
    Server,
}

/// What becomes of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deed {
    /// A hook comes.
    Add,
    /// A server is put behind the proxy.
    Wrap,
    /// A hook goes.
    Remove,
    /// A server is as it was.
    Unwrap,
    /// It is as it should be already.
    Keep,
    /// It is not touched, though somebody might expect it to be.
    Leave,
}

impl Change {
    /// Of a hook.
    pub(crate) fn hook(event: &str, deed: Deed) -> Self {
        Self { what: What::Hook, name: event.to_owned(), project: None, deed, note: None }
    }

    /// Of a server.
    pub(crate) fn server(name: &str, project: Option<&str>, deed: Deed) -> Self {
        let project = project.map(str::to_owned);
        Self { what: What::Server, name: name.to_owned(), project, deed, note: None }
    }

    /// With a reason.
    pub(crate) fn because(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
