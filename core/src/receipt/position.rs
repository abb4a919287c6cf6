//! Where a receipt stands: its chain, the chain's parent, a change of key.

use super::members::{DecodeError, Member, Members, Part, put};
use crate::json::Object;

/// The link of a receipt into its chain (specification §4.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainPosition {
    /// Place in the chain, from 1.
    pub sequence: u64,
    /// Hash of the receipt before; null in the first.
    pub previous_receipt_hash: Option<String>,
    /// The chain.
    pub chain_id: String,
    /// True on the last receipt of a closed chain.
    pub terminal: Option<bool>,
    /// `complete` or `interrupted`; only with `terminal`.
    pub status: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for ChainPosition {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            sequence: members.required("sequence")?,
            previous_receipt_hash: members.nullable("previous_receipt_hash")?,
            chain_id: members.required("chain_id")?,
            terminal: members.optional("terminal")?,
            status: members.optional("status")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("sequence", self.sequence);
        object.insert("previous_receipt_hash", self.previous_receipt_hash);
        object.insert("chain_id", self.chain_id);
        put(&mut object, "terminal", self.terminal);
        put(&mut object, "status", self.status);
        object
    }
}

/// The receipt of a parent chain under which this chain was opened (specification §7.6).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delegation {
    /// Chain of the parent.
    pub parent_chain_id: String,
    /// Tail of the parent chain at that time.
    pub parent_receipt_id: String,
    /// Who delegated.
    pub delegator: Delegator,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Delegation {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            parent_chain_id: members.required("parent_chain_id")?,
            parent_receipt_id: members.required("parent_receipt_id")?,
            delegator: members.required("delegator")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("parent_chain_id", self.parent_chain_id);
        object.insert("parent_receipt_id", self.parent_receipt_id);
        object.insert("delegator", Member::encode(self.delegator));
        object
    }
}

/// Who opened a chain for another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delegator {
    /// Identifier, a DID.
    pub id: String,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Delegator {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self { id: members.required("id")?, extra: members.rest() })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("id", self.id);
        object
    }
}

/// The hand-over from one signing key to the next; the receipt is signed by the outgoing one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyRotation {
    /// Always `key_rotated`.
    pub event_type: String,
    /// Incoming key, `u` and base64url of 32 bytes.
    pub new_public_key: String,
    /// `sha256:<hex>` of the outgoing raw key.
    pub old_key_fingerprint: String,
    /// `sha256:<hex>` of the incoming raw key.
    pub new_key_fingerprint: String,
    /// Always `ed25519`.
    pub old_algorithm: String,
    /// Always `ed25519`.
    pub new_algorithm: String,
    /// Always `old`.
    pub signed_with: String,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for KeyRotation {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            event_type: members.required("event_type")?,
            new_public_key: members.required("new_public_key")?,
            old_key_fingerprint: members.required("old_key_fingerprint")?,
            new_key_fingerprint: members.required("new_key_fingerprint")?,
            old_algorithm: members.required("old_algorithm")?,
            new_algorithm: members.required("new_algorithm")?,
            signed_with: members.required("signed_with")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("event_type", self.event_type);
        object.insert("new_public_key", self.new_public_key);
        object.insert("old_key_fingerprint", self.old_key_fingerprint);
        object.insert("new_key_fingerprint", self.new_key_fingerprint);
        object.insert("old_algorithm", self.old_algorithm);
        object.insert("new_algorithm", self.new_algorithm);
        object.insert("signed_with", self.signed_with);
        object
    }
}
