//! One event's way through the daemon, in the order of these modules.
//!
//! [`admission`] decodes a frame on its connection's thread and does all that needs no order: hashing payloads, redaction,
//! risk. [`queue`] bounds what waits. [`writer`] takes it out in batches: [`sequence`] gives each event its place, identifiers and
//! link, on one thread, with [`roots`] and [`allotment`] deciding on which chain, and [`seal`] signs on every core, while [`committer`] writes the batch before in one transaction. Once
//! that is on disk the heads move, and [`answers`] tells those who asked. [`ledger`] is store, key and order in one hand.
//! [`losses`] remembers what was refused or dropped until a receipt can tell of it.

pub(crate) mod admission;
pub(crate) mod allotment;
pub(crate) mod answers;
pub(crate) mod committer;
pub(crate) mod heads;
pub(crate) mod key_in_use;
pub(crate) mod ledger;
pub(crate) mod losses;
pub(crate) mod queue;
pub(crate) mod receipts;
pub(crate) mod resume;
pub(crate) mod roots;
pub(crate) mod seal;
pub(crate) mod sequence;
pub(crate) mod shared_store;
pub(crate) mod submission;
pub(crate) mod writer;
