//! What needs no answer: it is sent in its order, and nothing but the end of the handshake is waited for.

use std::sync::{Arc, PoisonError};

use hyper::Method;
use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

use super::{Bridge, POST_ACCEPTS};
use crate::http::failure::Failure;
use crate::http::outline::Id;
use crate::notice::notice;

/// A message that needs no answer.
pub(super) enum Aside {
    /// An answer to the server, or a notification.
    Plain(Bytes),
    /// The notification that a request is taken back.
    Cancel(Bytes, Id),
    /// The notification that the client is ready.
    Ready(Bytes),
}

impl Bridge {
    /// Sends what comes, one after the other.
    pub(super) async fn send_asides(self: Arc<Self>, mut queue: mpsc::UnboundedReceiver<Aside>) {
        while let Some(aside) = queue.recv().await {
            match aside {
                Aside::Plain(message) => _ = self.send_aside(message).await,
                Aside::Cancel(message, id) => {
                    self.send_aside(message).await;
                    self.calls.leave_soon(&id);
                }
                Aside::Ready(message) => {
                    if self.send_aside(message).await {
                        self.keep_standing(Some(tokio::spawn(Arc::clone(&self).stand())));
                    }
                    self.ready.send_replace(true);
                }
            }
        }
    }

    /// Waits until the server knows that the client is ready.
    pub(super) async fn until_ready(&self) {
        // The sender lives as long as this does.
        _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Listens no more to what the server says of its own.
    pub(super) fn stop_standing(&self) {
        self.keep_standing(None);
    }

    /// One such stream is enough, however often a client says that it is ready.
    fn keep_standing(&self, new: Option<JoinHandle<()>>) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *standing, new) {
            old.abort();
        }
    }

    /// Whether the server took it.
    async fn send_aside(&self, message: Bytes) -> bool {
        let headers = self.session().headers(POST_ACCEPTS);
        match timeout(PATIENCE, self.remote.send(Method::POST, headers, message)).await {
            Ok(Ok(response)) if response.status().is_success() => true,
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                if status == 404 && self.session().is_open() {
                    self.gone.notify_one();
                }
                notice(Failure::Status { status });
                false
            }
            Ok(Err(error)) => {
                notice(error);
                false
            }
            Err(_) => {
                notice("the server does not take a notification");
                false
            }
        }
    }
}

/// For the server to take it.
const PATIENCE: Duration = Duration::from_secs(30);
