//! Reads lines of bounded length.

use std::io::{self, Read};

use agent_receipts_core::ReceiptHash;
use memchr::memchr;
use ring::digest::{Context, SHA256};

use crate::session::Measure;

/// What a read gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A whole line is in the buffer, with its line feed unless the input ended without one.
    Whole,
    /// It was too long, and is gone.
    TooLong(Measure),
    /// There is no more.
    End,
}

/// Reads lines, and never keeps more of one than is allowed.
pub(crate) struct Lines<R> {
    from: R,
    chunk: Box<[u8]>,
    /// What of the chunk was not used.
    left: std::ops::Range<usize>,
    most: usize,
}

impl<R: Read> Lines<R> {
    /// `most` is the longest line in bytes, without its line feed.
    pub(crate) fn new(from: R, most: usize) -> Self {
        Self { from, chunk: vec![0; CHUNK].into_boxed_slice(), left: 0..0, most }
    }

    /// Puts the next line into `line`, whatever that held before.
    pub(crate) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        // One long line shall not be paid for by all that follow.
        line.shrink_to(KEPT);
        let mut long: Option<Long> = None;
        loop {
            if self.left.is_empty() && !self.fill()? {
                return Ok(match long {
                    Some(long) => Line::TooLong(long.finish()),
                    None if line.is_empty() => Line::End,
                    None => Line::Whole,
                });
            }
            let there = &self.chunk[self.left.clone()];
            let end = memchr(b'\n', there);
            let (taken, used) = match end {
                Some(at) => (&there[..at], at + 1),
                None => (there, there.len()),
            };
            self.left.start += used;
            if long.is_none() && line.len() + taken.len() > self.most {
                long = Some(Long::begin(line));
                *line = Vec::new();
            }
            match &mut long {
                Some(long) => long.take(taken),
                None => line.extend_from_slice(taken),
            }
            if end.is_some() {
                return Ok(match long {
                    Some(long) => Line::TooLong(long.finish()),
                    None => {
                        line.push(b'\n');
                        Line::Whole
                    }
                });
            }
        }
    }

    fn fill(&mut self) -> io::Result<bool> {
        loop {
            match self.from.read(&mut self.chunk) {
                Ok(count) => {
                    self.left = 0..count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A line that is only measured.
struct Long {
    bytes: u64,
    hash: Context,
}

impl Long {
    fn begin(line: &[u8]) -> Self {
        let mut long = Self { bytes: 0, hash: Context::new(&SHA256) };
        long.take(line);
        long
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    fn finish(self) -> Measure {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.hash.finish().as_ref());
        Measure { bytes: self.bytes, sha256: ReceiptHash::from_bytes(sha256) }
    }
}

/// As much as a pipe holds.
const CHUNK: usize = 64 << 10;

/// The room that is kept from one line to the next.
const KEPT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes one, two, three … at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = self.1 % 5 + 1;
            let count = self.1.min(self.0.len()).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn lines(text: &[u8], most: usize) -> Vec<Result<Vec<u8>, Measure>> {
        let (mut lines, mut line, mut all) = (Lines::new(Drip(text, 0), most), Vec::new(), Vec::new());
        loop {
            match lines.next(&mut line).unwrap() {
                Line::Whole => all.push(Ok(line.clone())),
                Line::TooLong(measure) => all.push(Err(measure)),
                Line::End => return all,
            }
        }
    }

    #[test]
    fn lines_come_as_they_are_however_they_arrive() {
        let text = b"one\n\ntwo\r\nthr\0ee\nlast";
        let expected: Vec<Result<Vec<u8>, Measure>> =
            [&b"one\n"[..], b"\n", b"two\r\n", b"thr\0ee\n", b"last"]
                .iter()
                .map(|l| Ok(l.to_vec()))
                .collect();
        assert_eq!(lines(text, 8), expected);
        assert_eq!(lines(b"", 8), []);
        assert_eq!(lines(b"\n", 8), [Ok(b"\n".to_vec())]);
    }

    #[test]
    fn a_line_that_is_too_long_is_measured_and_the_next_is_read() {
        let long = "x".repeat(100_000);
        let text = format!("12345678\n{long}\nok\n{long}");
        let measure = Measure { bytes: 100_000, sha256: ReceiptHash::of(long.as_bytes()) };
        assert_eq!(
            lines(text.as_bytes(), 8),
            [Ok(b"12345678\n".to_vec()), Err(measure.clone()), Ok(b"ok\n".to_vec()), Err(measure)]
        );
    }
}
