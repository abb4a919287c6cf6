//! Checkpoints of the database as it grows: a signed root hash over every receipt, and the heads that moved.
//!
//! [`tally`] is fed the rows of each batch once it is on disk; a receipt costs two hashes there, and nothing is written.
//! [`keeper`], a thread of its own, makes a checkpoint when enough receipts have come or enough time has passed, and at
//! shutdown. At start, and whenever somebody else has written to the database, it takes the tree up from what is stored
//! ([`backlog`]), while the daemon records.
//!
//! INVARIANT: nothing is signed that contradicts a checkpoint before it. Where what is stored is not what was signed for,
//! no further checkpoint is made, the log says so, and recording goes on: the evidence is in the earlier checkpoints.

pub(crate) mod backlog;
pub(crate) mod growth;
pub(crate) mod keeper;
pub(crate) mod making;
pub(crate) mod tally;
