//! A witness's signature below a checkpoint (C2SP tlog-cosignature, "Ed25519 signed message").

use agent_receipts_chain::checkpoint::{KeyName, NoteError, NoteSignature, SignedNote};
use agent_receipts_core::Signature;

use super::WitnessKey;

/// Why an answer is not a cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CosignatureError {
    #[error("the witness's answer is not a list of signatures: {0}")]
    Malformed(NoteError),
    #[error("there is no signature of `{0}`")]
    Missing(KeyName),
    #[error("the cosignature in the name of `{0}` does not hold")]
    Forged(KeyName),
}

/// The note with the witness's cosignature below the log's own; other signatures in the answer are left out.
pub(super) fn add(
    note: &SignedNote,
    answer: &[u8],
    key: &WitnessKey,
) -> Result<SignedNote, CosignatureError> {
    let joined = [note.text().as_bytes(), b"\n", answer].concat();
    let answer = SignedNote::parse(&joined).map_err(CosignatureError::Malformed)?;
    // An answer with an empty line in it would move the end of the text.
    if answer.text() != note.text() {
        return Err(CosignatureError::Malformed(NoteError::Unsigned));
    }
    let signature = find(&answer, key)?;
    let mut cosigned = note.clone();
    cosigned.add(signature.clone()).map_err(CosignatureError::Malformed)?;
    Ok(cosigned)
}

/// Whether the witness has cosigned a note.
pub(crate) fn check(note: &SignedNote, key: &WitnessKey) -> Result<(), CosignatureError> {
    find(note, key).map(drop)
}

/// The first signature of the witness. None in its name may be wrong.
fn find<'a>(note: &'a SignedNote, key: &WitnessKey) -> Result<&'a NoteSignature, CosignatureError> {
    let id = key.id();
    let ours = |signature: &&NoteSignature| signature.name == key.name && signature.key_id == id;
    let mut found = note.signatures().iter().filter(ours).peekable();
    let first = found.peek().copied().ok_or_else(|| CosignatureError::Missing(key.name.clone()))?;
    if found.all(|signature| holds(note.text(), &signature.bytes, key)) {
        return Ok(first);
    }
    Err(CosignatureError::Forged(key.name.clone()))
}

/// Whether the bytes are a time and a signature over that time and the text.
fn holds(text: &str, bytes: &[u8], key: &WitnessKey) -> bool {
    let Some((time, signature)) = bytes.split_first_chunk::<8>() else { return false };
    let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
    let time = u64::from_be_bytes(*time);
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    i64::try_from(time).is_ok()
        && key.key.verify(message.as_bytes(), &Signature::from_bytes(signature)).is_ok()
}
