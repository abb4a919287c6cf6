//! A client of the bridge, and what was recorded of its talk.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, mpsc as queue};

use super::server::Server;
use crate::http::backlog::{Backlog, Load};
use crate::http::bridge::{Bridge, End};
use crate::http::credentials::credentials;
use crate::http::endpoint::Endpoint;
use crate::http::gate::{Gate, Onward};
use crate::http::outline::Id;
use crate::http::remote::Remote;
use crate::session::Ended;

/// What the server said, as the record has it.
#[derive(Default)]
pub(super) struct Notes(Mutex<Vec<String>>);

impl Notes {
    pub(super) fn all(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

impl Gate for Notes {
    fn client_says(self: Arc<Self>, message: Vec<u8>, then: Box<dyn FnOnce(Onward) + Send>) {
        then(Onward::Forward(message));
    }

    fn refused(&self, _: &[u8], _: &str) {}

    fn server_says(&self, message: &[u8]) {
        self.0.lock().unwrap().push(String::from_utf8_lossy(message).into_owned());
    }

    fn hung_up(&self, _: &Id, _: bool) {}

    fn end(&self, _: Ended) {}
}

pub(super) struct Talk {
    say: Option<queue::UnboundedSender<(Onward, Load)>>,
    hear: mpsc::Receiver<Vec<u8>>,
    notes: Arc<Notes>,
    thread: Option<std::thread::JoinHandle<End>>,
    backlog: Arc<Backlog>,
    stop: Arc<Notify>,
}

/// The longest message of these tests.
pub(super) const LIMIT: usize = 64 << 10;

impl Talk {
    pub(super) fn with(server: &Server) -> Self {
        let endpoint = Endpoint::parse(&server.url()).unwrap();
        let own = credentials(&["Authorization=TOKEN".into()], |_| Some("Bearer s3cret".into())).unwrap();
        let notes = Arc::new(Notes::default());
        let (say, said) = queue::unbounded_channel();
        let (heard, hear) = mpsc::channel();
        let gate = Arc::clone(&notes) as Arc<dyn Gate>;
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (out, mut written) = queue::channel(4);
                let bridge = Bridge::new(Remote::new(endpoint, own).unwrap(), gate, out, LIMIT);
                let writer = async {
                    while let Some(message) = written.recv().await {
                        heard.send(message).unwrap();
                    }
                };
                let run = async {
                    let end = bridge.run(said, &stopped).await;
                    bridge.goodbye(end, Duration::from_secs(60)).await;
                    drop(bridge);
                    end
                };
                tokio::join!(run, writer).0
            })
        });
        let backlog = Backlog::new(1 << 20);
        Self { say: Some(say), hear, notes, thread: Some(thread), backlog, stop }
    }

    /// The same, with a session begun.
    pub(super) fn begun(server: &Server) -> Self {
        let talk = Self::with(server);
        talk.say(
            r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
        );
        assert_eq!(talk.hear()["id"], 0);
        talk.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        talk
    }

    pub(super) fn say(&self, message: &str) {
        let said = (Onward::Forward(message.into()), self.backlog.enter(message.len()));
        self.say.as_ref().unwrap().send(said).unwrap();
    }

    pub(super) fn call(&self, id: u32, tool: &str) {
        self.say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}"}}}}"#
        ));
    }

    pub(super) fn hear_bytes(&self) -> Vec<u8> {
        self.hear.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    pub(super) fn hear(&self) -> Value {
        serde_json::from_slice(&self.hear_bytes()).unwrap()
    }

    /// The message of the error that answers request `id`.
    pub(super) fn hear_failure(&self, id: u32) -> String {
        let heard = self.hear();
        assert_eq!((&heard["id"], &heard["error"]["code"]), (&id.into(), &(-32000).into()), "{heard}");
        heard["error"]["message"].as_str().unwrap().to_owned()
    }

    /// What was recorded.
    pub(super) fn recorded(&self) -> String {
        self.notes.all()
    }

    /// The client has nothing more to say; what it hears until the end, and how it ended.
    pub(super) fn leave(mut self) -> (Vec<String>, End) {
        drop(self.say.take());
        let end = self.thread.take().unwrap().join().unwrap();
        (self.hear.iter().map(|message| String::from_utf8(message).unwrap()).collect(), end)
    }

    /// The proxy is told to end.
    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    /// How it ended, of itself.
    pub(super) fn ended(mut self) -> End {
        self.thread.take().unwrap().join().unwrap()
    }
}
