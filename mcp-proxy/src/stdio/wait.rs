//! Waits for the end, and sees to it that there is one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::Event;
use super::pipes::Pipes;
use super::server::Server;
use crate::session::{Ended, Proxy};

/// Waits until the server is gone, and gives why the session ended.
///
/// A server that is to end and does not is first told by the end of its input, then by SIGTERM, then killed with all that it started.
pub(super) fn until_over(
    events: &Receiver<Event>,
    server: &Server,
    pipes: &Pipes,
    proxy: &Arc<Proxy>,
    grace: Duration,
) -> Ended {
    let mut state =
        State { why: None, has_exited: false, is_silent: false, next: None, moved: 0, progress: 0 };
    let hearing = grace.saturating_mul(HEARINGS).max(HEARING);
    loop {
        let event = match state.next {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some((_, at)) => events.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match event {
            Ok(Event::Reload) => proxy.reload(),
            Ok(Event::ClientEnded) => {
                pipes.close_server();
                state.why.get_or_insert(Ended::Client);
                state.begin(Step::Ask, grace);
            }
            Ok(Event::ClientHungUp) => {
                state.progress = pipes.progress();
                state.begin(Step::Hear, hearing);
            }
            Ok(Event::Stop) => {
                pipes.close_server();
                state.why = Some(Ended::Stopped);
                server.signal(Signal::TERM);
                state.next = Some((Step::Kill, Instant::now() + grace));
            }
            Ok(Event::ServerSilent) => {
                state.is_silent = true;
                pipes.close_server();
                state.begin(Step::Ask, grace);
            }
            Ok(Event::ServerExited) => {
                state.has_exited = true;
                // What it has said may still be on its way; or another process holds its output, which nobody waits for.
                state.next = Some((Step::Drain, Instant::now() + DRAIN));
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let Some((step, _)) = state.next else { continue };
                match step {
                    Step::Hear if state.progress != pipes.progress() => {
                        state.progress = pipes.progress();
                        state.next = Some((Step::Hear, Instant::now() + hearing));
                    }
                    Step::Hear => {
                        state.why.get_or_insert(Ended::Client);
                        server.signal(Signal::TERM);
                        state.next = Some((Step::Kill, Instant::now() + grace));
                    }
                    Step::Ask => {
                        server.signal(Signal::TERM);
                        state.next = Some((Step::Kill, Instant::now() + grace));
                    }
                    Step::Kill => {
                        server.signal(Signal::KILL);
                        state.next = Some((Step::Drain, Instant::now() + grace));
                    }
                    Step::Drain => {
                        let (moved, is_moving) = pipes.moved();
                        let waits = is_moving && state.why != Some(Ended::Stopped);
                        if !waits && moved == std::mem::replace(&mut state.moved, moved) {
                            break;
                        }
                        state.next = Some((Step::Drain, Instant::now() + DRAIN));
                    }
                }
            }
        }
        if state.has_exited && state.is_silent {
            break;
        }
    }
    state.why.unwrap_or(Ended::Server)
}

struct State {
    why: Option<Ended>,
    has_exited: bool,
    is_silent: bool,
    /// What is done next, and when.
    next: Option<(Step, Instant)>,
    /// How far the server's messages were at the last look.
    moved: u64,
    /// How far the messages of both were at the last look.
    progress: u64,
}

impl State {
    /// The first step towards the end, unless one is taken already.
    fn begin(&mut self, step: Step, grace: Duration) {
        // That the client has left is known for certain now.
        let waits = self.next.is_some_and(|(next, _)| !matches!(next, Step::Hear));
        if !waits {
            self.next = Some((step, Instant::now() + grace));
        }
    }
}

#[derive(Clone, Copy)]
enum Step {
    /// The client has left: the server may still read what it said.
    Hear,
    /// The server is asked to end.
    Ask,
    /// It is ended.
    Kill,
    /// Nothing more is waited for, unless it still comes.
    Drain,
}

/// How long a server may read nothing and say nothing of what a client said that has left: so many times the grace, and at least this.
const HEARINGS: u32 = 10;
const HEARING: Duration = Duration::from_secs(1);

/// How long nothing must have come of a server that is over.
const DRAIN: Duration = Duration::from_millis(200);
