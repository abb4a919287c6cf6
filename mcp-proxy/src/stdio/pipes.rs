//! The two ways that messages go, each by a thread of its own.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};

use super::Event;
use super::lines::{Line, Lines};
use crate::session::{Onward, Session};

/// Where messages go: to the server's standard input, and to our standard output.
pub(super) struct Pipes {
    to_server: Sink,
    to_client: Sink,
    /// How many messages of the server were begun and finished to be passed on: odd while one is on its way.
    moved: AtomicU64,
    /// How many of the client's messages are done with.
    heard: AtomicU64,
}

impl Pipes {
    pub(super) fn new(server: OwnedFd) -> io::Result<Self> {
        let client = io::stdout().as_fd().try_clone_to_owned()?;
        let (to_server, to_client) = (Sink::new(server), Sink::new(client));
        Ok(Self { to_server, to_client, moved: AtomicU64::new(0), heard: AtomicU64::new(0) })
    }

    /// The server is told that nothing more comes, unless a message is on its way to it. Never waits.
    pub(super) fn close_server(&self) {
        self.to_server.close_if_free();
    }

    /// A number that changes as long as messages get through, whichever way.
    pub(super) fn progress(&self) -> u64 {
        self.moved.load(Ordering::Relaxed).wrapping_add(self.heard.load(Ordering::Relaxed))
    }

    /// A number that changes as long as the server's messages get through, and whether one is on its way.
    pub(super) fn moved(&self) -> (u64, bool) {
        let moved = self.moved.load(Ordering::Relaxed);
        (moved, moved % 2 == 1)
    }
}

/// Reads what the client says until it has nothing more to say.
pub(super) fn from_client(
    session: &Arc<Session>,
    pipes: &Arc<Pipes>,
    most: usize,
    tell: Sender<Event>,
) -> io::Result<()> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (session, pipes) = (Arc::clone(session), Arc::clone(pipes));
    let read = move || {
        let (mut lines, mut line) = (Lines::new(input, most), Vec::new());
        loop {
            match lines.next(&mut line) {
                // A client that cannot be read has left.
                Ok(Line::End) | Err(_) => break,
                Ok(Line::TooLong(measure)) => pipes.pass(session.client_says_too_much(&measure)),
                Ok(Line::Whole) => {
                    let message = line.strip_suffix(b"\n").unwrap_or(&line);
                    if message.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
                        continue;
                    }
                    let pipes = Arc::clone(&pipes);
                    session.client_says(message, move |onward| pipes.pass(onward));
                }
            }
            pipes.heard.fetch_add(1, Ordering::Relaxed);
        }
        session.withdraw_all();
        // Told first: what was approved a moment ago may still wait for a server that does not read.
        let _ = tell.send(Event::ClientEnded);
        pipes.to_server.close();
    };
    thread::Builder::new().name("from-client".into()).spawn(read).map(drop)
}

/// Tells when the client has left, though what it said before may still be to be read: whoever reads that may be stuck with it.
pub(super) fn watch_client(tell: Sender<Event>) -> io::Result<()> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let watch = move || {
        // Nothing is asked for but what is told in any case.
        let mut ends = [PollFd::new(&input, PollFlags::empty())];
        while let Err(rustix::io::Errno::INTR) = poll(&mut ends, None) {}
        if ends[0].revents().contains(PollFlags::HUP) {
            let _ = tell.send(Event::ClientHungUp);
        }
    };
    thread::Builder::new().name("client-end".into()).spawn(watch).map(drop)
}

/// Reads what the server says until it has nothing more to say.
pub(super) fn from_server(
    session: &Arc<Session>,
    pipes: &Arc<Pipes>,
    output: OwnedFd,
    most: usize,
    tell: Sender<Event>,
) -> io::Result<()> {
    let (session, pipes) = (Arc::clone(session), Arc::clone(pipes));
    let read = move || {
        let (mut lines, mut line) = (Lines::new(File::from(output), most), Vec::new());
        let mut client_is_there = true;
        loop {
            match lines.next(&mut line) {
                Ok(Line::End) | Err(_) => break,
                Ok(Line::TooLong(measure)) => session.server_says_too_much(&measure),
                Ok(Line::Whole) => {
                    let message = line.strip_suffix(b"\n").unwrap_or(&line);
                    pipes.moved.fetch_add(1, Ordering::Relaxed);
                    let mut passed = true;
                    session.server_says(message, || passed = pipes.to_client.send(&line));
                    pipes.moved.fetch_add(1, Ordering::Relaxed);
                    if !passed && std::mem::take(&mut client_is_there) {
                        let _ = tell.send(Event::ClientEnded);
                    }
                }
            }
        }
        let _ = tell.send(Event::ServerSilent);
    };
    thread::Builder::new().name("from-server".into()).spawn(read).map(drop)
}

impl Pipes {
    fn pass(&self, onward: Onward) {
        // Whoever is gone is noticed where it is read.
        match onward {
            Onward::Forward(mut message) => {
                message.push(b'\n');
                self.to_server.send(&message);
            }
            Onward::Answer(mut message) => {
                message.push(b'\n');
                self.to_client.send(&message);
            }
            Onward::Nothing => {}
        }
    }
}

/// One end to write to, a whole message at a time.
struct Sink(Mutex<Option<File>>);

impl Sink {
    fn new(end: OwnedFd) -> Self {
        Self(Mutex::new(Some(File::from(end))))
    }

    /// Whether somebody takes it.
    fn send(&self, message: &[u8]) -> bool {
        let mut end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = end.as_mut().is_some_and(|end| end.write_all(message).is_ok());
        if !sent {
            // Half a message may be out: whatever followed would be read as the rest of it.
            *end = None;
        }
        sent
    }

    /// Whoever ends the session must not wait for a server that does not read.
    fn close_if_free(&self) {
        if let Ok(mut end) = self.0.try_lock() {
            *end = None;
        }
    }

    fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
