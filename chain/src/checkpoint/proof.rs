//! One receipt in a log, shown without the log.

use agent_receipts_core::json::{JsonError, Object, Rules, Value, canonical, parse};
use agent_receipts_core::{DecodeError, Fingerprint, PublicKey, Received};

use super::note::NoteError;
use super::path::{read_path, write_path};
use super::signed::SignedCheckpoint;
use super::{Checkpoint, CheckpointError};
use crate::tree::{InclusionProof, NodeHash, ProofError};

/// A receipt, a signed checkpoint, and the hashes that lead from one to the other. Written as JSON:
///
/// `{"checkpoint":"<note>","format":"agent-receipts-proof/1","leaf_index":17,"path":"<base64 of the hashes>","public_key":"u…","receipt":{…}}`
///
/// The key stands in it for people and tools to look up. Whoever checks a proof brings the key that he trusts.
#[derive(Debug, Clone)]
pub struct ReceiptProof {
    receipt: Received,
    /// The receipt with its proof, as it was stored.
    value: Value,
    inclusion: InclusionProof,
    checkpoint: SignedCheckpoint,
    public_key: Option<PublicKey>,
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// What the checkpoint says, that a trusted key signed.
    pub checkpoint: Checkpoint,
    /// The key that signed the checkpoint.
    pub signed_by: Fingerprint,
    /// The key that signed the receipt.
    pub receipt_signed_by: Fingerprint,
}

/// Why something is no proof, or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptProofError {
    /// The file is longer than any proof.
    #[error("longer than {} bytes", ReceiptProof::MAX)]
    TooLong,
    /// It is not JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is not a proof, or one of a later version.
    #[error("no proof of the format `{FORMAT}`")]
    Format,
    /// A member is missing, or is not what it should be.
    #[error("`{member}` is missing or malformed")]
    Member {
        /// The member.
        member: &'static str,
    },
    /// The receipt in it cannot be read.
    #[error("the receipt: {0}")]
    Receipt(#[from] DecodeError),
    /// The checkpoint in it cannot be read.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is signed by none of the trusted keys.
    #[error("the checkpoint is not signed by a key that is trusted here; it names {named}")]
    NotTrusted {
        /// The key that the checkpoint names.
        named: Fingerprint,
    },
    /// The checkpoint's signature does not hold.
    #[error("the checkpoint: {0}")]
    Signature(NoteError),
    /// None of the known keys has signed the receipt.
    #[error("the receipt is not signed by a key that is known here")]
    ReceiptSignature,
    /// The hashes do not lead to the checkpoint's.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

impl ReceiptProof {
    /// The longest proof that is read, in bytes. A receipt may be long; what leads from it to the checkpoint is not.
    pub const MAX: usize = 16 << 20;

    /// Puts a proof together. `receipt_json` is the receipt as it is stored, and `public_key` the one that signed the checkpoint.
    ///
    /// # Errors
    ///
    /// [`ReceiptProofError`] where the text is no receipt. Whether the proof holds, [`ReceiptProof::verify`] says.
    pub fn new(
        receipt_json: &[u8],
        inclusion: InclusionProof,
        checkpoint: SignedCheckpoint,
        public_key: Option<PublicKey>,
    ) -> Result<Self, ReceiptProofError> {
        let value = parse(receipt_json, Rules::Receipt)?;
        Ok(Self { receipt: Received::parse(receipt_json)?, value, inclusion, checkpoint, public_key })
    }

    /// Reads a proof, believing nothing of it.
    ///
    /// # Errors
    ///
    /// [`ReceiptProofError`].
    pub fn parse(json: &[u8]) -> Result<Self, ReceiptProofError> {
        if json.len() > Self::MAX {
            return Err(ReceiptProofError::TooLong);
        }
        let proof = parse(json, Rules::Receipt)?;
        let proof = proof.as_object().ok_or(ReceiptProofError::Format)?;
        if text(proof, "format").ok() != Some(FORMAT) {
            return Err(ReceiptProofError::Format);
        }
        let wrong = |member| ReceiptProofError::Member { member };
        let checkpoint = SignedCheckpoint::parse(text(proof, "checkpoint")?.as_bytes())?;
        let leaf_index = proof.get("leaf_index").and_then(Value::as_u64).ok_or(wrong("leaf_index"))?;
        let path = read_path(text(proof, "path")?).ok_or(wrong("path"))?;
        let inclusion = InclusionProof { leaf_index, tree_size: checkpoint.checkpoint().size, path };
        let public_key = match proof.get("public_key") {
            None => None,
            Some(_) => {
                Some(PublicKey::from_multibase(text(proof, "public_key")?).map_err(|_| wrong("public_key"))?)
            }
        };
        let receipt = canonical(proof.get("receipt").ok_or(wrong("receipt"))?);
        Self::new(&receipt, inclusion, checkpoint, public_key)
    }

    /// The proof as it is written: one line of JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut proof: Object = [
            ("format", Value::from(FORMAT)),
            ("receipt", self.value.clone()),
            ("leaf_index", Value::from(self.inclusion.leaf_index)),
            ("path", Value::from(write_path(&self.inclusion.path))),
            ("checkpoint", Value::from(self.checkpoint.to_string())),
        ]
        .into_iter()
        .collect();
        if let Some(key) = &self.public_key {
            proof.insert("public_key", Value::from(key.to_multibase()));
        }
        let mut json = canonical(&proof.into());
        json.push(b'\n');
        json
    }

    /// Checks everything: that a trusted key signed the checkpoint, that the receipt lies under its root hash at its index, and
    /// that a trusted key, or one of `earlier`, signed the receipt. An earlier key need not be vouched for by anybody else: the
    /// checkpoint vouches for all that the receipt says.
    ///
    /// # Errors
    ///
    /// [`ReceiptProofError`].
    pub fn verify(&self, trusted: &[PublicKey], earlier: &[PublicKey]) -> Result<Proven, ReceiptProofError> {
        let said = self.checkpoint.checkpoint();
        let key = self.checkpoint.named_among(trusted);
        let key = key.ok_or(ReceiptProofError::NotTrusted { named: said.key })?;
        self.checkpoint.verify(key).map_err(ReceiptProofError::Signature)?;
        self.inclusion.verify(NodeHash::of_receipt(&self.receipt.hash()), &said.root)?;
        let signer = trusted.iter().chain(earlier).find(|key| self.receipt.verify(key).is_ok());
        let signer = signer.ok_or(ReceiptProofError::ReceiptSignature)?;
        Ok(Proven {
            checkpoint: said.clone(),
            signed_by: key.fingerprint(),
            receipt_signed_by: signer.fingerprint(),
        })
    }

    /// The receipt.
    pub fn receipt(&self) -> &Received {
        &self.receipt
    }

    /// The receipt's number in the log, from 0.
    pub fn leaf_index(&self) -> u64 {
        self.inclusion.leaf_index
    }
}

const FORMAT: &str = "agent-receipts-proof/1";

fn text<'a>(object: &'a Object, member: &'static str) -> Result<&'a str, ReceiptProofError> {
    object.get(member).and_then(Value::as_str).ok_or(ReceiptProofError::Member { member })
}
