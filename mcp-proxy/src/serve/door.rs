//! The loop that accepts.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use agent_receipts_ipc::Peer;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;

/// Where somebody listens.
pub(crate) enum Door {
    /// A Unix socket. Only this process's user and root get in.
    Unix(UnixListener),
    /// A port of the loopback interface.
    Tcp(TcpListener),
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A process of this user's, or root's, as the kernel named it when it was let in.
    Process(Peer),
    /// Somebody on this machine.
    Network(SocketAddr),
}

/// Answers whoever comes, for ever, each connection on a task of its own; ends when it is dropped.
pub(crate) async fn serve<A, F, B>(door: Door, limits: Limits, answer: A) -> Infallible
where
    A: Fn(Caller, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let room = Arc::new(Semaphore::new(limits.connections));
    loop {
        // INVARIANT: nobody is accepted for whom there is no room.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { continue };
        match door.accept().await {
            Ok(Some((stream, caller))) => {
                tokio::spawn(converse(stream, caller, permit, limits, answer.clone()));
            }
            Ok(None) => {}
            // No descriptor left, for instance: others will be given back.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

type Stream = Box<dyn Both>;

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

impl Door {
    /// Whoever comes next; `None` for one who may not come in.
    async fn accept(&self) -> io::Result<Option<(Stream, Caller)>> {
        match self {
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                // Before the first byte is read; without a credential nobody gets in.
                let admitted = Peer::of(&stream).ok().filter(|peer| admits(peer.uid));
                Ok(admitted.map(|peer| (Box::new(stream) as Stream, Caller::Process(peer))))
            }
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                Ok(Some((Box::new(stream), Caller::Network(from))))
            }
        }
    }
}

/// Whether that user may come in: this process's own, and root, whom nothing keeps out anyway.
fn admits(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

async fn converse<A, F, B>(
    stream: Stream,
    caller: Caller,
    _permit: OwnedSemaphorePermit,
    limits: Limits,
    answer: A,
) where
    A: Fn(Caller, Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = service_fn(move |request| {
        let answered = answer(caller.clone(), request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_header_size(limits.header_bytes)
        .max_headers(MOST_HEADERS)
        .keep_alive(limits.keep_alive)
        .serve_connection(TokioIo::new(stream), service);
    // What goes wrong on a connection is the caller's affair; it has been answered as far as that goes.
    match limits.life {
        Some(life) => drop(tokio::time::timeout(life, connection).await),
        None => drop(connection.await),
    }
}

const MOST_HEADERS: usize = 64;
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_this_user_and_root_gets_in() {
        let own = rustix::process::geteuid().as_raw();
        assert!(admits(own) && admits(0));
        assert!(![own + 1, 65534, u32::MAX].into_iter().any(admits));
    }
}
