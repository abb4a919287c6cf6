//! One run in front of a remote server.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc as signal;
use std::thread;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};

use super::backlog::{Backlog, Load};
use super::bridge::{Bridge, End};
use super::front::{Front, PATH, Span};
use super::gate::{Gate, Onward};
use super::options::{HttpError, HttpOptions};
use super::remote::Remote;
use crate::notice::notice;
use crate::serve::{Door, Limits, serve};
use crate::session::{Ended, Proxy, Session};
use crate::signals::{self, Signal};
use crate::stdio::{Line, Lines};

/// Carries messages until one side is gone, and gives the exit code: 0, or 1 where the server ended the session.
pub(crate) fn run(proxy: &Arc<Proxy>, options: HttpOptions) -> Result<u8, HttpError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let stop = Arc::new(Notify::new());
    let (told, at_proxy) = (Arc::clone(&stop), Arc::clone(proxy));
    signals::listen(move |signal| {
        match signal {
            Signal::Stop => told.notify_one(),
            Signal::Reload => at_proxy.reload(),
        }
        true
    })?;
    let (endpoint, listen, most) = (options.remote.clone(), options.listen, options.most);
    let remote = {
        // The pool's timer lives in the runtime.
        let _inside = runtime.enter();
        Remote::new(endpoint, options.own)?
    };
    let code = match listen {
        Some(address) => listening(runtime, proxy, remote, address, most, &stop)?,
        None => bridging(runtime, proxy, remote, most, &stop)?,
    };
    proxy.close();
    Ok(code)
}

/// A client on standard input and output.
fn bridging(
    runtime: Runtime,
    proxy: &Arc<Proxy>,
    remote: Remote,
    most: usize,
    stop: &Notify,
) -> Result<u8, HttpError> {
    let session = Session::begin(Arc::clone(proxy), proxy.recorder().session_id().to_owned());
    let (say, said) = mpsc::unbounded_channel();
    read(&session, most, say)?;
    let (out, written) = mpsc::channel(QUEUE);
    let done = write(written)?;
    let gate = Arc::clone(&session) as Arc<dyn Gate>;
    let bridge = Bridge::new(remote, gate, out, most);
    let end = runtime.block_on(bridge.run(said, stop));
    session.end(match end {
        End::ClientLeft => Ended::Client,
        End::SessionGone => Ended::Server,
        End::Stopped => Ended::Stopped,
    });
    runtime.block_on(bridge.goodbye(end, GOODBYE));
    drop(bridge);
    // A client that does not read what it asked for is not waited for without end.
    _ = done.recv_timeout(LAST_WORDS);
    runtime.shutdown_background();
    Ok(u8::from(end == End::SessionGone))
}

/// Clients on a port of this machine.
fn listening(
    runtime: Runtime,
    proxy: &Arc<Proxy>,
    remote: Remote,
    address: SocketAddr,
    most: usize,
    stop: &Notify,
) -> Result<u8, HttpError> {
    // First: what cannot begin leaves no receipt of a beginning.
    let refused = |error| HttpError::Listen { address, error };
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(refused)?;
    let address = listener.local_addr()?;
    // What clients without a session do belongs to this one.
    let whole = Session::begin(Arc::clone(proxy), proxy.recorder().session_id().to_owned());
    let (common, shared, made) = (Arc::clone(&whole), Arc::clone(proxy), AtomicU64::new(0));
    let gates = move |span| {
        let number = made.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{}/{number}", shared.recorder().session_id());
        match span {
            Span::Session => Session::begin(Arc::clone(&shared), name) as Arc<dyn Gate>,
            Span::Exchange => Session::part_of(&common, name) as Arc<dyn Gate>,
        }
    };
    runtime.block_on(async {
        let names = vec![address.to_string(), format!("localhost:{}", address.port())];
        let shown = remote.endpoint().to_string();
        let front = Front::new(remote, gates, names, most);
        notice(format_args!("http://{address}{PATH} stands in front of {shown}"));
        let (sweeper, answerer) = (Arc::clone(&front), Arc::clone(&front));
        let answer = move |caller, request| Arc::clone(&answerer).answer(caller, request);
        tokio::select! {
            () = sweeper.sweep() => {}
            never = serve(Door::Tcp(listener), LIMITS, answer) => match never {},
            () = stop.notified() => {}
        }
        front.end();
    });
    // What is still open is not waited for: it ends here, and each request leaves its last receipt.
    runtime.shutdown_background();
    whole.end(Ended::Stopped);
    Ok(0)
}

/// Reads what the client says, on a thread of its own, until it has nothing more to say.
fn read(session: &Arc<Session>, most: usize, say: mpsc::UnboundedSender<(Onward, Load)>) -> io::Result<()> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let session = Arc::clone(session);
    let backlog = Backlog::new(most.saturating_mul(2).max(BACKLOG));
    let read = move || {
        let (mut lines, mut line) = (Lines::new(input, most), Vec::new());
        loop {
            match lines.next(&mut line) {
                // A client that cannot be read has left.
                Ok(Line::End) | Err(_) => break,
                Ok(Line::TooLong(measure)) => {
                    _ = say.send((session.client_says_too_much(&measure), backlog.enter(0)));
                }
                Ok(Line::Whole) => {
                    let message = line.strip_suffix(b"\n").unwrap_or(&line);
                    if message.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
                        continue;
                    }
                    let (say, load) = (say.clone(), backlog.enter(message.len()));
                    Session::client_says(&session, message, move |onward| _ = say.send((onward, load)));
                }
            }
        }
        session.withdraw_all();
    };
    thread::Builder::new().name("from-client".into()).spawn(read).map(drop)
}

/// Writes what the client is told, on a thread of its own. What is given says when all is written.
fn write(mut told: mpsc::Receiver<Vec<u8>>) -> io::Result<signal::Receiver<Infallible>> {
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let (done, wait) = signal::channel();
    let write = move || {
        let _done = done;
        while let Some(mut message) = told.blocking_recv() {
            message.push(b'\n');
            // Who does not listen any more has left; that nobody takes messages tells the bridge.
            if output.write_all(&message).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("to-client".into()).spawn(write)?;
    Ok(wait)
}

/// Messages that wait for the client to read them.
const QUEUE: usize = 16;
/// Bytes of messages that wait for the server.
const BACKLOG: usize = 64 << 20;
/// For the server to hear that the session is over.
const GOODBYE: Duration = Duration::from_millis(500);
/// For the client to read what was said last.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Streams stay open for as long as sessions last.
const LIMITS: Limits = Limits {
    connections: 512,
    header_bytes: 32 << 10,
    header_time: Duration::from_secs(60),
    life: None,
    keep_alive: true,
};
