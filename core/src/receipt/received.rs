//! A receipt as it was received: parsed once, canonicalised once, judged as it stands.

use super::{DecodeError, Receipt};
use crate::excerpt::excerpt;
use crate::hash::ReceiptHash;
use crate::json::{Rules, Value, canonical, parse};
use crate::key::PublicKey;
use crate::signature::{Signature, SignatureError};

/// A receipt together with the canonical form of the very JSON it came in, proof left out.
///
/// Hash and signature are taken over what was received, not over what this version of the types would write,
/// so a member that nobody here knows never breaks a valid receipt (and never goes unsigned).
///
/// ```
/// # fn judge(text: &[u8], key: &agent_receipts_core::PublicKey) -> Result<(), Box<dyn std::error::Error>> {
/// use agent_receipts_core::Received;
///
/// let received = Received::parse(text)?;
/// let verified = received.verify(key)?;
/// println!("{} {}", received.receipt().id, verified.hash);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Received {
    receipt: Receipt,
    canonical: Vec<u8>,
}

/// What a signature was found to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Hash of the bytes that the signature covers; what the next receipt links to.
    pub hash: ReceiptHash,
    /// Which reading of the receipt these bytes are.
    pub form: Form,
}

/// The reading of a received receipt under which its signature holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The received JSON minus its proof.
    Received,
    /// The same without nulls that mean "absent", those inside `issuer.runtime` kept (as the Go SDK hashes).
    NullsLeftOut,
    /// The same without any null but `previous_receipt_hash` (as the TypeScript and Python SDKs hash).
    AllNullsLeftOut,
}

impl Received {
    /// Reads a receipt. The text is held to [`Rules::Receipt`].
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the text is not JSON, has a member twice, or is not shaped like a receipt.
    pub fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        let mut value = parse(text, Rules::Receipt)?;
        let proof = match &mut value {
            Value::Object(object) => object.remove("proof"),
            _ => None,
        };
        let canonical = canonical(&value);
        if let (Value::Object(object), Some(proof)) = (&mut value, proof) {
            object.insert("proof", proof);
        }
        Ok(Self { receipt: Receipt::from_value(value)?, canonical })
    }

    /// The typed receipt.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The typed receipt, for keeps.
    pub fn into_receipt(self) -> Receipt {
        self.receipt
    }

    /// The signed bytes: the canonical form of the received JSON without `proof` (specification §5.1).
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Hash of [`Received::canonical`].
    pub fn hash(&self) -> ReceiptHash {
        ReceiptHash::of(&self.canonical)
    }

    /// Hash of another reading of this receipt, which differs from [`Received::hash`] only where nulls stand.
    pub fn hash_as(&self, form: Form) -> ReceiptHash {
        self.other_form(form).map_or_else(|| self.hash(), |bytes| ReceiptHash::of(&bytes))
    }

    /// Hash of what `action.trusted_timestamp` is about, if there is one: the signed bytes without the token, which stands among them
    /// and cannot cover itself (specification §7.7). Whoever has a receipt stamped hashes its draft before the token is put in.
    pub fn stamped_hash(&self) -> Option<ReceiptHash> {
        self.receipt.subject.action.trusted_timestamp.as_ref()?;
        let mut value = parse(&self.canonical, Rules::Receipt).ok()?;
        let subject = member_mut(&mut value, "credentialSubject")?;
        let Value::Object(action) = member_mut(subject, "action")? else { return None };
        action.remove("trusted_timestamp")?;
        Some(ReceiptHash::of(&canonical(&value)))
    }

    /// Checks the signature with `key`: over the received JSON first, then, where it holds nulls that mean
    /// "absent", without them.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] says what is wrong with the proof, or that no reading of the receipt was signed by `key`.
    pub fn verify(&self, key: &PublicKey) -> Result<Verified, SignatureError> {
        let proof = self.receipt.proof.as_ref().ok_or(SignatureError::MissingProof)?;
        if proof.kind != PROOF_TYPE {
            return Err(SignatureError::UnsupportedProofType { found: excerpt(&proof.kind) });
        }
        let signature = Signature::from_proof_value(&proof.proof_value)?;
        let refusal = match key.verify(&self.canonical, &signature) {
            Ok(()) => return Ok(Verified { hash: self.hash(), form: Form::Received }),
            Err(refusal) => refusal,
        };
        for form in [Form::NullsLeftOut, Form::AllNullsLeftOut] {
            if let Some(bytes) = self.other_form(form)
                && key.verify(&bytes, &signature).is_ok()
            {
                return Ok(Verified { hash: ReceiptHash::of(&bytes), form });
            }
        }
        Err(refusal)
    }

    /// The canonical bytes of another form, or nothing where it is the same as the received one.
    fn other_form(&self, form: Form) -> Option<Vec<u8>> {
        if form == Form::Received || !contains_null(&self.canonical) {
            return None;
        }
        let value = parse(&self.canonical, Rules::Receipt).ok()?;
        let bytes = canonical(&without_nulls(value, form == Form::NullsLeftOut));
        (bytes != self.canonical).then_some(bytes)
    }
}

/// The one proof type that is accepted.
pub(crate) const PROOF_TYPE: &str = "Ed25519Signature2020";

/// A cheap look that only saves work: a false alarm inside a string costs one more comparison.
fn contains_null(canonical: &[u8]) -> bool {
    canonical.windows(4).any(|window| window == b"null")
}

fn member_mut<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    let Value::Object(object) = value else { return None };
    object.iter_mut().find(|(member, _)| *member == name).map(|(_, value)| value)
}

/// Leaves out null members, except `previous_receipt_hash`, whose null is a statement.
fn without_nulls(value: Value, keep_runtime: bool) -> Value {
    let mut root = value;
    let runtime = keep_runtime.then(|| take_runtime(&mut root)).flatten();
    root.remove_null_members("previous_receipt_hash");
    if let (Some(runtime), Value::Object(receipt)) = (runtime, &mut root)
        && let Some(mut issuer) = receipt.remove("issuer")
    {
        if let Value::Object(issuer) = &mut issuer {
            issuer.insert("runtime", runtime);
        }
        receipt.insert("issuer", issuer);
    }
    root
}

fn take_runtime(root: &mut Value) -> Option<Value> {
    let Value::Object(receipt) = root else { return None };
    let mut issuer = receipt.remove("issuer")?;
    let runtime = match &mut issuer {
        Value::Object(issuer) => issuer.remove("runtime").filter(|runtime| !runtime.is_null()),
        _ => None,
    };
    receipt.insert("issuer", issuer);
    runtime
}
