//! Witnesses: strangers who sign below a checkpoint that they have seen it, and when (C2SP tlog-cosignature).

use std::fmt;
use std::str::FromStr;

use agent_receipts_core::{PublicKey, Signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{KeyName, NoteKey};
use super::note::{NoteSignature, SignedNote};

/// A witness's name and Ed25519 key, written `<name>+<id>+<key>` with a key of type 4 (C2SP tlog-cosignature, "Format").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    /// The witness's name.
    pub name: KeyName,
    /// Its key.
    pub key: PublicKey,
}

/// A text that is not the key of a witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessKeyError {
    /// It is not of three parts, or a part is not what it must be.
    #[error(
        "not a key such as `witness.example+1a2b3c4d+BC…`: a name, 8 hexadecimal digits and base64, with `+` between"
    )]
    Malformed,
    /// The key is not one for cosignatures.
    #[error("a key of type {0}, where cosignatures need one of type 4")]
    Type(u8),
    /// The id is not that of the name and the key.
    #[error("the 8 hexadecimal digits do not belong to this name and key: something was mistyped")]
    Id,
}

/// What a witness signed below a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosignature<'a> {
    /// When it signed, in seconds since 1970; below 2^63.
    pub time: u64,
    /// The line below the note.
    pub signature: &'a NoteSignature,
}

/// Why a note is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignatureError {
    /// No line bears the witness's name and the id of its key.
    #[error("there is no signature of `{0}`")]
    Missing(KeyName),
    /// A line bears them, and is not the witness's.
    #[error("the cosignature in the name of `{0}` does not hold")]
    Forged(KeyName),
}

impl WitnessKey {
    /// Tells the key's signatures from others'.
    pub fn id(&self) -> [u8; 4] {
        NoteKey::id_of(&self.name, COSIGNATURE, self.key.as_bytes())
    }

    /// Whether a signature says to be this key's. Nothing says that it is.
    pub fn is_named_by(&self, signature: &NoteSignature) -> bool {
        signature.name == self.name && signature.key_id == self.id()
    }

    /// The witness's first signature below a note; none in its name may be wrong ("Ed25519 signed message").
    ///
    /// # Errors
    ///
    /// [`CosignatureError`].
    pub fn cosignature<'a>(&self, note: &'a SignedNote) -> Result<Cosignature<'a>, CosignatureError> {
        let named = note.signatures().iter().filter(|signature| self.is_named_by(signature));
        let mut first = None;
        for signature in named {
            let time = self.time_of(note.text(), &signature.bytes);
            let time = time.ok_or_else(|| CosignatureError::Forged(self.name.clone()))?;
            first.get_or_insert(Cosignature { time, signature });
        }
        first.ok_or_else(|| CosignatureError::Missing(self.name.clone()))
    }

    /// The time in a signature, if it is over that time and the text.
    fn time_of(&self, text: &str, bytes: &[u8]) -> Option<u64> {
        let (time, signature) = bytes.split_first_chunk::<8>()?;
        let signature = Signature::from_bytes(signature.try_into().ok()?);
        let time = u64::from_be_bytes(*time);
        i64::try_from(time).ok()?;
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        self.key.verify(message.as_bytes(), &signature).ok()?;
        Some(time)
    }
}

impl FromStr for WitnessKey {
    type Err = WitnessKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || WitnessKeyError::Malformed;
        let (name, rest) = text.split_once('+').ok_or_else(malformed)?;
        let (id, encoded) = rest.split_once('+').ok_or_else(malformed)?;
        let name = KeyName::new(name).map_err(|_| malformed())?;
        let bytes = STANDARD.decode(encoded).map_err(|_| malformed())?;
        let (&kind, key) = bytes.split_first().ok_or_else(malformed)?;
        if kind != COSIGNATURE {
            return Err(WitnessKeyError::Type(kind));
        }
        let key: [u8; 32] = key.try_into().map_err(|_| malformed())?;
        let key = Self { name, key: PublicKey::from_bytes(key) };
        if id != format!("{:08x}", u32::from_be_bytes(key.id())) {
            return Err(WitnessKeyError::Id);
        }
        // Base64 has more than one spelling of some keys, a key that is published has one.
        if key.to_string() == text { Ok(key) } else { Err(malformed()) }
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([&[COSIGNATURE], self.key.as_bytes().as_slice()].concat());
        write!(f, "{}+{:08x}+{encoded}", self.name, u32::from_be_bytes(self.id()))
    }
}

/// The signature type of a timestamped Ed25519 cosignature.
const COSIGNATURE: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> WitnessKey {
        WitnessKey { name: KeyName::new("witness.example/w1").unwrap(), key: PublicKey::from_bytes([7; 32]) }
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(key().to_string().parse(), Ok(key()));
    }

    #[test]
    fn a_key_has_one_spelling() {
        for seed in 0..32 {
            let key = WitnessKey { key: PublicKey::from_bytes([seed; 32]), ..key() };
            let (id, text) = (format!("{:08x}", u32::from_be_bytes(key.id())), key.to_string());
            let other = text.replacen(&id, &id.to_uppercase(), 1);
            let wanted = if other == text { Ok(key) } else { Err(WitnessKeyError::Id) };
            assert_eq!(other.parse(), wanted, "{other}");
        }
    }

    #[test]
    fn a_key_that_was_mistyped_anywhere_is_refused() {
        let text = key().to_string();
        assert_eq!(text.replace("example", "exemple").parse::<WitnessKey>(), Err(WitnessKeyError::Id));
        let plain = NoteKey { name: key().name, key: key().key }.to_vkey();
        assert_eq!(plain.parse::<WitnessKey>(), Err(WitnessKeyError::Type(1)));
        for end in 0..text.len() {
            assert!(text[..end].parse::<WitnessKey>().is_err(), "{end}");
        }
        for wrong in ["", "+", "a+b", "a+00000000+", "a b+00000000+BAcH"] {
            assert_eq!(wrong.parse::<WitnessKey>(), Err(WitnessKeyError::Malformed), "{wrong}");
        }
    }
}
