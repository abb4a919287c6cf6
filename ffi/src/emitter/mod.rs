//! Emitters: their table, and what the exported functions are made of.

mod ack;
mod calls;
mod config;
mod event;
mod exit;
mod facts;
mod failures;
mod fields;
mod packed;

use agent_receipts_ipc::Emitter;

use crate::slots::Table;

pub use ack::{AR_CHAIN_ID, AR_RECEIPT_HASH, AR_RECEIPT_ID, AR_REFUSAL_CODE, AR_REFUSAL_MESSAGE, Ack};
pub use calls::{
    ar_emitter_close, ar_emitter_emit, ar_emitter_emit_acknowledged, ar_emitter_emit_packed,
    ar_emitter_emit_packed_acknowledged, ar_emitter_emit_packed_within, ar_emitter_free, ar_emitter_new,
};
pub use config::{AR_BEST_EFFORT, AR_LEAVE_AT_ONCE, AR_NO_DROP_FOLDER, EmitterConfig};
pub use event::Event;
pub use exit::ar_emitters_close_all;
pub use facts::{ar_default_socket_path, ar_emitter_dropped, ar_emitter_session_id, ar_emitter_socket_path};
pub use packed::AR_PACKED_ABSENT;

/// The ticket of an emitter: below 2^53, never 0, to be given back by `ar_emitter_free`.
pub type EmitterHandle = u64;

static EMITTERS: Table<Emitter, 65_536, 1> = Table::new();
