//! The part of verification that looks at one receipt alone, and so can run on any core in any order.

use agent_receipts_core::{Form, PublicKey, Received, SignatureError, Verified};

use crate::finding::Code;
use crate::schema;

/// A receipt with all that can be said of it without its neighbours.
#[derive(Debug)]
pub struct Examined {
    pub(crate) received: Received,
    pub(crate) key: PublicKey,
    pub(crate) signature: Result<Verified, SignatureError>,
    pub(crate) remarks: schema::Remarks,
}

impl Examined {
    /// The receipt.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// What came of checking the signature with the key that was guessed.
    pub fn signature(&self) -> &Result<Verified, SignatureError> {
        &self.signature
    }
}

/// Checks the signature with `key` and holds the receipt against the schema.
///
/// `key` is a guess, usually [`ChainVerifier::active_key`](crate::ChainVerifier::active_key) some receipts ago: the
/// sequential part checks again if a rotation came in between.
pub fn examine(received: Received, key: &PublicKey) -> Examined {
    let signature = received.verify(key);
    let mut remarks = schema::examine(received.receipt());
    if let Ok(Verified { form, .. }) = signature
        && form != Form::Received
    {
        remarks.push((Code::NullsLeftOut, "signed without the nulls that stand in it".into()));
    }
    Examined { received, key: *key, signature, remarks }
}
