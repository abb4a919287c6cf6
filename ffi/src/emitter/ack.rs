//! The daemon's answer, in memory of the caller.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::mem::size_of;

use agent_receipts_ipc as ipc;

use crate::boundary::{Extensible, field};
use crate::code::Err;
use crate::failure::Failure;

/// The bytes of `ar_ack.receipt_id`, with the NUL that ends it.
pub const AR_RECEIPT_ID: usize = 128;
/// The bytes of `ar_ack.chain_id`, with the NUL that ends it.
pub const AR_CHAIN_ID: usize = 1024;
/// The bytes of `ar_ack.receipt_hash`, with the NUL that ends it.
pub const AR_RECEIPT_HASH: usize = 80;
/// The bytes of `ar_ack.refusal_code`, with the NUL that ends it.
pub const AR_REFUSAL_CODE: usize = 64;
/// The bytes of `ar_ack.refusal_message`, with the NUL that ends it.
pub const AR_REFUSAL_MESSAGE: usize = 512;

/// What became of an event; written by `AR_OK` (there is a receipt, on disk) and `AR_ERR_REFUSED` (there is none). Start from
/// `AR_ACK_INIT`.
///
/// Each text is UTF-8, ended by NUL, and cut if it does not fit; its length field tells the whole one's, without NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ack {
    /// `sizeof(ar_ack)`, set by the caller.
    pub size: usize,
    /// The receipt's place in its chain, from 1; 0 when refused.
    pub sequence: u64,
    /// The length of `receipt_id`.
    pub receipt_id_length: usize,
    /// The length of `chain_id`.
    pub chain_id_length: usize,
    /// The length of `receipt_hash`.
    pub receipt_hash_length: usize,
    /// The length of `refusal_code`.
    pub refusal_code_length: usize,
    /// The length of `refusal_message`.
    pub refusal_message_length: usize,
    /// The receipt's id; empty when refused.
    pub receipt_id: [c_char; AR_RECEIPT_ID],
    /// The chain it stands in; empty when refused.
    pub chain_id: [c_char; AR_CHAIN_ID],
    /// Its hash, `sha256:` and 64 hex digits; empty when refused.
    pub receipt_hash: [c_char; AR_RECEIPT_HASH],
    /// A stable word for programs; empty when accepted.
    pub refusal_code: [c_char; AR_REFUSAL_CODE],
    /// A sentence for people; empty when accepted.
    pub refusal_message: [c_char; AR_REFUSAL_MESSAGE],
}

// SAFETY: `repr(C)`, `size` first, numbers only.
unsafe impl Extensible for Ack {
    const NAME: &'static str = "ack";
    const FIRST: usize = 6 * size_of::<usize>()
        + size_of::<u64>()
        + AR_RECEIPT_ID
        + AR_CHAIN_ID
        + AR_RECEIPT_HASH
        + AR_REFUSAL_CODE
        + AR_REFUSAL_MESSAGE;
}

impl Ack {
    const BLANK: Self = Self {
        size: size_of::<Self>(),
        sequence: 0,
        receipt_id_length: 0,
        chain_id_length: 0,
        receipt_hash_length: 0,
        refusal_code_length: 0,
        refusal_message_length: 0,
        receipt_id: [0; AR_RECEIPT_ID],
        chain_id: [0; AR_CHAIN_ID],
        receipt_hash: [0; AR_RECEIPT_HASH],
        refusal_code: [0; AR_REFUSAL_CODE],
        refusal_message: [0; AR_REFUSAL_MESSAGE],
    };

    /// The answer as C reads it, and whether the call succeeded with it.
    pub(super) fn of(answer: &ipc::Ack) -> (Self, Result<(), Failure>) {
        let mut ack = Self::BLANK;
        match answer {
            ipc::Ack::Accepted { receipt_id, chain_id, sequence, receipt_hash } => {
                ack.sequence = *sequence;
                ack.receipt_id_length = field(&mut ack.receipt_id, receipt_id);
                ack.chain_id_length = field(&mut ack.chain_id, chain_id);
                ack.receipt_hash_length = field(&mut ack.receipt_hash, receipt_hash);
                (ack, Ok(()))
            }
            ipc::Ack::Refused { code, message } => {
                ack.refusal_code_length = field(&mut ack.refusal_code, code);
                ack.refusal_message_length = field(&mut ack.refusal_message, message);
                let why = format!("the daemon refused the event ({code}): {message}");
                (ack, Err(Failure::new(Err::Refused, why)))
            }
        }
    }
}
