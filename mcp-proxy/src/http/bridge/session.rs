//! What every request says of its session.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::http::mirror::Mirror;
use crate::http::stamp;

/// The session that the server opened, and the version that was agreed upon.
#[derive(Debug, Default)]
pub(super) struct Session {
    id: Option<HeaderValue>,
    version: Option<HeaderValue>,
    /// Whether requests bring their own version: then there is no session, and closing a stream is what cancels.
    is_modern: bool,
    /// What its tools want repeated.
    pub(super) mirror: Mirror,
}

impl Session {
    /// The headers of a request that accepts `accept`.
    pub(super) fn headers(&self, accept: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(id) = &self.id {
            headers.insert(SESSION_ID, id.clone());
        }
        if let Some(version) = &self.version {
            headers.insert(stamp::VERSION, version.clone());
        }
        headers
    }

    /// Forgets all: the client begins anew.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    /// The server opened a session.
    pub(super) fn open(&mut self, headers: &HeaderMap) {
        // Shorter than any server's limit, and visible characters only (MCP, "Session management").
        let id = headers.get(SESSION_ID).filter(|id| id.len() <= LONGEST_ID);
        if let Some(id) = id.filter(|id| id.as_bytes().iter().all(|byte| (0x21..0x7f).contains(byte))) {
            self.id = Some(id.clone());
        }
    }

    /// The version that the server's answer to `initialize` names.
    pub(super) fn agree(&mut self, version: &str) {
        self.version = HeaderValue::from_str(version).ok();
    }

    /// A request brought its own version.
    pub(super) fn is_modern_from_now(&mut self, version: &HeaderValue) {
        self.is_modern = true;
        self.version = Some(version.clone());
    }

    /// Whether requests bring their own version.
    pub(super) fn is_modern(&self) -> bool {
        self.is_modern
    }

    /// Whether the server has opened a session.
    pub(super) fn is_open(&self) -> bool {
        self.id.is_some()
    }
}

/// The header that names a session.
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const LONGEST_ID: usize = 1024;
