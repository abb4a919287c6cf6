//! A store held against checkpoints that were kept elsewhere.
//!
//! What a chain cannot say of itself, a checkpoint out of its owner's reach can: that its end was cut off, that the store was put
//! back to an earlier state, that somebody who had the key wrote the chain anew, that a rotation never was.
//!
//! Signatures come first: evidence that no vouched-for key signed is a finding of its own, and proves nothing else. Then every
//! row is taken in the order of commitment; the tree is built anew, and nothing that stands beside the rows is believed.

mod evidence;
mod finding;
mod pass;

pub use evidence::{Evidence, EvidenceError, Statement};
pub use finding::{AuditFinding, AuditFindingKind};
pub use pass::{Audit, AuditReport, is_vouched_for};
