//! From a frame on a connection to a submission in the queue.

use std::sync::Arc;

use agent_receipts_core::redaction::Redactor;
use agent_receipts_ipc::{Event, FrameError, Handler, Next, Peer, ReplyWriter, Session};

use super::answers::refusal;
use super::losses::Losses;
use super::queue::Queue;
use super::submission::{Claim, ReplyTo, Sender, Submission, Work};
use crate::disclosure::{Discloser, Undisclosed};
use crate::principal::Principals;
use crate::surroundings::Log;

/// What every connection needs.
pub(crate) struct Admission {
    pub(crate) queue: Arc<Queue<Work>>,
    pub(crate) losses: Arc<Losses>,
    pub(crate) principals: Principals,
    pub(crate) redactor: Redactor,
    pub(crate) discloser: Discloser,
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
            owed: Arc::new(()),
            in_hand: 0,
            refused: 0,
            with_unknown_keys: 0,
            undisclosed: 0,
        })
    }
}

/// One connection, on its own thread.
struct Connection {
    admission: Arc<Admission>,
    sender: Sender,
    reply: ReplyWriter,
    /// Shared with every answer that is still owed.
    owed: Arc<()>,
    /// Frames that are being handled: one, or none. One that is left over was lost to a panic.
    in_hand: u64,
    refused: u64,
    with_unknown_keys: u64,
    undisclosed: u64,
}

impl Session for Connection {
    fn frame(&mut self, body: &[u8]) -> Next {
        self.in_hand = 1;
        let admission = Arc::clone(&self.admission);
        // Before decoding: many connections at once must not fill the memory with what they have decoded.
        let room = admission.queue.reserve(body.len().saturating_mul(GROWTH));
        let work = self.work(body);
        // Refused frames are counted by now, and work knows what is lost with it.
        self.in_hand = 0;
        let turned_away = match (work, room) {
            (Some((work, bytes)), Some(room)) => room.fill(work, bytes).err(),
            (work, _) => work.map(|(work, _)| work),
        };
        match turned_away {
            None => Next::Continue,
            Some(work) => {
                self.turn_away(work);
                Next::Close
            }
        }
    }

    fn rejected(&mut self, error: &FrameError) {
        self.count_rejection(&error.to_string());
    }

    fn left_behind(&mut self, frames: usize) {
        self.admission.losses.add(&self.sender, frames as u64);
        let Peer { pid, uid, .. } = *self.sender.peer;
        (self.admission.log)(&format!("{frames} frames not read before the end (pid {pid}, uid {uid})"));
    }

    fn closed(&mut self) {
        self.admission.losses.add(&self.sender, self.in_hand);
    }
}

impl Connection {
    /// What is to be done about a frame, if anything, and about how much memory that takes while it waits.
    fn work(&mut self, body: &[u8]) -> Option<(Work, usize)> {
        let event = match Event::decode(body) {
            Ok(event) => event,
            Err(error) => return self.refuse(&error.to_string(), error.ack_requested),
        };
        self.note_unknown_keys(event.unknown_keys);
        let ack = event.ack;
        let mut undisclosed = Vec::new();
        let Admission { redactor, discloser, .. } = &*self.admission;
        let claim = match Claim::of(event, redactor, discloser, &mut undisclosed) {
            Ok(claim) => claim,
            Err(error) => return self.refuse(&error.to_string(), ack),
        };
        undisclosed.into_iter().for_each(|what| self.note_undisclosed(what));
        // All but the usage is text by now; a byte that is no UTF-8 has become three.
        let growth = if claim.usage.is_some() { GROWTH } else { 4 };
        let bytes = body.len().saturating_mul(growth).saturating_add(claim.sealed_bytes());
        let submission = Submission {
            claim,
            sender: self.sender.clone(),
            rejected: self.admission.losses.take(self.sender.peer.uid),
            reply: ack.then(|| self.reply_to()),
        };
        Some((Work::Record(Box::new(submission)), bytes))
    }

    /// A frame that is no event: counted, its reason in the log, and the sender told if it asked. No receipt, no sequence.
    fn refuse(&mut self, reason: &str, ack: bool) -> Option<(Work, usize)> {
        self.count_rejection(reason);
        ack.then(|| (Work::Answer { reply: self.reply_to(), ack: refusal("invalid_frame", reason) }, 0))
    }

    fn reply_to(&self) -> ReplyTo {
        ReplyTo { writer: self.reply.clone(), owed: Arc::clone(&self.owed) }
    }

    fn count_rejection(&mut self, reason: &str) {
        self.admission.losses.add(&self.sender, 1);
        self.in_hand = 0;
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

    /// The operator elected it, so its absence is counted and said. The receipt holds its hash, and nothing is lost with it.
    fn note_undisclosed(&mut self, what: Undisclosed) {
        self.undisclosed += 1;
        if deserves_a_line(self.undisclosed) {
            let Peer { pid, uid, .. } = *self.sender.peer;
            let count = self.undisclosed;
            (self.admission.log)(&format!(
                "not disclosed, hash only (pid {pid}, uid {uid}, {count} on this connection): {what}"
            ));
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
            // No connection asks for such.
            Work::Alone(_) => return,
        };
        // INVARIANT: answers come in the order of the frames. Where earlier ones are owed, they come from another thread
        // and the end of the connection is the answer to this one: a refusal now would be taken for theirs.
        if let Some(reply) = reply.filter(|reply| Arc::strong_count(&reply.owed) == OWED_THIS_ALONE) {
            // A peer that has gone needs no answer.
            let _ = reply.writer.send(&ack.to_json());
        }
    }
}

/// The first few of a kind on a connection get a line each, then only powers of two: all are counted, and a flood of
/// them does not become a flood of lines.
fn deserves_a_line(count: u64) -> bool {
    count <= 8 || count.is_power_of_two()
}

/// The most bytes of memory that a byte of a frame takes when it is decoded: `[[0],[0],…]`, with room for vectors to grow.
const GROWTH: usize = 48;

/// The connection's own count, and that of the answer in hand.
const OWED_THIS_ALONE: usize = 2;
