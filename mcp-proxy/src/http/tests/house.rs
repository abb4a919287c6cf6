//! The front, called by clients that say what a test tells them to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use hyper::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::server::Server;
use super::talk::LIMIT;
use crate::http::endpoint::Endpoint;
use crate::http::front::Front;
use crate::http::gate::{Gate, Onward};
use crate::http::outline::Id;
use crate::http::remote::Remote;
use crate::serve::{Door, Limits, serve};
use crate::session::Ended;

/// A gate that blocks what speaks of it, and notes the rest.
#[derive(Default)]
pub(super) struct Witness {
    said: Mutex<Vec<String>>,
    pub(super) ended: AtomicBool,
}

impl Witness {
    pub(super) fn notes(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }
}

impl Gate for Witness {
    fn client_says(self: Arc<Self>, message: Vec<u8>, then: Box<dyn FnOnce(Onward) + Send>) {
        let text = String::from_utf8_lossy(&message).into_owned();
        let answer = |id: &str| {
            Onward::Answer(
                format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32001,"message":"no"}}}}"#).into(),
            )
        };
        let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let onward = match text.as_str() {
            "nothing" => Onward::Nothing,
            blocked if blocked.contains("blocked") => answer(&said["id"].to_string()),
            _ => Onward::Forward(message),
        };
        self.said.lock().unwrap().push(text);
        then(onward);
    }

    fn refused(&self, message: &[u8], why: &str) {
        self.said.lock().unwrap().push(format!("{why}: {}", String::from_utf8_lossy(message)));
    }

    fn server_says(&self, message: &[u8]) {
        self.said.lock().unwrap().push(String::from_utf8_lossy(message).into_owned());
    }

    fn hung_up(&self, id: &Id, is_onward: bool) {
        self.said.lock().unwrap().push(format!("{} hung up, onward: {is_onward}", id.0));
    }

    fn end(&self, _: Ended) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

pub(super) struct House {
    pub(super) address: SocketAddr,
    gates: Arc<Mutex<Vec<Arc<Witness>>>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl House {
    pub(super) fn before(server: &Server) -> Self {
        let endpoint = Endpoint::parse(&server.url()).unwrap();
        let gates: Arc<Mutex<Vec<Arc<Witness>>>> = Arc::default();
        let made = Arc::clone(&gates);
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let make = move |_| {
                    let witness = Arc::new(Witness::default());
                    made.lock().unwrap().push(Arc::clone(&witness));
                    witness as Arc<dyn Gate>
                };
                let remote = Remote::new(endpoint, HeaderMap::new()).unwrap();
                let front = Front::new(remote, make, vec![address.to_string()], LIMIT);
                tell.send(address).unwrap();
                let limits = Limits { life: None, keep_alive: true, ..Limits::brief() };
                tokio::select! {
                    never = serve(Door::Tcp(listener), limits, move |caller, request| Arc::clone(&front).answer(caller, request)) => match never {},
                    _ = ended => {}
                }
            });
        });
        Self { address: told.recv().unwrap(), gates, end: Some(end), thread: Some(thread) }
    }

    /// Says `text` byte for byte.
    pub(super) fn open(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    pub(super) fn request(&self, method: &str, target: &str, headers: &str, body: &str) -> Heard {
        let host =
            if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.address) };
        let length = body.len();
        let mut stream = self.open(&format!(
            "{method} {target} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        let mut bytes = Vec::new();
        // A stream that is cut off is an answer too.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        Heard { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(super) fn post(&self, headers: &str, body: &str) -> Heard {
        let usual = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
        self.request("POST", "/mcp", &format!("{usual}{headers}"), body)
    }

    /// The gates that were made, in order.
    pub(super) fn gates(&self) -> Vec<Arc<Witness>> {
        self.gates.lock().unwrap().clone()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.end.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap();
    }
}
