//! A witness's answer, and the note with its signature below it.

use agent_receipts_chain::checkpoint::{CosignatureError, NoteError, SignedNote, WitnessKey};

/// Why an answer is not a cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("the witness's answer is not a list of signatures: {0}")]
    Malformed(NoteError),
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
}

/// The note with the witness's cosignature below the log's own; other signatures in the answer are left out.
pub(super) fn add(note: &SignedNote, answer: &[u8], key: &WitnessKey) -> Result<SignedNote, AnswerError> {
    let joined = [note.text().as_bytes(), b"\n", answer].concat();
    let answer = SignedNote::parse(&joined).map_err(AnswerError::Malformed)?;
    // An answer with an empty line in it would move the end of the text.
    if answer.text() != note.text() {
        return Err(AnswerError::Malformed(NoteError::Unsigned));
    }
    let mut cosigned = note.clone();
    cosigned.add(key.cosignature(&answer)?.signature.clone()).map_err(AnswerError::Malformed)?;
    Ok(cosigned)
}
