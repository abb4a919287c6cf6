//! HTTP with an end to everything: one deadline for a whole exchange, no redirects, and no answer longer than was asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Request;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use crate::disk;

/// A client for one sink.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    agent: ureq::Agent,
    limit: u64,
}

/// How a client is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpOptions {
    /// For one exchange, from the look-up of the name to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// The longest body of an answer, in bytes.
    pub(crate) limit: u64,
    /// Certificates to trust instead of the system's, in PEM.
    pub(crate) ca_file: Option<PathBuf>,
    /// Refuse `http://`.
    pub(crate) https_only: bool,
}

/// What was answered, whatever the status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    #[cfg(feature = "s3")]
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection, or one that broke.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// The deadline passed.
    #[error("no whole answer in time")]
    TimedOut,
    /// The body is longer than any right answer.
    #[error("an answer of more than {limit} bytes")]
    TooLarge {
        /// The longest that is read.
        limit: u64,
    },
    /// What came is not HTTP.
    #[error("an answer that is not HTTP: {0}")]
    Garbled(String),
    /// The server could not show who it is.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The address cannot be used.
    #[error("the address cannot be used: {0}")]
    Address(String),
}

/// Why a client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The file cannot be read.
    #[error("cannot read the certificates in `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file holds no certificate.
    #[error("`{}` holds no certificate in PEM", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The system has no list of certificates.
    #[error(
        "no root certificates on this system: install them (package `ca-certificates`) or name a `ca_file`"
    )]
    NoRoots,
}

impl Http {
    /// A client; the certificates are read now and not again.
    pub(crate) fn new(options: &HttpOptions) -> Result<Self, TrustError> {
        let roots = match &options.ca_file {
            Some(path) => certificates(path)?,
            None if options.https_only => system_roots()?,
            // A sink in the clear needs none, and this machine may have none.
            None => system_roots().unwrap_or_default(),
        };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .https_only(options.https_only)
            .http_status_as_error(false)
            // A sink that sends us elsewhere is not the one that was configured.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(options.timeout))
            .max_response_header_size(HEADER_LIMIT)
            // Minutes lie between two exchanges; what was kept open would only fail the next.
            .max_idle_connections(0)
            .user_agent(AGENT)
            .build();
        Ok(Self { agent: config.new_agent(), limit: options.limit })
    }

    /// One exchange.
    pub(crate) fn send(&self, request: Request<Vec<u8>>) -> Result<Answer, HttpError> {
        let response = self.agent.run(request).map_err(|error| self.judge(error))?;
        let (parts, mut body) = response.into_parts();
        if body.content_length().is_some_and(|length| length > self.limit) {
            return Err(HttpError::TooLarge { limit: self.limit });
        }
        // One more than the limit is enough to know.
        let bytes = body.with_config().limit(self.limit).read_to_vec().map_err(|error| self.judge(error))?;
        Ok(Answer {
            status: parts.status.as_u16(),
            #[cfg(feature = "s3")]
            headers: parts.headers,
            body: bytes,
        })
    }

    /// Sends a body by POST.
    pub(crate) fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Answer, HttpError> {
        let request = Request::post(url).header("content-type", content_type).body(body);
        self.send(request.map_err(|error| HttpError::Address(error.to_string()))?)
    }

    fn judge(&self, error: ureq::Error) -> HttpError {
        use std::io::ErrorKind::{InvalidData, TimedOut, WouldBlock};
        match error {
            ureq::Error::Timeout(_) => HttpError::TimedOut,
            ureq::Error::BodyExceedsLimit(_) => HttpError::TooLarge { limit: self.limit },
            ureq::Error::LargeResponseHeader(_, _) => HttpError::TooLarge { limit: HEADER_LIMIT as u64 },
            ureq::Error::Protocol(error) => HttpError::Garbled(error.to_string()),
            ureq::Error::Http(error) => HttpError::Garbled(error.to_string()),
            ureq::Error::BadUri(text) | ureq::Error::RequireHttpsOnly(text) => HttpError::Address(text),
            ureq::Error::Io(error) if [TimedOut, WouldBlock].contains(&error.kind()) => HttpError::TimedOut,
            ureq::Error::Io(error) if error.kind() == InvalidData => HttpError::Tls(error.to_string()),
            error @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_)) => {
                HttpError::Tls(error.to_string())
            }
            other => HttpError::Unreachable(other.to_string()),
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, TrustError> {
    let unreadable = |reason: String| TrustError::Unreadable { path: path.to_owned(), reason };
    let pem = disk::read(path, CA_LIMIT).map_err(|error| unreadable(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| unreadable(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(TrustError::Empty { path: path.to_owned() }) } else { Ok(found) }
}

/// The operator of this machine decides whom it trusts; one certificate that cannot be read does not take the others away.
fn system_roots() -> Result<Vec<Certificate<'static>>, TrustError> {
    let found = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    if roots.is_empty() { Err(TrustError::NoRoots) } else { Ok(roots) }
}

const AGENT: &str = concat!("agent-receipts-anchor/", env!("CARGO_PKG_VERSION"));
/// Bytes of a status line and headers.
const HEADER_LIMIT: usize = 32 << 10;
/// Bytes of a file of certificates.
const CA_LIMIT: u64 = 4 << 20;
