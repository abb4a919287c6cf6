//! A client that speaks stdio, in front of a server that speaks Streamable HTTP.
//!
//! Every message of the client is a POST of its own. Requests do not wait for one another; what needs no answer keeps its order.

mod call;
mod cancel;
mod session;
mod standing;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::Method;
use hyper::body::Bytes;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

use super::backlog::Load;
use super::failure::Failure;
use super::gate::{Gate, Onward};
use super::outline::{INITIALIZED, Id, Outline};
use super::remote::Remote;
use crate::notice::notice;
use cancel::Calls;
pub(crate) use session::SESSION_ID;
use session::Session;
pub(crate) use stream::LAST_EVENT_ID;

/// One client and one server.
pub(crate) struct Bridge {
    remote: Remote,
    gate: Arc<dyn Gate>,
    /// To the client, one message each.
    out: mpsc::Sender<Vec<u8>>,
    session: Mutex<Session>,
    calls: Arc<Calls>,
    /// The longest message, in bytes.
    limit: usize,
    /// The server no longer knows the session.
    gone: Notify,
}

/// How a bridge ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client has nothing more to say, or nobody listens to us any more.
    ClientLeft,
    /// The server ended the session.
    SessionGone,
    /// We were told to end.
    Stopped,
}

impl Bridge {
    /// A bridge to `remote`. What the server says goes to `out`, after `gate` has recorded it.
    pub(crate) fn new(
        remote: Remote,
        gate: Arc<dyn Gate>,
        out: mpsc::Sender<Vec<u8>>,
        limit: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            remote,
            gate,
            out,
            session: Mutex::default(),
            calls: Arc::default(),
            limit,
            gone: Notify::new(),
        })
    }

    /// Carries messages until the client leaves or the session ends. `from` brings what the gate let through, and `stop` ends it.
    pub(crate) async fn run(
        self: &Arc<Self>,
        mut from: mpsc::UnboundedReceiver<(Onward, Load)>,
        stop: &Notify,
    ) -> End {
        let (asides, queue) = mpsc::unbounded_channel();
        let asides_task = tokio::spawn(Arc::clone(self).asides(queue));
        let mut standing = None;
        let end = loop {
            let onward = tokio::select! {
                () = self.gone.notified() => break End::SessionGone,
                () = self.out.closed() => break End::ClientLeft,
                () = stop.notified() => break End::Stopped,
                onward = from.recv() => onward,
            };
            let message = match onward {
                None => break End::ClientLeft,
                Some((Onward::Nothing, _)) => continue,
                Some((Onward::Answer(answer), _)) => {
                    self.tell(answer).await;
                    continue;
                }
                Some((Onward::Forward(message), load)) => load.carries(message),
            };
            match Outline::of(&message) {
                Some(Outline::Request(request)) => self.begin(request, message),
                Some(Outline::Notification { method, .. }) if method == INITIALIZED => {
                    // The one that everything after it depends on.
                    if self.aside(message).await {
                        let new = tokio::spawn(Arc::clone(self).stand());
                        // One is enough, however often a client says that it is ready.
                        let old: Option<JoinHandle<()>> = standing.replace(new);
                        old.inspect(JoinHandle::abort);
                    }
                }
                Some(Outline::Notification { cancels: Some(id), .. }) => {
                    if !self.calls.cancel(&id) {
                        _ = asides.send((message, Some(id)));
                    }
                }
                // Answers to the server and other notifications: in order among themselves, and nothing waits for them.
                _ => _ = asides.send((message, None)),
            }
        };
        drop(asides);
        if end == End::ClientLeft {
            _ = timeout(GRACE, async {
                _ = asides_task.await;
                self.calls.all_answered().await;
            })
            .await;
        }
        if let Some(standing) = standing {
            standing.abort();
        }
        self.close(end).await;
        end
    }

    /// Sends what needs no answer, one after the other.
    async fn asides(self: Arc<Self>, mut queue: mpsc::UnboundedReceiver<(Bytes, Option<Id>)>) {
        while let Some((message, cancelled)) = queue.recv().await {
            self.aside(message).await;
            if let Some(id) = cancelled {
                self.calls.leave_soon(&id);
            }
        }
    }

    /// Sends what needs no answer; whether the server took it.
    async fn aside(&self, message: Bytes) -> bool {
        let headers = self.session().headers(POST_ACCEPTS);
        match timeout(ASIDE, self.remote.send(Method::POST, headers, message)).await {
            Ok(Ok(response)) if response.status().is_success() => true,
            Ok(Ok(response)) => {
                if response.status().as_u16() == 404 && self.session().is_open() {
                    self.gone.notify_one();
                }
                notice(Failure::Status { status: response.status().as_u16() });
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

    /// Ends what is open.
    async fn close(&self, end: End) {
        let why = if end == End::SessionGone { Failure::SessionGone } else { Failure::Stopped };
        for id in self.calls.end() {
            self.fail(&id, &why).await;
        }
    }

    /// Tells the server that nobody will come back. What was recorded does not wait for that.
    pub(crate) async fn goodbye(&self, end: End) {
        let headers = self.session().headers(POST_ACCEPTS);
        if end != End::SessionGone && self.session().is_open() {
            // 405 says that the server does not care; nothing is left to do about any other failure.
            _ = timeout(GOODBYE, self.remote.send(Method::DELETE, headers, Bytes::new())).await;
        }
    }

    /// Records a message of the server, and passes it on.
    async fn deliver(&self, message: Vec<u8>) {
        self.gate.server_says(&message);
        self.tell(message).await;
    }

    /// Answers a request in the server's stead.
    async fn fail(&self, id: &Id, why: &Failure) {
        self.deliver(why.answer(id)).await;
    }

    /// Gives the client one message. It is on one line there, whatever white space it has.
    async fn tell(&self, mut message: Vec<u8>) {
        // Outside of a string an end of line is but white space; inside it is no JSON, and cut in two it could be two messages.
        for byte in &mut message {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        // A client that is gone is noticed where the next message is awaited.
        _ = self.out.send(message).await;
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a POST takes for an answer.
const POST_ACCEPTS: &str = "application/json, text/event-stream";
/// For the server to take what needs no answer.
const ASIDE: Duration = Duration::from_secs(30);
/// For answers that are still to come when the client has nothing more to say. The official clients end us after two seconds.
const GRACE: Duration = Duration::from_secs(1);
/// For the server to hear that the session is over.
const GOODBYE: Duration = Duration::from_millis(500);
