//! One connection and its events.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::process::monotonic_nanoseconds;
use crate::{EventFrame, Failure};

/// A connection, and the events that are to go over it.
pub(super) struct Line {
    pub(super) stream: UnixStream,
    pub(super) frame: EventFrame,
    pub(super) first: u64,
    pub(super) events: u64,
}

/// What came of them.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) refused: u64,
    pub(super) latencies: Vec<u64>,
}

impl Line {
    /// Keeps `in_flight` events unanswered until all are answered. As many frames as replies came go out in one write.
    pub(super) fn converse(mut self, in_flight: usize) -> Result<Sent, Failure> {
        let mut sent = Sent { refused: 0, latencies: Vec::with_capacity(self.events as usize) };
        let mut unanswered = VecDeque::with_capacity(in_flight);
        let (mut out, mut replies) = (Vec::new(), Replies::default());
        let mut next = 0;
        while (sent.latencies.len() as u64) < self.events {
            out.clear();
            let begun = monotonic_nanoseconds();
            while unanswered.len() < in_flight && next < self.events {
                self.frame.write(self.first + next, &mut out);
                unanswered.push_back(begun);
                next += 1;
            }
            self.stream.write_all(&out).map_err(Failure::system("send events"))?;
            replies.receive(&mut self.stream)?;
            let now = monotonic_nanoseconds();
            while let Some(accepted) = replies.next()? {
                let begun = unanswered
                    .pop_front()
                    .ok_or_else(|| Failure::unclear("the daemon", "a reply to nothing"))?;
                sent.latencies.push(now - begun);
                sent.refused += u64::from(!accepted);
            }
        }
        Ok(sent)
    }

    /// Sends everything, `at_once` events a write, and waits for nothing.
    pub(super) fn pour(mut self, at_once: usize) -> Result<Sent, Failure> {
        let mut out = Vec::new();
        let mut next = 0;
        while next < self.events {
            out.clear();
            let end = self.events.min(next + at_once as u64);
            (next..end).for_each(|number| self.frame.write(self.first + number, &mut out));
            self.stream.write_all(&out).map_err(Failure::system("send events"))?;
            next = end;
        }
        Ok(Sent::default())
    }
}

/// Replies as they come, several in one read under load.
#[derive(Default)]
struct Replies {
    bytes: Vec<u8>,
    taken: usize,
}

impl Replies {
    /// Waits for more.
    fn receive(&mut self, stream: &mut UnixStream) -> Result<(), Failure> {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        let held = self.bytes.len();
        self.bytes.resize(held + ROOM, 0);
        let count = stream.read(&mut self.bytes[held..]).map_err(Failure::system("read replies"))?;
        self.bytes.truncate(held + count);
        if count == 0 { Err(Failure::unclear("the daemon", "nothing: it hung up")) } else { Ok(()) }
    }

    /// Whether the next reply that is there accepts its event.
    fn next(&mut self) -> Result<Option<bool>, Failure> {
        let rest = &self.bytes[self.taken..];
        let Some((header, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*header) as usize;
        if length > agent_receipts_ipc::MAX_FRAME {
            return Err(Failure::unclear("the daemon", format!("a reply of {length} bytes")));
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        self.taken += header.len() + length;
        // The first member after the version; a whole parser would make the client dearer than its emitter is.
        Ok(Some(body.windows(OK.len()).any(|window| window == OK)))
    }
}

const ROOM: usize = 64 * 1024;
const OK: &[u8] = br#""ok":true"#;

#[cfg(test)]
mod tests {
    use super::*;
    use agent_receipts_ipc::{Ack, write_frame};

    #[test]
    fn replies_are_told_apart_wherever_they_are_cut() {
        let accepted = Ack::Accepted {
            receipt_id: "r".into(),
            chain_id: "c".into(),
            sequence: 1,
            receipt_hash: "h".into(),
        };
        let refused = Ack::Refused { code: "c".into(), message: "m".into() };
        let mut wire = Vec::new();
        for ack in [&accepted, &refused, &accepted] {
            write_frame(&mut wire, &ack.to_json()).unwrap();
        }
        for cut in 0..=wire.len() {
            let (mut ours, mut theirs) = UnixStream::pair().unwrap();
            let (mut replies, mut found) = (Replies::default(), Vec::new());
            for part in [&wire[..cut], &wire[cut..]].into_iter().filter(|part| !part.is_empty()) {
                theirs.write_all(part).unwrap();
                replies.receive(&mut ours).unwrap();
                while let Some(accepted) = replies.next().unwrap() {
                    found.push(accepted);
                }
            }
            assert_eq!(found, [true, false, true], "{cut}");
        }
    }

    #[test]
    fn a_daemon_that_hangs_up_or_babbles_is_an_error() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        assert!(Replies::default().receive(&mut ours).is_err());
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(&[0xff; 8]).unwrap();
        let mut replies = Replies::default();
        replies.receive(&mut ours).unwrap();
        assert!(replies.next().is_err());
    }
}
