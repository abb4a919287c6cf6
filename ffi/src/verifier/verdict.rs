//! The verdict, in memory of the caller.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::mem::size_of;

use super::report::{Report, quoted};
use crate::boundary::{Extensible, field};
use crate::code::Err;
use crate::failure::Failure;

/// The bytes of `ar_verdict.reason`, with the NUL that ends it.
pub const AR_REASON: usize = 64;
/// The bytes of `ar_verdict.chain_id`, with the NUL that ends it.
pub const AR_VERDICT_CHAIN: usize = 1024;
/// The bytes of `ar_verdict.error`, with the NUL that ends it.
pub const AR_VERDICT_ERROR: usize = 512;

/// Whether receipts hold.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No verdict. With `AR_ERR_NOT_VALID`: what was looked at holds, and receipts that were moved to archives were not looked at.
    None = 0,
    /// Every receipt is signed, linked and in its place.
    Valid = 1,
    /// Something is wrong.
    Broken = 2,
    /// There is nothing that could hold, or not the chain that was asked for. Never valid.
    Empty = 3,
}

/// The verdict over everything that was looked at; written by `AR_OK` (valid) and `AR_ERR_NOT_VALID` (broken, empty, or
/// not all of it checked). Start from `AR_VERDICT_INIT`. Texts are UTF-8, ended by NUL, and cut if they do not fit; `ar_verifier_report_json` has them whole.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Verdict {
    /// `sizeof(ar_verdict)`, set by the caller.
    pub size: usize,
    /// An `ar_outcome`.
    pub outcome: i32,
    /// 0.
    pub reserved: u32,
    /// The number of chains.
    pub chains: u64,
    /// How many of them are not valid.
    pub faulty_chains: u64,
    /// The number of receipts.
    pub receipts: u64,
    /// Where the first faulty chain is broken: the receipt's index there, from 0, or -1.
    pub broken_at: i64,
    /// Why it is, a stable word such as `bad_signature`; empty when valid.
    pub reason: [c_char; AR_REASON],
    /// The first faulty chain; empty when valid.
    pub chain_id: [c_char; AR_VERDICT_CHAIN],
    /// The same as `reason` for people, where there is more to say.
    pub error: [c_char; AR_VERDICT_ERROR],
}

// SAFETY: `repr(C)`, `size` first, numbers only.
unsafe impl Extensible for Verdict {
    const NAME: &'static str = "verdict";
    const FIRST: usize =
        size_of::<usize>() + 8 + 4 * size_of::<u64>() + AR_REASON + AR_VERDICT_CHAIN + AR_VERDICT_ERROR;
}

impl Verdict {
    /// The verdict as C reads it, and whether the call succeeded with it.
    pub(super) fn of(report: &Report) -> (Self, Result<(), Failure>) {
        let fault = report.first_fault();
        let outcome = match (report.valid, fault) {
            (true, _) => Outcome::Valid,
            (false, Some(fault)) if fault.result == "BROKEN" => Outcome::Broken,
            (false, None) if !report.conflicts.is_empty() => Outcome::None,
            (false, _) => Outcome::Empty,
        };
        let mut verdict = Self {
            size: size_of::<Self>(),
            outcome: outcome as i32,
            reserved: 0,
            chains: report.chains.len() as u64,
            faulty_chains: report.chains.iter().filter(|chain| !chain.is_valid()).count() as u64,
            receipts: report.receipts,
            broken_at: -1,
            reason: [0; AR_REASON],
            chain_id: [0; AR_VERDICT_CHAIN],
            error: [0; AR_VERDICT_ERROR],
        };
        if report.valid {
            return (verdict, Ok(()));
        }
        if let (None, Some(conflict)) = (fault, report.conflicts.first()) {
            field(&mut verdict.reason, "not_checked");
            field(&mut verdict.error, conflict);
            return (verdict, Err(Failure::new(Err::NotValid, conflict.as_str())));
        }
        let Some(fault) = fault else {
            field(&mut verdict.reason, "empty");
            return (verdict, Err(Failure::new(Err::NotValid, "there are no receipts")));
        };
        let (reason, told) = (fault.reason(), fault.verdict.error.as_deref().unwrap_or_default());
        verdict.broken_at = fault.verdict.broken_at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1);
        field(&mut verdict.reason, &reason);
        field(&mut verdict.chain_id, &fault.chain_id);
        field(&mut verdict.error, told);
        let chain_id = quoted(&fault.chain_id);
        let words = if told.is_empty() { reason.replace('_', " ") } else { told.to_owned() };
        (verdict, Err(Failure::new(Err::NotValid, format!("chain `{chain_id}` does not hold: {words}"))))
    }
}
