//! Order: links, terminals, rotations, key lineage, and verification of whole chains as a stream.
//!
//! This crate does no I/O: it opens no file, no socket and no database and reads no clock. Rows are streamed in by
//! the caller, in order; memory is bounded however long a chain is. It holds no private key and writes no receipt.
//! It never says *valid* of what it could not check: an empty chain, a receipt that cannot be read, a key that the
//! published key does not vouch for.
//!
//! ```
//! use agent_receipts_chain::{ChainVerifier, Options, Outcome};
//! use agent_receipts_core::PublicKey;
//!
//! fn verify(receipts: &[&[u8]], key: PublicKey) -> bool {
//!     let mut verifier = ChainVerifier::new(key, Options::default());
//!     for receipt in receipts {
//!         verifier.push_json(receipt);
//!     }
//!     verifier.finish().outcome == Outcome::Valid
//! }
//! # assert!(!verify(&[], PublicKey::from_bytes([0; 32])));
//! ```
//!
//! # Glossary
//!
//! *Genesis key*: the key that signed the first receipt of a chain. *Rotation*: a receipt in which the outgoing key
//! names the incoming one. *Published key*: the key that a verifier was given as genuine. *Lineage*: the keys that the
//! published key vouches for. *Terminal*: a receipt that closes its chain. *Finding*: a remark that leaves the verdict
//! as it is.

pub mod audit;
pub mod checkpoint;
pub mod tree;

mod chain_id;
mod conclusion;
mod continuity;
mod duplicates;
mod event;
mod examine;
mod faults;
mod finding;
mod key_path;
mod key_ring;
mod lineage;
mod link;
mod options;
mod reference_text;
mod rotation;
mod schema;
mod scope;
mod store;
mod text;
mod verdict;
mod verifier;

// The public interface is:

pub use chain_id::{InvalidAgentId, agent_chain_id, is_agent_chain, next_chain_id, root_of};
pub use duplicates::DUPLICATE_WINDOW;
pub use event::{Check, CheckStatus, EVENT_CHECKS, EventJudgement, EventVerdict, judge_event};
pub use examine::{Examined, examine};
pub use faults::Reason;
pub use finding::{Code, FINDINGS_PER_CODE, Finding, Level};
pub use key_ring::{Genesis, KeyRing};
pub use lineage::KeyLineage;
pub use options::{Options, TimestampCheck};
pub use scope::{Scope, base_of, is_scoped_chain, scoped_chain_id};
pub use store::{Pushed, RowFacts, StoreVerdict, StoreVerifier};
pub use verdict::{Integrity, Outcome, Status, Step, Verdict};
pub use verifier::ChainVerifier;
