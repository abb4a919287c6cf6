//! What is stood in front of, and for whom.

use std::io;
use std::net::SocketAddr;

use hyper::HeaderMap;

use super::connector::TrustError;
use super::credentials::{CredentialError, credentials};
use super::endpoint::{Endpoint, EndpointError};

/// A remote server, and how its clients come.
#[derive(Debug, Clone)]
pub(crate) struct HttpOptions {
    /// Where the server is.
    pub(crate) remote: Endpoint,
    /// The operator's headers for it.
    pub(crate) own: HeaderMap,
    /// Where clients are listened for; otherwise there is one, on standard input and output.
    pub(crate) listen: Option<SocketAddr>,
    /// The longest message in bytes, either way.
    pub(crate) most: usize,
}

/// Why nobody could be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HttpError {
    /// The server's address.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A header of the operator's.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// A listener that others could reach.
    #[error("`--listen {0}` would be open to other machines: use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// A listener that would lend the operator's credentials to whoever connects.
    #[error(
        "`--header-env` with `--listen` would lend the credential to every user of this machine: let the client send its own header"
    )]
    Lent,
    /// A port that is taken, or not ours to have.
    #[error("cannot listen on `{address}`: {error}; port 0 takes any that is free")]
    Listen {
        /// As it was given.
        address: SocketAddr,
        /// The system's reason.
        error: io::Error,
    },
    /// No certificates to know a server by.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The system gave no thread, socket, or standard input or output.
    #[error("cannot begin: {0}")]
    System(#[from] io::Error),
}

impl HttpError {
    /// Whether the command line is what is wrong.
    pub(crate) fn is_usage(&self) -> bool {
        !matches!(self, Self::Trust(_) | Self::Listen { .. } | Self::System(_))
    }
}

impl HttpOptions {
    /// Reads what the command line says; header values come from the environment.
    pub(crate) fn new(
        remote: &str,
        header_env: &[String],
        listen: Option<SocketAddr>,
        most: usize,
    ) -> Result<Self, HttpError> {
        if let Some(listen) = listen {
            if !listen.ip().is_loopback() {
                return Err(HttpError::NotLoopback(listen));
            }
            if !header_env.is_empty() {
                return Err(HttpError::Lent);
            }
        }
        let own = credentials(header_env, |name| std::env::var_os(name))?;
        Ok(Self { remote: Endpoint::parse(remote)?, own, listen, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(header_env: &[String], listen: &str) -> Result<HttpOptions, HttpError> {
        HttpOptions::new("https://mcp.example.com/mcp", header_env, Some(listen.parse().unwrap()), 1)
    }

    #[test]
    fn a_listener_is_for_this_machine_alone_and_lends_nothing() {
        for here in ["127.0.0.1:0", "127.0.0.1:8080", "[::1]:0"] {
            assert!(new(&[], here).is_ok(), "{here}");
        }
        for open in ["0.0.0.0:0", "[::]:0", "192.168.1.1:80", "[::ffff:127.0.0.1]:0"] {
            assert!(matches!(new(&[], open), Err(HttpError::NotLoopback(_))), "{open}");
        }
        let lent = new(&["Authorization=PATH".to_owned()], "127.0.0.1:0");
        assert!(matches!(lent, Err(HttpError::Lent)));
    }
}
