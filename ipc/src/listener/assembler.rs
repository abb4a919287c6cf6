//! Puts frames together from the pieces that a stream delivers.

use std::ops::Range;

use crate::frame::{CHUNK, FrameError, HEADER, body_length_within};

/// Received bytes that are not yet a whole frame, and where the next one starts.
///
/// INVARIANT: `start <= end <= bytes.len()`; what lies between was received and not yet handed out. The buffer grows by
/// what arrives, so that a claimed length alone costs nothing.
#[derive(Debug)]
pub(super) struct Assembler {
    limit: usize,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How much is asked of the stream at a time: more, the more has come.
    step: usize,
}

impl Assembler {
    /// For bodies of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, bytes: Vec::new(), start: 0, end: 0, step: FIRST }
    }

    /// Room for the next bytes, never empty; say with [`Assembler::received`] how many came.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == 0 && self.bytes.len() > KEPT {
            // A single great frame must not hold its memory for as long as the connection lives.
            self.bytes = Vec::new();
        }
        if self.bytes.len() - self.end < self.step / 2 {
            // Doubling keeps the copying linear and at most twice what has really arrived.
            self.bytes.resize(self.end + self.end.max(self.step), 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Takes note that the first `count` bytes of [`Assembler::space`] are filled.
    pub(super) fn received(&mut self, count: usize) {
        if count >= self.bytes.len() - self.end {
            // There is more to come than there was room for.
            self.step = (self.step * 2).min(CHUNK);
        }
        self.end = self.bytes.len().min(self.end + count);
    }

    /// The next whole frame's body, as a range for [`Assembler::body`]; `None` until more comes.
    pub(super) fn next(&mut self) -> Result<Option<Range<usize>>, FrameError> {
        let Some(length) = self.claimed()? else { return Ok(None) };
        let body = self.start + HEADER..self.start + HEADER + length;
        if body.end > self.end {
            return Ok(None);
        }
        self.start = body.end;
        Ok(Some(body))
    }

    /// The bytes of a frame that [`Assembler::next`] has just given.
    pub(super) fn body(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// How many bytes of an unfinished frame are here.
    pub(super) fn pending(&self) -> usize {
        self.end - self.start
    }

    /// What it means that no more will come: nothing, or a frame cut short.
    pub(super) fn ended(&self) -> Result<(), FrameError> {
        match (self.pending(), self.claimed()?) {
            (0, _) => Ok(()),
            (received, None) => Err(FrameError::TruncatedHeader { received }),
            (received, Some(expected)) => {
                Err(FrameError::TruncatedBody { expected, received: received - HEADER })
            }
        }
    }

    /// The body length that the next header claims, once the whole header is here.
    fn claimed(&self) -> Result<Option<usize>, FrameError> {
        match self.bytes[self.start..self.end].first_chunk::<HEADER>() {
            Some(header) => body_length_within(*header, self.limit).map(Some),
            None => Ok(None),
        }
    }
}

/// Room for an event or two: most connections send one now and then, and there may be many of them.
const FIRST: usize = 2 << 10;

/// The most bytes of buffer that an idle connection keeps.
const KEPT: usize = 4 * CHUNK;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{MAX_FRAME, write_frame};

    /// Feeds `wire` in pieces of `piece` bytes and collects the frames.
    fn assemble(wire: &[u8], piece: usize) -> (Vec<Vec<u8>>, Result<(), FrameError>) {
        let mut assembler = Assembler::new(MAX_FRAME);
        let mut frames = Vec::new();
        let mut rest = wire;
        while !rest.is_empty() {
            let space = assembler.space();
            let count = piece.min(rest.len()).min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            assembler.received(count);
            rest = &rest[count..];
            loop {
                match assembler.next() {
                    Ok(Some(range)) => frames.push(assembler.body(range).to_vec()),
                    Ok(None) => break,
                    Err(error) => return (frames, Err(error)),
                }
            }
        }
        (frames, assembler.ended())
    }

    fn wire(bodies: &[Vec<u8>]) -> Vec<u8> {
        let mut wire = Vec::new();
        bodies.iter().for_each(|body| write_frame(&mut wire, body).unwrap());
        wire
    }

    #[test]
    fn frames_come_out_whole_however_they_come_in() {
        let bodies = vec![vec![1; 1], vec![2; CHUNK], vec![3; 5 * CHUNK + 7], vec![4; 3]];
        let wire = wire(&bodies);
        for piece in [1, 3, 4, 5, 1000, CHUNK, usize::MAX] {
            assert_eq!(assemble(&wire, piece), (bodies.clone(), Ok(())), "pieces of {piece}");
        }
    }

    #[test]
    fn the_largest_frame_passes_and_its_memory_is_given_back() {
        let bodies = vec![vec![9; MAX_FRAME], vec![1; 1]];
        assert_eq!(assemble(&wire(&bodies), 100_000), (bodies, Ok(())));
        let mut assembler = Assembler::new(MAX_FRAME);
        assembler.bytes.resize(MAX_FRAME, 0);
        assert!(assembler.space().len() <= KEPT);
    }

    #[test]
    fn who_sends_little_keeps_little_and_who_sends_much_is_read_in_great_pieces() {
        let mut assembler = Assembler::new(MAX_FRAME);
        for _ in 0..1000 {
            let frame = wire(&[vec![1; 600]]);
            assembler.space()[..frame.len()].copy_from_slice(&frame);
            assembler.received(frame.len());
            assert!(assembler.next().unwrap().is_some());
        }
        assert!(assembler.bytes.capacity() <= FIRST);
        for _ in 0..4 {
            let frame = wire(&[vec![1; assembler.space().len() - HEADER]]);
            assembler.space().copy_from_slice(&frame);
            assembler.received(frame.len());
            assert!(assembler.next().unwrap().is_some());
        }
        assert!(assembler.space().len() >= CHUNK / 2);
    }

    #[test]
    fn a_bad_length_is_found_before_its_body() {
        assert_eq!(assemble(&[0, 0, 0, 0], 1).1, Err(FrameError::ZeroLength));
        let over = [&(MAX_FRAME as u32 + 1).to_be_bytes()[..], b"x"].concat();
        assert_eq!(assemble(&over, 4), (vec![], Err(FrameError::TooLarge { length: MAX_FRAME as u64 + 1 })));
    }

    #[test]
    fn a_socket_can_take_less_than_the_protocol() {
        let mut assembler = Assembler::new(100);
        for (length, expected) in
            [(100, Ok(None)), (101, Err(FrameError::OverLimit { length: 101, limit: 100 }))]
        {
            assembler.space()[..4].copy_from_slice(&u32::to_be_bytes(length));
            assembler.received(4);
            assert_eq!(assembler.next(), expected);
            assembler = Assembler::new(100);
        }
    }

    #[test]
    fn an_end_within_a_frame_is_told() {
        assert_eq!(assemble(&[0, 0], 9).1, Err(FrameError::TruncatedHeader { received: 2 }));
        let cut = [&100_u32.to_be_bytes()[..], &[7; 50]].concat();
        assert_eq!(assemble(&cut, 9).1, Err(FrameError::TruncatedBody { expected: 100, received: 50 }));
    }

    #[test]
    fn a_claim_costs_nothing() {
        let mut assembler = Assembler::new(MAX_FRAME);
        assembler.space()[..4].copy_from_slice(&(MAX_FRAME as u32).to_be_bytes());
        assembler.received(4);
        assert_eq!(assembler.next(), Ok(None));
        let _ = assembler.space();
        assert!(assembler.bytes.capacity() <= 2 * CHUNK);
    }
}
