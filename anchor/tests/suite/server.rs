//! A server on the loopback interface that answers as a test wants.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub(crate) enum Reply {
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, and the end of the connection.
    Raw(Vec<u8>),
    /// A body without an end.
    Endless,
    /// A byte now and then, for ever.
    Drip,
    /// Nothing, ever.
    Silence,
}

impl Reply {
    pub(crate) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(status, Vec::new(), body.into())
    }
}

pub(crate) struct Server {
    port: u16,
    ended: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<Asked>>>,
    thread: Option<JoinHandle<()>>,
}

type Answer = dyn Fn(&Asked) -> Reply + Send + Sync;

impl Server {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ended = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Answer> = Arc::new(answer);
        let (end, noted) = (Arc::clone(&ended), Arc::clone(&asked));
        let thread = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let (end, noted, answer) = (Arc::clone(&end), Arc::clone(&noted), Arc::clone(&answer));
                thread::spawn(move || {
                    // A client that hangs up is what many of these tests are about.
                    let _ = serve(stream, &*answer, &noted, &end);
                });
            }
        });
        Self { port, ended, asked, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().drain(..).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.thread.take().unwrap().join();
    }
}

/// A port on which nobody listens.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn serve(
    mut stream: TcpStream,
    answer: &Answer,
    noted: &Mutex<Vec<Asked>>,
    end: &AtomicBool,
) -> std::io::Result<()> {
    let Some(asked) = read(&mut stream)? else { return Ok(()) };
    noted.lock().unwrap().push(asked.clone());
    match answer(&asked) {
        Reply::Answer(status, headers, body) => {
            let mut head =
                format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            stream.write_all(format!("{head}\r\n").as_bytes())?;
            if asked.method != "HEAD" {
                stream.write_all(&body)?;
            }
        }
        Reply::Raw(bytes) => stream.write_all(&bytes)?,
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n")?;
            while !end.load(Ordering::SeqCst) {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        Reply::Drip => {
            stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n")?;
            while !end.load(Ordering::SeqCst) {
                stream.write_all(b"x")?;
                thread::sleep(Duration::from_millis(50));
            }
        }
        Reply::Silence => {
            while !end.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
    Ok(())
}

fn read(stream: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        match stream.read(&mut buffer)? {
            0 => return Ok(None),
            count => body.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(Some(Asked { method, target, headers, body }))
}
