//! The loop that accepts, held against callers that do not behave.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use tokio::net::TcpListener;

use super::{BodyError, Caller, Door, Limits, read_body, serve};

/// A listener on a port of its own, until the test is over.
struct House {
    address: SocketAddr,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl House {
    fn new(limits: Limits) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    never = serve(Door::Tcp(listener), limits, length_of_body) => match never {},
                    _ = ended => {}
                }
            });
        });
        Self { address: told.recv().unwrap(), end: Some(end), thread: Some(thread) }
    }

    fn call(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn say(&self, text: &str) -> String {
        let mut stream = self.call();
        // Whoever refuses early does not read the rest.
        let _ = stream.write_all(text.as_bytes());
        rest(stream)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.end.take().unwrap().send(()).unwrap();
        self.thread.take().unwrap().join().unwrap();
    }
}

async fn length_of_body(caller: Caller, request: Request<Incoming>) -> Response<Full<Bytes>> {
    assert!(matches!(caller, Caller::Network(from) if from.ip().is_loopback()));
    let body = read_body(request.into_body(), 10, Duration::from_secs(1)).await;
    let text = match body {
        Ok(body) => format!("{} bytes", body.len()),
        Err(BodyError::TooLong) => "too long".to_owned(),
        Err(error) => error.to_string(),
    };
    Response::new(Full::new(text.into()))
}

fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn short() -> Limits {
    Limits { header_time: Duration::from_secs(1), life: Some(Duration::from_secs(4)), ..Limits::brief() }
}

#[test]
fn headers_beyond_their_bound_are_refused_and_the_next_caller_is_served() {
    let house = House::new(Limits::brief());
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20 << 10));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(100));
    let target = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(20 << 10));
    for huge in [long, many, target] {
        let answer = house.say(&huge);
        // Nothing at all where the refusal overtook what was still to be read.
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(house.say(PLAIN).ends_with("0 bytes"));
    }
}

#[test]
fn what_is_not_http_is_refused() {
    let house = House::new(Limits::brief());
    for odd in
        ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "{\"jsonrpc\":\"2.0\"}\r\n\r\n"]
    {
        let answer = house.say(odd);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{odd}: {answer}");
    }
    assert!(house.say(PLAIN).ends_with("0 bytes"));
}

#[test]
fn a_body_is_read_to_its_bound_and_no_further() {
    let house = House::new(short());
    let post = |length: &str, body: &str| {
        house.say(&format!("POST / HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n{body}"))
    };
    assert!(post("Content-Length: 10", "0123456789").ends_with("10 bytes"));
    assert!(post("Content-Length: 11", "").ends_with("too long"), "before anything came");
    assert!(
        post("Transfer-Encoding: chunked", "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n").ends_with("too long")
    );
    assert!(post("Content-Length: 9", "01").ends_with("the body did not come in time"));
    assert!(post("Content-Length: 1\r\nContent-Length: 2", "0").starts_with("HTTP/1.1 400"));
}

#[test]
fn whoever_says_nothing_is_sent_away() {
    let house = House::new(short());
    assert_eq!(rest(house.call()), "");
    let mut slow = house.call();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    assert!(!rest(slow).contains("200"));
}

#[test]
fn two_hundred_that_say_nothing_keep_nobody_out_for_good() {
    let house = House::new(Limits { connections: 50, ..short() });
    let silent: Vec<TcpStream> = (0..200).map(|_| house.call()).collect();
    assert!(house.say(PLAIN).ends_with("0 bytes"));
    drop(silent);
}

#[test]
fn one_connection_one_request() {
    let house = House::new(Limits::brief());
    let answers = house.say(&PLAIN.repeat(3));
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
}

#[test]
fn one_that_hangs_up_is_forgotten() {
    let house = House::new(Limits { connections: 2, life: None, ..Limits::brief() });
    for _ in 0..20 {
        let mut stream = house.call();
        stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n").unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    }
    assert!(house.say(PLAIN).ends_with("0 bytes"));
}
