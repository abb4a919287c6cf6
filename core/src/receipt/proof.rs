//! The signature block of a receipt.

use super::members::{DecodeError, Members, Part};
use crate::json::Object;

/// The signature of a receipt (specification §4.4). Nothing in it is itself signed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proof {
    /// `Ed25519Signature2020`.
    pub kind: String,
    /// When it was signed, RFC 3339.
    pub created: String,
    /// Which key, as a DID URL; not authenticated.
    pub verification_method: String,
    /// `assertionMethod`.
    pub proof_purpose: String,
    /// `u` and base64url of the 64 signature bytes.
    pub proof_value: String,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Proof {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: members.required("type")?,
            created: members.required("created")?,
            verification_method: members.required("verificationMethod")?,
            proof_purpose: members.required("proofPurpose")?,
            proof_value: members.required("proofValue")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("type", self.kind);
        object.insert("created", self.created);
        object.insert("verificationMethod", self.verification_method);
        object.insert("proofPurpose", self.proof_purpose);
        object.insert("proofValue", self.proof_value);
        object
    }
}
