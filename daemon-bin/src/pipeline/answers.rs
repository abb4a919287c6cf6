//! What senders are told once it is known what became of their events, and what is remembered of those that were lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use agent_receipts_ipc::{Ack, write_frame};

use super::ledger::WriteError;
use super::losses::Losses;
use super::shared_store::SharedStore;
use super::submission::{ReplyTo, Submission, Work};
use crate::surroundings::Log;

/// The way back to the senders, shared by the threads that end a batch.
#[derive(Clone)]
pub(crate) struct Answers {
    pub(crate) losses: Arc<Losses>,
    pub(crate) log: Log,
    late: SyncSender<Late>,
    /// Answers that have been given to the thread for late ones and have not gone out yet.
    waiting: Arc<AtomicUsize>,
}

/// Answers that could not go out at once, for a thread of their own: a peer that does not read must not hold up a commit.
pub(crate) struct LateAnswers {
    late: Receiver<Late>,
    waiting: Arc<AtomicUsize>,
}

/// Frames on their way to one connection, and what keeps them owed.
type Late = (ReplyTo, Vec<u8>);

impl Answers {
    /// With room for `room` answers that cannot go out at once.
    pub(crate) fn new(losses: Arc<Losses>, log: Log, room: usize) -> (Self, LateAnswers) {
        let (sender, late) = sync_channel(room);
        let waiting = Arc::new(AtomicUsize::new(0));
        let answers = Self { losses, log, late: sender, waiting: Arc::clone(&waiting) };
        (answers, LateAnswers { late, waiting })
    }

    /// A batch is on disk: everybody who asked is told.
    pub(super) fn conclude(&self, works: Vec<Work>, acks: Vec<Option<Ack>>) {
        let mut outgoing = Outgoing::default();
        for (work, ack) in works.into_iter().zip(acks) {
            if let Work::Record(submission) = &work
                && matches!(ack, Some(Ack::Refused { .. }))
            {
                self.remember(submission);
            }
            if let (Some(reply), Some(ack)) = (reply_of(work), ack) {
                outgoing.add(reply, &ack);
            }
        }
        self.send(outgoing);
    }

    /// A batch is not on disk, nor any part of it.
    pub(super) fn refuse(&self, works: Vec<Work>, error: &WriteError) {
        let mut outgoing = Outgoing::default();
        for work in works {
            match work {
                Work::Answer { reply, ack } => outgoing.add(reply, &ack),
                Work::Record(submission) => {
                    self.remember(&submission);
                    if let Some(reply) = submission.reply {
                        outgoing.add(reply, &refusal(error.code(), &error.to_string()));
                    }
                }
                // Whoever waits for it finds its channel closed.
                Work::Alone(_) => {}
            }
        }
        self.send(outgoing);
    }

    /// Says what the store has to tell beside its answers.
    pub(super) fn note_upkeep(&self, store: &SharedStore) {
        if let Some(failure) = store.take_upkeep_failure() {
            (self.log)(&format!("the database grows until this is mended: {failure}"));
        }
    }

    fn remember(&self, submission: &Submission) {
        self.losses.add(&submission.sender, submission.lost_with_it());
    }

    /// INVARIANT: answers go out in the order of the frames. As long as one waits, all that follow wait behind it.
    fn send(&self, outgoing: Outgoing) {
        for (reply, mut frames) in outgoing.0 {
            if self.waiting.load(Ordering::Acquire) == 0 {
                match reply.writer.send_now(&frames) {
                    Ok(sent) if sent < frames.len() => drop(frames.drain(..sent)),
                    // Sent, or the peer has gone and needs no answer.
                    Ok(_) | Err(_) => continue,
                }
            }
            self.waiting.fetch_add(1, Ordering::AcqRel);
            // The receiver outlives the senders; were it gone, there would be nobody left to tell.
            let _ = self.late.send((reply, frames));
        }
    }
}

/// The answers of a batch, those to one connection together: each write wakes a reader, which costs more than the answer.
#[derive(Default)]
struct Outgoing(Vec<Late>);

impl Outgoing {
    fn add(&mut self, reply: ReplyTo, ack: &Ack) {
        let at = self.0.iter().position(|(first, _)| first.writer.reaches_the_same(&reply.writer));
        // The first stays until all are sent, and with it the connection owes an answer.
        let at = at.unwrap_or_else(|| {
            self.0.push((reply, Vec::new()));
            self.0.len() - 1
        });
        // An answer is a few hundred bytes, far from what a frame may hold; a vector takes them all.
        let _ = write_frame(&mut self.0[at].1, &ack.to_json());
    }
}

impl LateAnswers {
    /// Sends what comes, until nobody can send anything more.
    pub(crate) fn send_all(&self) {
        for (reply, frames) in &self.late {
            // A peer that has gone needs no answer; one that does not read is shut down by the listener.
            let _ = reply.writer.send_rest(&frames);
            drop(reply);
            self.waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn reply_of(work: Work) -> Option<ReplyTo> {
    match work {
        Work::Answer { reply, .. } => Some(reply),
        Work::Record(submission) => submission.reply,
        Work::Alone(_) => None,
    }
}

pub(crate) fn refusal(code: &str, message: &str) -> Ack {
    Ack::Refused { code: code.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;
    use std::time::Duration;

    use agent_receipts_ipc::{
        Handler, Limits, Listener, ListenerOptions, Next, Peer, ReplyWriter, Session, read_frame,
    };

    use super::*;

    /// Hands out the way back of whoever connects.
    struct Introduces(Sender<ReplyWriter>);

    impl Handler for Introduces {
        fn connected(&self, _: &Peer, reply: ReplyWriter) -> Box<dyn Session> {
            self.0.send(reply).unwrap();
            Box::new(Silent)
        }
    }

    struct Silent;

    impl Session for Silent {
        fn frame(&mut self, _: &[u8]) -> Next {
            Next::Continue
        }
    }

    /// Far more than a socket takes at once, so that some go out in part, and what follows must wait behind their rest.
    #[test]
    fn answers_that_do_not_fit_at_once_come_whole_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let limits = Limits { reply: Duration::from_secs(60), ..Limits::default() };
        let options = ListenerOptions { limits, ..ListenerOptions::new(|_| ()) };
        let listener = Listener::bind(&path, options).unwrap();
        let shutdown = listener.shutdown_handle();
        let (introduced, replies) = channel();
        let listening = thread::spawn(move || listener.run(Arc::new(Introduces(introduced))));
        let mut peer = UnixStream::connect(&path).unwrap();
        let writer = replies.recv().unwrap();
        let (answers, late) = Answers::new(Arc::default(), Arc::new(|_| ()), 16);
        let sending = thread::spawn(move || late.send_all());

        let message = |number: usize| format!("{number} {}", "x".repeat(2000));
        for batch in 0..3 {
            let works = (batch * 300..(batch + 1) * 300).map(|number| Work::Answer {
                reply: ReplyTo { writer: writer.clone(), owed: Arc::new(()) },
                ack: refusal("code", &message(number)),
            });
            answers.refuse(works.collect(), &WriteError::CommitterEnded);
        }
        let mut body = Vec::new();
        for number in 0..900 {
            assert_eq!(read_frame(&mut peer, &mut body), Ok(Some(())));
            assert_eq!(Ack::from_json(&body), Ok(refusal("code", &message(number))), "{number}");
        }
        drop((answers, writer));
        sending.join().unwrap();
        drop(peer);
        shutdown.stop();
        assert_eq!(listening.join().unwrap().unfinished, 0);
    }
}
