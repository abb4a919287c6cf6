//! The frame codec: a 4-byte big-endian length, then that many bytes (wire protocol §1.1).

use std::io::{self, Read, Write};

use thiserror::Error;

/// The longest frame body, in bytes: 1 MiB, which is accepted (wire protocol §1.1).
pub const MAX_FRAME: usize = 1 << 20;

/// The length of a frame's header, in bytes.
pub(crate) const HEADER: usize = 4;

/// How many bytes a reader's buffer grows by at a time, so that a claimed length costs nothing until bytes arrive.
pub(crate) const CHUNK: usize = 16 * 1024;

/// Why bytes could not be taken as a frame, or a frame could not be written.
///
/// After any of these the connection's position is unknown: it must be closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The header claims a body of no bytes.
    #[error("zero-length frame")]
    ZeroLength,
    /// The header claims, or the writer was given, more than [`MAX_FRAME`] bytes.
    #[error("frame too large: {length} bytes (max {MAX_FRAME})")]
    TooLarge {
        /// The body's length in bytes.
        length: u64,
    },
    /// The header claims more than this socket takes.
    #[error("frame too large for this socket: {length} bytes (max {limit})")]
    OverLimit {
        /// The body's length in bytes.
        length: u64,
        /// The most that this socket takes, in bytes.
        limit: usize,
    },
    /// The peer left within a header.
    #[error("connection ended after {received} of {HEADER} header bytes")]
    TruncatedHeader {
        /// How many bytes of the header came.
        received: usize,
    },
    /// The peer left within a body.
    #[error("connection ended after {received} of {expected} body bytes")]
    TruncatedBody {
        /// How many bytes the header promised.
        expected: usize,
        /// How many bytes came.
        received: usize,
    },
    /// A frame was begun and not finished in time.
    #[error("frame not finished in time: {received} bytes came")]
    TimedOut {
        /// How many bytes of header and body came.
        received: usize,
    },
    /// The transport failed.
    #[error("transport failed: {kind}")]
    Io {
        /// The system's reason.
        kind: io::ErrorKind,
    },
}

impl FrameError {
    /// A stable word for counters and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ZeroLength => "zero_length",
            Self::TooLarge { .. } | Self::OverLimit { .. } => "too_large",
            Self::TruncatedHeader { .. } | Self::TruncatedBody { .. } => "truncated",
            Self::TimedOut { .. } => "timed_out",
            Self::Io { .. } => "io",
        }
    }
}

/// Reads one whole frame and leaves its body in `body`, whatever `body` held before.
///
/// `None` is a clean end: the peer left between two frames. The cap is checked before anything is allocated, and the
/// buffer grows with what arrives, not with what the header claims. On error `body` holds nothing of use.
pub fn read_frame(reader: &mut impl Read, body: &mut Vec<u8>) -> Result<Option<()>, FrameError> {
    body.clear();
    let mut header = [0; HEADER];
    match fill(reader, &mut header)? {
        0 => return Ok(None),
        HEADER => {}
        received => return Err(FrameError::TruncatedHeader { received }),
    }
    let expected = body_length(header)?;
    while body.len() < expected {
        let from = body.len();
        let step = CHUNK.min(expected - from);
        body.resize(from + step, 0);
        let received = fill(reader, &mut body[from..])?;
        if received < step {
            return Err(FrameError::TruncatedBody { expected, received: from + received });
        }
    }
    Ok(Some(()))
}

/// Writes one frame. Refuses an empty body and one over [`MAX_FRAME`] before the first byte.
pub fn write_frame(writer: &mut impl Write, body: &[u8]) -> Result<(), FrameError> {
    let header = header_for(body)?;
    writer.write_all(&header).and_then(|()| writer.write_all(body)).map_err(io_fault)
}

/// The header for `body`, or why no frame can carry it.
pub(crate) fn header_for(body: &[u8]) -> Result<[u8; HEADER], FrameError> {
    if body.is_empty() {
        return Err(FrameError::ZeroLength);
    }
    match u32::try_from(body.len()) {
        Ok(length) if body.len() <= MAX_FRAME => Ok(length.to_be_bytes()),
        _ => Err(FrameError::TooLarge { length: body.len() as u64 }),
    }
}

/// The body length that `header` claims, checked against the cap.
pub(crate) fn body_length(header: [u8; HEADER]) -> Result<usize, FrameError> {
    let length = u32::from_be_bytes(header);
    match usize::try_from(length) {
        Ok(0) => Err(FrameError::ZeroLength),
        Ok(length) if length <= MAX_FRAME => Ok(length),
        _ => Err(FrameError::TooLarge { length: u64::from(length) }),
    }
}

/// The body length that `header` claims, checked against the cap and a tighter limit.
#[cfg(feature = "listener")]
pub(crate) fn body_length_within(header: [u8; HEADER], limit: usize) -> Result<usize, FrameError> {
    match body_length(header)? {
        length if length > limit => Err(FrameError::OverLimit { length: length as u64, limit }),
        length => Ok(length),
    }
}

/// Fills `space`, or stops early at the end of the stream; says how much came.
fn fill(reader: &mut impl Read, space: &mut [u8]) -> Result<usize, FrameError> {
    let mut filled = 0;
    while filled < space.len() {
        match reader.read(&mut space[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_fault(error)),
        }
    }
    Ok(filled)
}

fn io_fault(error: io::Error) -> FrameError {
    FrameError::Io { kind: error.kind() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(bytes: &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        let mut body = b"left over".to_vec();
        read_frame(&mut &bytes[..], &mut body).map(|found| found.map(|()| body))
    }

    fn framed(length: u32, body: &[u8]) -> Vec<u8> {
        [&length.to_be_bytes()[..], body].concat()
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, MAX_FRAME] {
            let body = vec![b'x'; length];
            let mut wire = Vec::new();
            write_frame(&mut wire, &body).unwrap();
            assert_eq!(wire.len(), length + HEADER);
            assert_eq!(read_one(&wire), Ok(Some(body)));
        }
    }

    #[test]
    fn frames_follow_one_another_and_the_end_is_clean() {
        let wire = [framed(1, b"a"), framed(2, b"bc")].concat();
        let mut reader = &wire[..];
        let mut body = Vec::new();
        assert_eq!(read_frame(&mut reader, &mut body), Ok(Some(())));
        assert_eq!(body, b"a");
        assert_eq!(read_frame(&mut reader, &mut body), Ok(Some(())));
        assert_eq!(body, b"bc");
        assert_eq!(read_frame(&mut reader, &mut body), Ok(None));
    }

    #[test]
    fn bad_lengths_are_refused_by_name() {
        assert_eq!(read_one(&framed(0, b"")), Err(FrameError::ZeroLength));
        let over = MAX_FRAME as u32 + 1;
        assert_eq!(read_one(&framed(over, b"")), Err(FrameError::TooLarge { length: u64::from(over) }));
        assert_eq!(
            read_one(&framed(u32::MAX, b"")),
            Err(FrameError::TooLarge { length: u64::from(u32::MAX) })
        );
        assert_eq!(
            FrameError::TooLarge { length: 1_048_577 }.to_string(),
            "frame too large: 1048577 bytes (max 1048576)"
        );
    }

    #[test]
    fn truncation_says_where() {
        assert_eq!(read_one(&[0, 0]), Err(FrameError::TruncatedHeader { received: 2 }));
        let cut = framed(100, &[b'x'; 50]);
        assert_eq!(read_one(&cut), Err(FrameError::TruncatedBody { expected: 100, received: 50 }));
    }

    #[test]
    fn a_claimed_length_allocates_nothing_until_bytes_arrive() {
        let mut body = Vec::new();
        let claim = framed(MAX_FRAME as u32, b"few");
        assert!(read_frame(&mut &claim[..], &mut body).is_err());
        assert!(body.capacity() <= 2 * CHUNK, "{} bytes were allocated for 3", body.capacity());
    }

    #[test]
    fn a_writer_is_given_nothing_of_a_bad_frame() {
        let mut wire = Vec::new();
        assert_eq!(write_frame(&mut wire, b""), Err(FrameError::ZeroLength));
        let over = vec![0; MAX_FRAME + 1];
        assert_eq!(write_frame(&mut wire, &over), Err(FrameError::TooLarge { length: over.len() as u64 }));
        assert!(wire.is_empty());
    }

    #[test]
    fn a_transport_fault_is_not_an_end() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let fault = read_frame(&mut Broken, &mut Vec::new());
        assert_eq!(fault, Err(FrameError::Io { kind: io::ErrorKind::ConnectionReset }));
    }
}
