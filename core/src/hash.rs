//! SHA-256 as receipts write it.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};

/// SHA-256 over the canonical form of a receipt without its proof (specification §5.2). Written `sha256:<hex>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceiptHash([u8; 32]);

impl ReceiptHash {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(hash)
    }

    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ReceiptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written for every receipt: a formatter for each byte costs as much as the hash itself.
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        let digits = text[PREFIX.len()..].chunks_exact_mut(2);
        for (pair, byte) in digits.zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ReceiptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a hash of the form `sha256:<64 hex digits>`")]
pub struct MalformedHash;

/// Strict: one spelling a hash.
impl FromStr for ReceiptHash {
    type Err = MalformedHash;

    fn from_str(text: &str) -> Result<Self, MalformedHash> {
        let hex = text.strip_prefix(PREFIX).filter(|hex| hex.len() == 64).ok_or(MalformedHash)?;
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(hex.as_bytes().chunks(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self(hash))
    }
}

const PREFIX: &str = "sha256:";
const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn hex_digit(digit: u8) -> Result<u8, MalformedHash> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(MalformedHash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let hash = ReceiptHash::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse(), Ok(hash));
        for wrong in
            [&text[7..], &text[..70], &text.to_uppercase(), &format!("{text}0"), &text.replace('e', "é"), ""]
        {
            assert_eq!(wrong.parse::<ReceiptHash>(), Err(MalformedHash), "{wrong}");
        }
    }
}
