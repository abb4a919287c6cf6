//! What the host hands over, in bounds.

use std::io::{self, Read};

/// The most that is read. Ten times a frame would be digests only; hosts hand over whole files all the same.
pub(crate) const MOST: u64 = 64 << 20;

/// Why there is nothing to be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// Standard input failed.
    #[error("could not read standard input: {0}")]
    Unreadable(#[from] io::Error),
    /// More than anybody should send.
    #[error("more than {MOST} bytes on standard input")]
    TooLong,
}

/// All of it.
pub(crate) fn read(from: impl Read) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    match from.take(MOST + 1).read_to_end(&mut bytes)? as u64 {
        length if length > MOST => Err(InputError::TooLong),
        _ => Ok(bytes),
    }
}
