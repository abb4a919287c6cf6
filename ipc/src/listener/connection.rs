//! One connection, from its first byte to its last.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::assembler::Assembler;
use super::handler::{Handler, Next, Session};
use super::notice::Notice;
use super::options::Limits;
use super::reply::{Link, ReplyWriter};
use super::stop::Stop;
use super::watch::Watch;
use crate::frame::FrameError;
use crate::sys;

/// What a connection's thread needs besides the connection.
pub(super) struct Surroundings {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) limits: Limits,
    pub(super) stop: Arc<Stop>,
    pub(super) watch: Arc<Watch>,
}

impl Surroundings {
    /// Serves `link` until it ends, for whatever reason; nothing a peer or a handler does gets out of here.
    pub(super) fn serve(&self, link: &Arc<Link>) {
        let (pid, uid) = (link.peer.pid, link.peer.uid);
        self.watch.counts.accepted();
        let life = catch_unwind(AssertUnwindSafe(|| {
            let mut session = self.handler.connected(&link.peer, ReplyWriter::new(Arc::clone(link)));
            let mut assembler = Assembler::new(self.limits.frame_size);
            let end =
                catch_unwind(AssertUnwindSafe(|| self.read_frames(link, session.as_mut(), &mut assembler)));
            // Before the session hears of the end, so that its peer does not go on sending to nobody.
            link.stop_receiving();
            match &end {
                Ok(End::Frame(error)) => session.rejected(error),
                Ok(End::Clean | End::Idle) => {}
                Ok(End::Closed) | Err(_) => match count_rest(link, &mut assembler) {
                    0 => {}
                    frames => session.left_behind(frames),
                },
            }
            session.closed();
            end
        }));
        match life.and_then(|end| end) {
            Ok(End::Clean | End::Closed) => {}
            Ok(End::Frame(error)) => self.watch.tell(Notice::Frame { pid, uid, error }),
            Ok(End::Idle) => self.watch.tell(Notice::Idle { pid, uid }),
            Err(_) => self.watch.tell(Notice::HandlerPanicked { pid, uid }),
        }
    }

    fn read_frames(&self, link: &Link, session: &mut dyn Session, assembler: &mut Assembler) -> End {
        let mut patience = Patience::new(&self.limits);
        let mut draining = false;
        loop {
            loop {
                match assembler.next() {
                    Ok(Some(range)) => {
                        patience.frame_ended();
                        self.watch.counts.frame();
                        if session.frame(assembler.body(range)) == Next::Close || self.drained_enough() {
                            return End::Closed;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return End::Frame(error),
                }
            }
            if patience.frame_is_late(assembler.pending() > 0) {
                return End::Frame(FrameError::TimedOut { received: assembler.pending() });
            }
            if self.stop.requested().is_some() && !draining {
                draining = true;
                // On Linux this closes the door for new bytes and keeps those that are inside, so that a peer that never
                // stops sending cannot hold up the end. Elsewhere it would throw them away.
                if cfg!(any(target_os = "linux", target_os = "android")) {
                    link.stop_receiving();
                }
            }
            match sys::receive_now(link.socket(), assembler.space()) {
                Ok(0) => return assembler.ended().map_or_else(End::Frame, |()| End::Clean),
                Ok(count) => assembler.received(count),
                Err(Errno::AGAIN) if draining => {
                    return assembler.ended().map_or_else(End::Frame, |()| End::Clean);
                }
                Err(Errno::AGAIN) => {
                    let deadline = Some(patience.deadline());
                    match sys::readable_by(&[link.socket(), self.stop.wake()], deadline) {
                        Ok(true) => {}
                        Ok(false) if assembler.pending() == 0 => return End::Idle,
                        Ok(false) => {
                            return End::Frame(FrameError::TimedOut { received: assembler.pending() });
                        }
                        Err(error) => return End::Frame(FrameError::Io { kind: error.kind() }),
                    }
                }
                // A peer that was killed with replies unread; it left between frames, or within one.
                Err(Errno::CONNRESET) => return assembler.ended().map_or_else(End::Frame, |()| End::Clean),
                Err(error) => return End::Frame(FrameError::Io { kind: io::Error::from(error).kind() }),
            }
        }
    }

    /// Whether a stop has lasted so long that what is left is left.
    fn drained_enough(&self) -> bool {
        self.stop.requested().is_some_and(|at| at.elapsed() >= self.limits.drain)
    }
}

/// Counts the whole frames that were received and not handled; the link receives no more.
fn count_rest(link: &Link, assembler: &mut Assembler) -> usize {
    let mut frames = 0;
    // More reads than a socket's buffer is deep, wherever shutting it down should not stop the peer.
    for _ in 0..MOST_READS {
        while let Ok(Some(_)) = assembler.next() {
            frames += 1;
        }
        match sys::receive_now(link.socket(), assembler.space()) {
            Ok(count @ 1..) => assembler.received(count),
            _ => break,
        }
    }
    frames
}

const MOST_READS: usize = 4096;

/// How a connection ended, when nothing panicked.
enum End {
    /// Between two frames: the peer left, or the listener stopped and nothing more was there.
    Clean,
    /// By the session, or because a stop had lasted long enough, whatever else was received.
    Closed,
    /// For its framing.
    Frame(FrameError),
    /// It sent nothing for too long.
    Idle,
}

/// Since when a connection has been quiet, or a frame unfinished.
struct Patience {
    idle: Duration,
    frame: Duration,
    quiet_since: Instant,
    begun: Option<Instant>,
}

impl Patience {
    fn new(limits: &Limits) -> Self {
        Self { idle: limits.idle, frame: limits.frame, quiet_since: Instant::now(), begun: None }
    }

    fn frame_ended(&mut self) {
        self.quiet_since = Instant::now();
        self.begun = None;
    }

    /// Whether the frame that is unfinished, if one is, has had its time: one byte now and then does not extend it.
    fn frame_is_late(&mut self, unfinished: bool) -> bool {
        if !unfinished {
            self.begun = None;
            return false;
        }
        self.begun.get_or_insert_with(Instant::now).elapsed() >= self.frame
    }

    /// Until when to wait for the next byte.
    fn deadline(&self) -> Instant {
        match self.begun {
            Some(begun) => begun + self.frame,
            None => self.quiet_since + self.idle,
        }
    }
}
