//! The C interface: `agent-receipts-ipc`'s emitter and `agent-receipts-chain`'s verifier, for every language that can call C.
//!
//! The contract is `README.md` beside this crate; the header that C sees, `include/agent_receipts.h`, is generated from these
//! sources (`cargo xtask header`). This crate decides nothing about events or receipts: it turns C's arguments into Rust's,
//! and Rust's errors into numbers. It refuses to unwind into its caller, to keep a pointer beyond a call, to hand one out
//! that somebody would have to free, and to follow one before its length was judged.
//!
//! `unsafe` code stands in the modules that say so at their top, and nowhere else: `boundary` (memory of the caller), `slots`
//! (the table of objects), and the files of exported functions.
//!
//! Features: `emitter`, on by default, and `verifier`, which brings cryptography and SQLite.

// What every exported function asks of its caller is said once, in the contract (sections 3, 4 and 8).
#![allow(clippy::missing_safety_doc)]

mod about;
mod boundary;
mod code;
mod failure;
mod slots;

#[cfg(feature = "emitter")]
mod emitter;
#[cfg(feature = "verifier")]
mod verifier;

// The public interface is the C header; for Rust's own tests of it:

pub use about::{
    AR_ABI_MAJOR, AR_ABI_MINOR, AR_FEATURE_EMITTER, AR_FEATURE_VERIFIER, AR_MAX_FRAME, ar_abi_check,
    ar_error_class, ar_error_name, ar_features, ar_frame_version, ar_version,
};
pub use boundary::{AR_MESSAGE, Error, Text, ar_last_error};
pub use code::{Class, Err};

#[cfg(feature = "emitter")]
pub use emitter::{
    AR_BEST_EFFORT, AR_CHAIN_ID, AR_LEAVE_AT_ONCE, AR_NO_DROP_FOLDER, AR_PACKED_ABSENT, AR_RECEIPT_HASH,
    AR_RECEIPT_ID, AR_REFUSAL_CODE, AR_REFUSAL_MESSAGE, Ack, EmitterConfig, EmitterHandle, Event,
    ar_default_socket_path, ar_emitter_close, ar_emitter_dropped, ar_emitter_emit,
    ar_emitter_emit_acknowledged, ar_emitter_emit_packed, ar_emitter_emit_packed_acknowledged,
    ar_emitter_emit_packed_within, ar_emitter_free, ar_emitter_new, ar_emitter_session_id,
    ar_emitter_socket_path, ar_emitters_close_all,
};
#[cfg(feature = "verifier")]
pub use verifier::{
    AR_REASON, AR_REQUIRE_TERMINAL, AR_STRICT, AR_VERDICT_CHAIN, AR_VERDICT_ERROR, KeyStanding, Outcome,
    Verdict, VerifierConfig, VerifierHandle, ar_canonicalise, ar_payload_hash, ar_receipt_hash,
    ar_verifier_add_key, ar_verifier_database, ar_verifier_feed, ar_verifier_finish, ar_verifier_free,
    ar_verifier_new, ar_verifier_observe, ar_verifier_report_json,
};
