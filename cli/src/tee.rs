//! A stream passed through untouched, while it is hashed.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};

use ring::digest::{Context, SHA256};

/// What went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    /// `sha256:` and 64 hex digits over all bytes.
    pub(crate) sha256: String,
    /// How many bytes.
    pub(crate) bytes: u64,
}

impl Passed {
    /// An empty stream.
    pub(crate) fn nothing() -> Self {
        Self::of(Context::new(&SHA256), 0)
    }

    fn of(hash: Context, bytes: u64) -> Self {
        let mut sha256 = "sha256:".to_owned();
        for byte in hash.finish().as_ref() {
            // Writing to a string cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Self { sha256, bytes }
    }
}

/// Copies `from` to `to` until its end. When nobody reads `to` any more, reading stops, so that the writer of `from` learns
/// of it as it would without us; what it wrote until then was hashed.
pub(crate) fn pass_through(mut from: impl Read, mut to: impl Write) -> Passed {
    let mut hash = Context::new(&SHA256);
    let mut bytes = 0;
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        hash.update(&buffer[..length]);
        bytes += length as u64;
        if to.write_all(&buffer[..length]).and_then(|()| to.flush()).is_err() {
            break;
        }
    }
    Passed::of(hash, bytes)
}

const BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_and_are_hashed() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let mut out = Vec::new();
        let passed = pass_through(bytes.as_slice(), &mut out);
        assert_eq!(out, bytes);
        assert_eq!(passed.bytes, 200_000);
        assert_eq!(passed.sha256, agent_receipts_core::ReceiptHash::of(&bytes).to_string());
        assert_eq!(Passed::nothing().sha256, agent_receipts_core::ReceiptHash::of(b"").to_string());
    }

    #[test]
    fn a_reader_that_went_away_ends_it() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(pass_through(std::io::repeat(7), Closed).bytes, BUFFER as u64);
    }
}
