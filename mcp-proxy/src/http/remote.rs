//! One exchange with a remote server.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connector::{Connector, TrustError, connector};
use super::endpoint::{Endpoint, RedirectError};

/// A remote server, and the connections to it.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    client: Client<Connector, Full<Bytes>>,
    endpoint: Endpoint,
    /// The operator's headers.
    own: HeaderMap,
}

/// What an answer's body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// One JSON text.
    Json,
    /// A stream of events.
    Events,
    /// Something else; its type as it was given, clipped.
    Other(String),
}

/// Why there is no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RemoteError {
    /// No connection, or one that broke.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// It sends us to somebody else.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// It sends us round and round.
    #[error("more than {HOPS} redirects")]
    RoundAndRound,
    /// It compresses, though it was told not to: what it says could not be recorded as it is passed on.
    #[error("an answer in the encoding `{0}`, which was not asked for")]
    Encoded(String),
    /// The body ended too early.
    #[error("the answer broke off")]
    BrokeOff,
    /// The body is longer than any message may be.
    #[error("an answer of more than {limit} bytes")]
    TooLong {
        /// The longest that is read, in bytes.
        limit: usize,
    },
    /// Nothing came for too long in the middle of a body.
    #[error("the answer stands still")]
    StandsStill,
}

impl Remote {
    /// A server at `endpoint`, to which every request brings the headers `own`.
    pub(crate) fn new(endpoint: Endpoint, own: HeaderMap) -> Result<Self, TrustError> {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(HEADER_LIMIT)
            .http1_max_headers(HEADERS)
            .build(connector(&endpoint)?);
        Ok(Self { client, endpoint, own })
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends one request and gives the answer, as soon as its head is there, whatever its status.
    ///
    /// A redirect is followed where it keeps the origin and the method, as the official clients follow it.
    pub(crate) async fn send(
        &self,
        method: Method,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, RemoteError> {
        for (name, value) in &self.own {
            headers.insert(name, value.clone());
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        let mut there = self.endpoint.clone();
        for _ in 0..=HOPS {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = there.uri().clone();
            *request.headers_mut() = headers.clone();
            let response = self.client.request(request).await.map_err(|error| unreachable_by(&error))?;
            if !redirects(&method, response.status()) {
                return checked(response);
            }
            let location = response.headers().get(header::LOCATION).ok_or(RedirectError::Nowhere)?;
            there = there.redirected(location.as_bytes())?;
        }
        Err(RemoteError::RoundAndRound)
    }
}

/// What an answer's body is, by its type alone.
pub(crate) fn content(headers: &HeaderMap) -> Content {
    let given = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let given = String::from_utf8_lossy(given);
    match given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Content::Json,
        "text/event-stream" => Content::Events,
        _ => Content::Other(given.chars().filter(|c| !c.is_control()).take(100).collect()),
    }
}

/// Reads a body that ends, up to `limit` bytes.
pub(crate) async fn whole(mut body: Incoming, limit: usize) -> Result<Vec<u8>, RemoteError> {
    // What says of itself that it is too long is not even begun.
    if body.size_hint().lower() > limit as u64 {
        return Err(RemoteError::TooLong { limit });
    }
    let mut bytes = Vec::new();
    while let Some(piece) = piece(&mut body, Some(STILL)).await? {
        if bytes.len() + piece.len() > limit {
            return Err(RemoteError::TooLong { limit });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The next piece of a body, or none at its end. `patience` is how long nothing may come.
pub(crate) async fn piece(
    body: &mut Incoming,
    patience: Option<Duration>,
) -> Result<Option<Bytes>, RemoteError> {
    loop {
        let frame = match patience {
            Some(patience) => {
                tokio::time::timeout(patience, body.frame()).await.map_err(|_| RemoteError::StandsStill)?
            }
            None => body.frame().await,
        };
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(RemoteError::BrokeOff),
            // Trailers say nothing to us.
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if !data.is_empty() => return Ok(Some(data)),
                _ => {}
            },
        }
    }
}

fn redirects(method: &Method, status: StatusCode) -> bool {
    match status.as_u16() {
        307 | 308 => true,
        // These turn a POST into a GET, and would lose the message.
        301..=303 => *method == Method::GET,
        _ => false,
    }
}

fn checked(response: Response<Incoming>) -> Result<Response<Incoming>, RemoteError> {
    for encoding in response.headers().get_all(header::CONTENT_ENCODING) {
        if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
            let shown = String::from_utf8_lossy(encoding.as_bytes());
            return Err(RemoteError::Encoded(shown.chars().filter(|c| !c.is_control()).take(40).collect()));
        }
    }
    Ok(response)
}

/// The innermost reason: the outer ones say only that something failed. None of them names a header's value.
fn unreachable_by(error: &(dyn std::error::Error + 'static)) -> RemoteError {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    RemoteError::Unreachable(innermost.to_string())
}

const AGENT: &str = concat!("agent-receipts-mcp/", env!("CARGO_PKG_VERSION"));
/// Redirects that are followed.
const HOPS: usize = 3;
/// Bytes of a status line with its headers.
const HEADER_LIMIT: usize = 64 << 10;
const HEADERS: usize = 100;
/// How long a connection is kept for the next message.
const IDLE: Duration = Duration::from_secs(60);
/// How long nothing may come in the middle of a JSON text. (A stream of events may be silent for as long as it likes.)
const STILL: Duration = Duration::from_secs(60);
