//! The receipt as typed parts, the way in ([`Received`]) and the way out ([`Draft`]).

mod action;
mod issuer;
mod members;
mod outcome;
mod position;
mod proof;
mod subject;
mod version;

#[cfg(feature = "crypto")]
mod draft;
#[cfg(feature = "crypto")]
mod received;

pub use action::{Action, EmitterMetadata, PeerCredential, Target};
pub use issuer::{Issuer, Operator, Runtime};
pub use members::DecodeError;
pub use outcome::{Authorization, Intent, Outcome, StateChange};
pub use position::{ChainPosition, Delegation, Delegator, KeyRotation};
pub use proof::Proof;
pub use subject::{CredentialSubject, Principal};
pub use version::{CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, UnknownVersion, Version};

#[cfg(feature = "crypto")]
pub use draft::Draft;
#[cfg(feature = "crypto")]
pub use received::{Form, Received, Verified};

use crate::json::{Object, Value};
use members::{Member, Members, Part, put};

/// A receipt: a W3C Verifiable Credential over one action of an agent (specification §4.1).
///
/// Versions 0.1.0 to 0.6.0 decode into this one type. Optional members that are absent or null are `None`;
/// members that no version knows stay in the `extra` of the part they stand in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receipt {
    /// JSON-LD contexts, in order.
    pub context: Vec<String>,
    /// `urn:receipt:<uuid>`.
    pub id: String,
    /// `VerifiableCredential` and `AgentReceipt`.
    pub types: Vec<String>,
    /// Version of the receipt format, such as `0.5.0`.
    pub version: String,
    /// Who issued it.
    pub issuer: Issuer,
    /// When it was issued, RFC 3339.
    pub issuance_date: String,
    /// What it states.
    pub subject: CredentialSubject,
    /// Its signature; absent before signing.
    pub proof: Option<Proof>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Receipt {
    /// Reads a receipt from a parsed document.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] names the first member that is missing or of a wrong type.
    pub fn from_value(value: Value) -> Result<Self, DecodeError> {
        Self::from_members(Members::of(value, "")?)
    }

    /// The receipt as a document: optional members without a value are left out.
    pub fn into_value(self) -> Value {
        self.into_object().into()
    }
}

impl Part for Receipt {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            context: members.required("@context")?,
            id: members.required("id")?,
            types: members.required("type")?,
            version: members.required("version")?,
            issuer: members.required("issuer")?,
            issuance_date: members.required("issuanceDate")?,
            subject: members.required("credentialSubject")?,
            proof: members.optional("proof")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("@context", self.context.encode());
        object.insert("id", self.id);
        object.insert("type", self.types.encode());
        object.insert("version", self.version);
        object.insert("issuer", Member::encode(self.issuer));
        object.insert("issuanceDate", self.issuance_date);
        object.insert("credentialSubject", Member::encode(self.subject));
        put(&mut object, "proof", self.proof);
        object
    }
}
