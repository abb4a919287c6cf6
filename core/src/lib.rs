//! What a receipt *is*: its types, its canonical bytes, its hash, the signature over one receipt, the names of keys
//! and actions. Wire-compatible with the Agent Receipts protocol, versions 0.1.0 to 0.6.0.
//!
//! This crate does no I/O. It opens no file and no socket, reads no clock, no environment and no randomness, and holds no
//! private key: time, identifiers and the [`Signer`] are arguments. Order among receipts (links, chains, key
//! rotation) is the business of `agent-receipts-chain`.
//!
//! ```
//! # #[cfg(feature = "crypto")] mod example {
//! use agent_receipts_core::{PublicKey, Received};
//!
//! pub fn is_genuine(receipt_json: &[u8], public_key_pem: &str) -> bool {
//!     let Ok(key) = PublicKey::from_pem(public_key_pem) else { return false };
//!     Received::parse(receipt_json).is_ok_and(|received| received.verify(&key).is_ok())
//! }
//! # }
//! # #[cfg(feature = "crypto")] assert!(!example::is_genuine(b"{}", ""));
//! ```
//!
//! # Glossary
//!
//! *Receipt*: a signed statement about one action. *Chain*: receipts in order, each holding the hash of the one
//! before (its *link*). *Issuer*: who signs. *Principal*: on whose behalf the action was taken. *Peer credential*:
//! the emitting process as the kernel names it. *Draft*: a receipt that has its hash and not yet its signature.

#[cfg(feature = "disclosure")]
pub mod disclosure;
pub mod json;
#[cfg(feature = "redaction")]
pub mod redaction;
pub mod taxonomy;

mod address;
mod excerpt;
mod harmless;
mod receipt;
mod timestamp;
mod words;

#[cfg(feature = "crypto")]
mod clip;
#[cfg(feature = "crypto")]
mod hash;
#[cfg(feature = "crypto")]
mod key;
#[cfg(feature = "crypto")]
pub mod payload;
#[cfg(feature = "crypto")]
mod signature;

// The public interface is:

pub use address::open_address;
pub use harmless::{harmless_json, printable};
pub use receipt::{
    Action, Authorization, CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, ChainPosition, CredentialSubject,
    DecodeError, Delegation, Delegator, EmitterMetadata, Intent, Issuer, KeyRotation, Operator, Outcome,
    PeerCredential, Principal, Proof, Receipt, Runtime, StateChange, Target, UnknownVersion, Version,
};
pub use timestamp::{Timestamp, TimestampError};
pub use words::{OutcomeStatus, RiskLevel, UnknownWord};

#[cfg(feature = "crypto")]
pub use {
    clip::clipped,
    hash::{MalformedHash, ReceiptHash},
    key::{Fingerprint, KeyEncodingError, PublicKey},
    receipt::{Draft, Form, Received, Verified},
    signature::{Signature, SignatureError, Signer},
};
