//! One event's way through the daemon, in the order of these modules.
//!
//! [`admission`] decodes a frame on its connection's thread and does all that needs no order: hashing payloads, redaction,
//! risk. [`queue`] bounds what waits. [`sequence`] gives each event its place, identifiers and link, on one thread. [`seal`]
//! signs on every core. [`ledger`] commits a batch in one transaction and moves the heads; only then does [`writer`] acknowledge.
//! [`losses`] remembers what was refused or dropped until a receipt can tell of it.

pub(crate) mod admission;
pub(crate) mod heads;
pub(crate) mod ledger;
pub(crate) mod losses;
pub(crate) mod queue;
pub(crate) mod receipts;
pub(crate) mod resume;
pub(crate) mod seal;
pub(crate) mod sequence;
pub(crate) mod submission;
pub(crate) mod writer;
