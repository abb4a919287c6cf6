//! Names and ids of the keys that sign notes.

use std::fmt;

use agent_receipts_core::{PublicKey, ReceiptHash};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The name of a key, and of a log: not empty, and without white space, `+` or control characters
/// (`c2sp.org/signed-note`, "Format").
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyName(String);

/// A text that cannot name a key or a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot name a log: 1 to {LONGEST} bytes without white space, `+` or control characters", crate::text::plain(.0))]
pub struct MalformedKeyName(String);

impl KeyName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`MalformedKeyName`].
    pub fn new(name: impl Into<String>) -> Result<Self, MalformedKeyName> {
        let name = name.into();
        let wrong = |c: char| c == '+' || c.is_whitespace() || c.is_control();
        if name.is_empty() || name.len() > LONGEST || name.contains(wrong) {
            return Err(MalformedKeyName(name));
        }
        Ok(Self(name))
    }

    /// The name that a log gets from the key that signs its first checkpoint, and keeps when the key changes.
    pub fn of_log(first_key: &PublicKey) -> Self {
        Self(format!("agent-receipts/{}", first_key.short_fingerprint()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Ed25519 key under the name by which notes know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    /// The name.
    pub name: KeyName,
    /// The key.
    pub key: PublicKey,
}

impl NoteKey {
    /// The first four bytes of `SHA-256(name || 0x0A || 0x01 || key)`. Tells keys apart and proves nothing.
    pub fn id(&self) -> [u8; 4] {
        Self::id_of(&self.name, ED25519, self.key.as_bytes())
    }

    /// The id of a key of any signature type of `c2sp.org/signed-note`; a witness's cosignature, say, has type 4.
    pub fn id_of(name: &KeyName, signature_type: u8, key: &[u8]) -> [u8; 4] {
        let input = [name.as_str().as_bytes(), b"\n", &[signature_type], key].concat();
        let [a, b, c, d, ..] = *ReceiptHash::of(&input).as_bytes();
        [a, b, c, d]
    }

    /// The key as other tools for notes take it: `<name>+<id in hex>+<base64 of 0x01 || key>`.
    pub fn to_vkey(&self) -> String {
        let encoded = STANDARD.encode([&[ED25519], self.key.as_bytes().as_slice()].concat());
        let id = u32::from_be_bytes(self.id());
        format!("{}+{id:08x}+{encoded}", self.name)
    }

    /// Reads [`NoteKey::to_vkey`]; nothing if the text is another key's, or not in this form.
    pub fn from_vkey(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (_, encoded) = rest.split_once('+')?;
        // Longer text is not even looked at.
        let bytes = STANDARD.decode(Some(encoded).filter(|encoded| encoded.len() == 44)?).ok()?;
        let key: [u8; 32] = bytes.strip_prefix(&[ED25519])?.try_into().ok()?;
        let key = Self { name: KeyName::new(name).ok()?, key: PublicKey::from_bytes(key) };
        (key.to_vkey() == text).then_some(key)
    }
}

/// The signature type of Ed25519.
const ED25519: u8 = 1;
/// The longest name in bytes.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the signed-note specification's and Go's `sumdb/note` examples.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_published_key_is_read_and_written() {
        let peter = NoteKey::from_vkey(PETER).unwrap();
        assert_eq!((peter.name.as_str(), peter.id()), ("PeterNeumann", [0xc7, 0x4f, 0x20, 0xa3]));
        assert_eq!(peter.to_vkey(), PETER);
    }

    #[test]
    fn other_spellings_are_refused() {
        for wrong in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            &PETER.replace("c74f20a3", "c74f20a4"),
            &PETER.replace("c74f20a3", "C74F20A3"),
            &PETER.replace("+AR", "+BR"),
            &PETER.replace("PeterNeumann", "Peter Neumann"),
            &PETER.replace("PeterNeumann", ""),
            &format!("{PETER}\n"),
            &format!("{PETER}="),
        ] {
            assert_eq!(NoteKey::from_vkey(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_that_would_break_a_note_are_refused() {
        for wrong in ["", "a b", "a+b", "a\n", "a\u{a0}b", "\u{7f}", &"x".repeat(257)] {
            assert_eq!(KeyName::new(wrong), Err(MalformedKeyName(wrong.to_owned())));
        }
        assert!(KeyName::new("example.com/log42").is_ok());
    }
}
