//! A client that speaks stdio, in front of a server that speaks Streamable HTTP.
//!
//! Every message of the client is a POST of its own. Requests do not wait for one another; what needs no answer keeps its order.

mod asides;
mod call;
mod cancel;
mod session;
mod standing;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::Method;
use hyper::body::Bytes;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

use super::backlog::Load;
use super::failure::Failure;
use super::gate::{Gate, Onward};
use super::outline::{INITIALIZED, Id, Outline};
use super::remote::Remote;
use asides::Aside;
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
    /// Whether requests may go out: not while the server is being told that the client is ready.
    ready: watch::Sender<bool>,
    /// Listens to what the server says of its own.
    standing: Mutex<Option<JoinHandle<()>>>,
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
            ready: watch::Sender::new(true),
            standing: Mutex::default(),
        })
    }

    /// Carries messages until the client leaves or the session ends. `from` brings what the gate let through, and `stop` ends it.
    pub(crate) async fn run(
        self: &Arc<Self>,
        mut from: mpsc::UnboundedReceiver<(Onward, Load)>,
        stop: &Notify,
    ) -> End {
        let (asides, queue) = mpsc::unbounded_channel();
        let asides_task = tokio::spawn(Arc::clone(self).send_asides(queue));
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
                    // A client that does not listen must not keep us from ending.
                    tokio::select! {
                        () = stop.notified() => break End::Stopped,
                        () = self.tell(answer) => continue,
                    }
                }
                Some((Onward::Forward(message), load)) => load.carries(message),
            };
            let aside = match Outline::of(&message) {
                Some(Outline::Request(request)) => {
                    self.begin(request, message);
                    continue;
                }
                Some(Outline::Notification { method, .. }) if method == INITIALIZED => {
                    // What follows depends on it.
                    self.ready.send_replace(false);
                    Aside::Ready(message)
                }
                Some(Outline::Notification { cancels: Some(id), .. }) if self.calls.cancel(&id) => continue,
                Some(Outline::Notification { cancels: Some(id), .. }) => Aside::Cancel(message, id),
                _ => Aside::Plain(message),
            };
            _ = asides.send(aside);
        };
        drop(asides);
        if end == End::ClientLeft {
            _ = timeout(GRACE, async {
                _ = asides_task.await;
                self.calls.all_answered().await;
            })
            .await;
        }
        self.close(end).await;
        end
    }

    /// Ends what is open. All is recorded before anybody is told: a client need not listen.
    async fn close(&self, end: End) {
        self.stop_standing();
        let open = self.calls.end();
        let why = match end {
            // There is nobody to be told, and the session's end says why there is no answer.
            End::ClientLeft => return,
            End::SessionGone => Failure::SessionGone,
            End::Stopped => Failure::Stopped,
        };
        let answers: Vec<_> = open.iter().map(|id| why.answer(id)).collect();
        answers.iter().for_each(|answer| self.gate.server_says(answer));
        _ = timeout(LAST_WORDS, async {
            for answer in answers {
                self.tell(answer).await;
            }
        })
        .await;
    }

    /// Tells the server that nobody will come back, if it hears that within `patience`. What was recorded does not wait for it.
    pub(crate) async fn goodbye(&self, end: End, patience: Duration) {
        let headers = self.session().headers(POST_ACCEPTS);
        if end != End::SessionGone && self.session().is_open() {
            // 405 says that the server does not care; nothing is left to do about any other failure.
            _ = timeout(patience, self.remote.send(Method::DELETE, headers, Bytes::new())).await;
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
/// For answers that are still to come when the client has nothing more to say. The official clients end us after two seconds.
const GRACE: Duration = Duration::from_secs(1);
/// For the client to hear what became of its requests.
const LAST_WORDS: Duration = Duration::from_millis(300);
