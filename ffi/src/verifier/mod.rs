//! The offline verifier: its table, and what the exported functions are made of.

mod calls;
mod chains;
mod config;
mod database;
mod digest;
mod report;
mod session;
mod verdict;

use std::sync::Mutex;

use session::Session;

use crate::slots::Table;

pub use calls::{
    ar_verifier_add_key, ar_verifier_database, ar_verifier_feed, ar_verifier_finish, ar_verifier_free,
    ar_verifier_new, ar_verifier_observe, ar_verifier_report_json,
};
pub use config::{AR_REQUIRE_TERMINAL, AR_STRICT, KeyStanding, VerifierConfig};
pub use digest::{ar_canonicalise, ar_payload_hash, ar_receipt_hash};
pub use verdict::{AR_REASON, AR_VERDICT_CHAIN, AR_VERDICT_ERROR, Outcome, Verdict};

/// The ticket of a verifier: below 2^53, never 0, to be given back by `ar_verifier_free`.
pub type VerifierHandle = u64;

static VERIFIERS: Table<Mutex<Session>, 1024, 2> = Table::new();
