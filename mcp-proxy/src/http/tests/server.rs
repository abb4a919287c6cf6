//! A server that says on loopback what a test tells it to, right or wrong, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The method of the message, or that of the request where there is no message.
    pub(super) fn what(&self) -> String {
        self.json()["method"].as_str().unwrap_or(&self.method).to_owned()
    }
}

pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Answers each request by `script`, which says whether the connection stays open.
    pub(super) fn new(script: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (script, log, stopped) = (Arc::new(script), Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(request) = read(&stream) {
                        log.lock().unwrap().push(request.clone());
                        if !script(&request, &mut stream) {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, seen, stop, thread: Some(thread) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// What has arrived so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The first request that `wanted` is true of, as soon as there is one.
    pub(super) fn wait_for(&self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(seen) = self.seen().into_iter().find(&wanted) {
                return seen;
            }
            assert!(Instant::now() < end, "it never came; only {:?}", self.seen());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

fn read(stream: &TcpStream) -> Option<Seen> {
    // Nobody sends the next request before this one is answered, so that nothing is lost with the buffer.
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { method, target, headers, body: String::from_utf8(body).unwrap() })
}

/// An answer with a length. `head` is the status, and further headers if there are any.
pub(super) fn reply(stream: &mut TcpStream, head: &str, kind: &str, body: &str) -> bool {
    let length = body.len();
    let text = format!("HTTP/1.1 {head}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).is_ok()
}

pub(super) fn json(stream: &mut TcpStream, body: &str) -> bool {
    reply(stream, "200 OK", "application/json", body)
}

pub(super) fn accepted(stream: &mut TcpStream) -> bool {
    stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").is_ok()
}

pub(super) fn not_offered(stream: &mut TcpStream) -> bool {
    reply(stream, "405 Method Not Allowed", "text/plain", "")
}

/// The head of a stream of events that ends with the connection.
pub(super) fn events(stream: &mut TcpStream) {
    let _ =
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
}

pub(super) fn event(stream: &mut TcpStream, data: &str) {
    // In one piece, so that nobody hears half of it before it is recorded as a whole.
    let _ = stream.write_all(format!("event: message\ndata: {data}\n\n").as_bytes());
}

/// Waits until the other end hangs up.
pub(super) fn hung_up(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut byte = [0];
    match stream.read(&mut byte) {
        Ok(0) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("still there: {other:?}"),
    }
}

/// An answer to a request, with `text` as its result.
pub(super) fn result(request: &Seen, text: &str) -> String {
    serde_json::json!({"jsonrpc": "2.0", "id": request.json()["id"], "result": {"text": text}}).to_string()
}
