//! Moving closed chains to an archive: which may go, the archive that holds them, and the daemon's binary, which alone takes them
//! out of the database.
//!
//! The archive is whole, durable and verified before anything is taken out. A crash before that leaves an archive that nobody
//! counts, or the same receipts twice, which is said and completed by the next run; one after it leaves nothing to do.

mod choose;
mod covered;
mod keys_needed;
mod plan;
mod take_out;

pub(crate) use choose::{Wish, choose};
pub(crate) use plan::{Leaving, Plan, Staying};
pub(crate) use take_out::{TakeOut, default_name, unfinished};
