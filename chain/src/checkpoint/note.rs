//! Signed notes: a text, and below it whoever signed it (`c2sp.org/signed-note`).

use std::fmt;

use agent_receipts_core::{Signature, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{KeyName, NoteKey};

/// The longest note in bytes, signatures included. A checkpoint of ours has about 600.
pub const MAX_NOTE: usize = 64 << 10;
/// The most signatures below a note.
pub const MAX_SIGNATURES: usize = 100;

/// A text with signatures, as it was read or made. That it was read says nothing of who signed it: ask [`SignedNote::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One line below a note. Signatures of types that are not known here are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Who says to have signed.
    pub name: KeyName,
    /// The id of the key that is said to have signed.
    pub key_id: [u8; 4],
    /// The signature's bytes; what they mean depends on the key's type. For Ed25519 there are 64.
    pub bytes: Vec<u8>,
}

/// Why a text is not a signed note, or not signed by somebody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It is longer than [`MAX_NOTE`].
    #[error("longer than {MAX_NOTE} bytes")]
    TooLong,
    /// It is not UTF-8, or holds a control character other than a line feed.
    #[error("not plain text: a byte that is not utf-8, or a control character")]
    NotText,
    /// There is no empty line with signatures below it, or a text does not end in a line feed.
    #[error("no signatures below an empty line")]
    Unsigned,
    /// A line below the text is not a signature.
    #[error("signature line {line} is not `— <name> <base64>`")]
    MalformedSignature {
        /// The line, from 1 below the empty line.
        line: usize,
    },
    /// There are more signatures than [`MAX_SIGNATURES`].
    #[error("more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// The key has not signed the note.
    #[error("not signed by `{name}`")]
    NotSignedBy {
        /// The key's name.
        name: KeyName,
    },
    /// There is a signature that bears the key's name and id, and is not the key's.
    #[error("the signature in the name of `{name}` does not hold")]
    BadSignature {
        /// The key's name.
        name: KeyName,
    },
}

impl SignedNote {
    /// Signs a text. It must end in a line feed; the key is `key`'s private half.
    ///
    /// # Errors
    ///
    /// The signer's. A text that is no note's is found by whoever reads it.
    pub fn sign<S: Signer>(text: String, key: &NoteKey, signer: &S) -> Result<Self, S::Error> {
        let bytes = signer.sign(text.as_bytes())?.as_bytes().to_vec();
        let signature = NoteSignature { name: key.name.clone(), key_id: key.id(), bytes };
        Ok(Self { text, signatures: vec![signature] })
    }

    /// Reads a note, believing nothing of it.
    ///
    /// # Errors
    ///
    /// [`NoteError`]; every way to write a note but one is refused.
    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::TooLong);
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteError::NotText)?;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteError::NotText);
        }
        // The last empty line: a text may have others, signatures have none.
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Unsigned)?;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
        if signatures.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let read = |(at, line)| signature(line).ok_or(NoteError::MalformedSignature { line: at + 1 });
        let signatures = signatures.split('\n').enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text that was signed, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in their order; nothing says that they hold.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds another's signature, as a witness's.
    ///
    /// # Errors
    ///
    /// [`NoteError::TooManySignatures`].
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Whether the key has signed the text. Signatures of others do not matter, but none in this key's name may be wrong.
    ///
    /// # Errors
    ///
    /// [`NoteError::NotSignedBy`] or [`NoteError::BadSignature`].
    pub fn verify(&self, key: &NoteKey) -> Result<(), NoteError> {
        let id = key.id();
        let mut found = false;
        for signature in self.signatures.iter().filter(|line| line.name == key.name && line.key_id == id) {
            found = true;
            let bytes = <[u8; 64]>::try_from(signature.bytes.as_slice()).ok().map(Signature::from_bytes);
            let holds = bytes.is_some_and(|bytes| key.key.verify(self.text.as_bytes(), &bytes).is_ok());
            if !holds {
                return Err(NoteError::BadSignature { name: key.name.clone() });
            }
        }
        if found { Ok(()) } else { Err(NoteError::NotSignedBy { name: key.name.clone() }) }
    }
}

/// The note as it is written.
impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// The line as it is written, without its line feed.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([self.key_id.as_slice(), &self.bytes].concat());
        write!(f, "{MARK}{} {encoded}", self.name)
    }
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(MARK)?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (key_id, bytes) = bytes.split_first_chunk::<4>()?;
    if bytes.is_empty() {
        return None;
    }
    Some(NoteSignature { name: KeyName::new(name).ok()?, key_id: *key_id, bytes: bytes.to_vec() })
}

/// An em dash and a space.
const MARK: &str = "\u{2014} ";
