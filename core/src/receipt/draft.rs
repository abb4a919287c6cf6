//! A receipt on its way to being signed.

use super::received::PROOF_TYPE;
use super::{Proof, Receipt};
use crate::hash::ReceiptHash;
use crate::json::{Value, write_canonical, write_object_with_gap};
use crate::signature::{Signature, Signer};

/// A receipt in canonical form, waiting for its proof.
///
/// The hash, and so the link of the next receipt, does not depend on the signature: many drafts can be
/// chained one after the other and signed in any order.
#[derive(Debug, Clone)]
pub struct Draft {
    canonical: Vec<u8>,
    proof_at: usize,
    hash: ReceiptHash,
}

impl Draft {
    /// Canonicalises a receipt. A proof that it has is left out.
    pub fn new(mut receipt: Receipt) -> Self {
        receipt.proof = None;
        // Nor may a member that a caller put among the unknown ones pass for the proof.
        receipt.extra.remove("proof");
        let mut canonical = Vec::with_capacity(1536);
        // INVARIANT: `@context` sorts before `proof` and is always written, so a comma can lead the splice.
        let proof_at = match receipt.into_value() {
            Value::Object(ref object) => write_object_with_gap(object, "proof", &mut canonical),
            _ => 0,
        };
        let hash = ReceiptHash::of(&canonical);
        Self { canonical, proof_at, hash }
    }

    /// The bytes to sign (specification §5.1).
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// The hash of the receipt, to which its successor links.
    pub fn hash(&self) -> ReceiptHash {
        self.hash
    }

    /// The signed receipt, as canonical JSON. `created` is RFC 3339, `verification_method` a DID URL.
    pub fn attach(&self, signature: &Signature, created: &str, verification_method: &str) -> Vec<u8> {
        let proof = Proof {
            kind: PROOF_TYPE.to_owned(),
            created: created.to_owned(),
            verification_method: verification_method.to_owned(),
            proof_purpose: "assertionMethod".to_owned(),
            proof_value: signature.to_proof_value(),
            ..Proof::default()
        };
        let mut signed = Vec::with_capacity(self.canonical.len() + 320);
        signed.extend_from_slice(&self.canonical[..self.proof_at]);
        signed.extend_from_slice(b",\"proof\":");
        write_canonical(&super::members::Member::encode(proof), &mut signed);
        signed.extend_from_slice(&self.canonical[self.proof_at..]);
        signed
    }

    /// Signs, and attaches the signature.
    ///
    /// # Errors
    ///
    /// Whatever the signer gives.
    pub fn sign<S: Signer>(
        &self,
        signer: &S,
        created: &str,
        verification_method: &str,
    ) -> Result<Vec<u8>, S::Error> {
        Ok(self.attach(&signer.sign(&self.canonical)?, created, verification_method))
    }
}
