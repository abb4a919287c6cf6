//! One request to one proxy, over its socket, within bounds: a proxy that hangs holds nobody up for long.

use std::io;
use std::path::Path;
use std::time::Duration;

use agent_receipts_ipc::Peer;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};

/// Means to speak to proxies.
pub(super) struct Talk {
    runtime: Runtime,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum TalkError {
    /// Nobody there, or nobody who may be. The request was not sent.
    #[error("cannot reach the proxy: {0}")]
    Connect(#[from] io::Error),
    /// What came is no answer.
    #[error("the proxy does not answer as one: {0}")]
    Broken(String),
    /// Nothing came in time.
    #[error("the proxy does not answer")]
    Silent,
}

impl TalkError {
    /// Whether the proxy has certainly heard nothing of the request.
    pub(super) fn is_before_the_request(&self) -> bool {
        matches!(self, Self::Connect(_))
    }
}

impl Talk {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { runtime: Builder::new_current_thread().enable_all().build()? })
    }

    /// Asks, and gives the status and the body.
    ///
    /// # Errors
    ///
    /// [`TalkError`], after five seconds at the latest.
    pub(super) fn ask(&self, socket: &Path, method: Method, path: &str) -> Result<(u16, Bytes), TalkError> {
        let asked = async { tokio::time::timeout(PATIENCE, ask(socket, method, path)).await };
        self.runtime.block_on(asked).unwrap_or(Err(TalkError::Silent))
    }
}

async fn ask(socket: &Path, method: Method, path: &str) -> Result<(u16, Bytes), TalkError> {
    let broken = |error: &dyn std::fmt::Display| TalkError::Broken(error.to_string());
    let stream = UnixStream::connect(socket).await?;
    // Whoever else listens there would be told what is approved.
    if Peer::of(&stream)?.uid != rustix::process::geteuid().as_raw() {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied).into());
    }
    let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| broken(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| TalkError::Connect(io::Error::other(error)))?;
    let driven = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MOST_BODY).collect().await.map_err(|error| broken(&error))?;
    driven.abort();
    Ok((status, body.to_bytes()))
}

const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes: more than all calls that may wait at one proxy.
const MOST_BODY: usize = 64 << 20;
