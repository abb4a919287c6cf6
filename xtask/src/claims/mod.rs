//! The claims ledger: what a document states, a test holds.

mod check;
mod ledger;

pub use check::{ClaimBreach, check_claims};
pub use ledger::{Claim, Ledger, LedgerError};
