//! From a frame on a connection to a submission in the queue.

use std::sync::Arc;

use agent_receipts_ipc::{Event, FrameError, Handler, Next, Peer, ReplyWriter, Session};

use super::losses::Losses;
use super::queue::Queue;
use super::submission::{Claim, Sender, Submission, Work};
use super::writer::refusal;
use crate::principal::Principals;
use crate::redact::Redactor;
use crate::surroundings::Log;

/// What every connection needs.
pub(crate) struct Admission {
    pub(crate) queue: Arc<Queue<Work>>,
    pub(crate) losses: Arc<Losses>,
    pub(crate) principals: Principals,
    pub(crate) redactor: Redactor,
    pub(crate) log: Log,
}

/// The listener's handler: one admission for all connections.
pub(crate) struct Admitting(pub(crate) Arc<Admission>);

impl Handler for Admitting {
    fn connected(&self, peer: &Peer, reply: ReplyWriter) -> Box<dyn Session> {
        let principal = self.0.principals.of(peer);
        let sender = Sender { peer: Arc::new(peer.clone()), principal };
        Box::new(Connection {
            admission: Arc::clone(&self.0),
            sender,
            reply,
            refused: 0,
            with_unknown_keys: 0,
        })
    }
}

/// One connection, on its own thread.
struct Connection {
    admission: Arc<Admission>,
    sender: Sender,
    reply: ReplyWriter,
    refused: u64,
    with_unknown_keys: u64,
}

impl Session for Connection {
    fn frame(&mut self, body: &[u8]) -> Next {
        let event = match Event::decode(body) {
            Ok(event) => event,
            Err(error) => return self.refuse(&error.to_string(), error.ack_requested),
        };
        self.note_unknown_keys(event.unknown_keys);
        let ack = event.ack;
        let claim = match Claim::of(event, &self.admission.redactor) {
            Ok(claim) => claim,
            Err(error) => return self.refuse(&error.to_string(), ack),
        };
        let submission = Submission {
            claim,
            sender: self.sender.clone(),
            rejected: self.admission.losses.take(self.sender.peer.uid),
            reply: ack.then(|| self.reply.clone()),
        };
        self.submit(Work::Record(Box::new(submission)), body.len())
    }

    fn rejected(&mut self, error: &FrameError) {
        self.count_rejection(&error.to_string());
    }
}

impl Connection {
    /// A frame that is no event: counted, its reason in the log, and the sender told if it asked. No receipt, no sequence.
    fn refuse(&mut self, reason: &str, ack: bool) -> Next {
        self.count_rejection(reason);
        if !ack {
            return Next::Continue;
        }
        let ack = refusal("invalid_frame", reason);
        self.submit(Work::Answer { reply: self.reply.clone(), ack }, 0)
    }

    fn count_rejection(&mut self, reason: &str) {
        self.admission.losses.add(&self.sender, 1);
        self.refused += 1;
        if deserves_a_line(self.refused) {
            let Peer { pid, uid, .. } = *self.sender.peer;
            let count = self.refused;
            (self.admission.log)(&format!(
                "frame refused (pid {pid}, uid {uid}, {count} on this connection): {reason}"
            ));
        }
    }

    /// A key that means nothing here is ignored, as the reference does, but not in silence.
    fn note_unknown_keys(&mut self, keys: u32) {
        if keys == 0 {
            return;
        }
        self.with_unknown_keys += 1;
        if deserves_a_line(self.with_unknown_keys) {
            let Peer { pid, uid, .. } = *self.sender.peer;
            let count = self.with_unknown_keys;
            let line = format!(
                "frame with {keys} unknown keys (pid {pid}, uid {uid}, {count} such on this connection)"
            );
            (self.admission.log)(&line);
        }
    }

    fn submit(&self, work: Work, bytes: usize) -> Next {
        match self.admission.queue.push(work, bytes) {
            Ok(()) => Next::Continue,
            Err(work) => {
                self.turn_away(work);
                Next::Close
            }
        }
    }

    /// The writer has stopped: what cannot be recorded is at least not claimed to be.
    fn turn_away(&self, work: Work) {
        let (reply, ack) = match work {
            Work::Answer { reply, ack } => (Some(reply), ack),
            Work::Record(submission) => {
                self.admission.losses.add(&self.sender, submission.lost_with_it());
                (submission.reply, refusal("shutting_down", "the daemon is stopping"))
            }
        };
        if let Some(reply) = reply {
            // A peer that has gone needs no answer.
            let _ = reply.send(&ack.to_json());
        }
    }
}

/// The first few of a kind on a connection get a line each, then only powers of two: all are counted, and a flood of
/// them does not become a flood of lines.
fn deserves_a_line(count: u64) -> bool {
    count <= 8 || count.is_power_of_two()
}
