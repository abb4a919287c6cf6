//! Hashes and canonical bytes.
#![allow(unsafe_code)]

use std::ffi::c_char;

use agent_receipts_core::json::{self, Rules};
use agent_receipts_core::{Received, payload};

use super::session::MAX_LINE;
use crate::boundary::{Error, bytes, call, text_out};
use crate::code::Err;
use crate::failure::Failure;

/// The hash of one receipt, `sha256:` and 64 hex digits: what the next receipt of its chain links to. (In libraries with
/// `AR_FEATURE_VERIFIER`.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_receipt_hash(
    receipt: *const u8,
    receipt_length: usize,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller, here and below.
        let text = unsafe { given(receipt, receipt_length, "receipt") }?;
        let received = Received::parse(text)
            .map_err(|error| Failure::new(Err::Receipt, format!("not a receipt: {error}")))?;
        unsafe { text_out(received.hash().to_string().as_bytes(), buffer, capacity, length) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// The hash of a payload, `sha256:` and 64 hex digits, as a receipt has it of parameters and responses: over its canonical form. (In
/// libraries with `AR_FEATURE_VERIFIER`.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_payload_hash(
    json: *const u8,
    json_length: usize,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller, here and below.
        let value = parsed(unsafe { given(json, json_length, "json") }?)?;
        unsafe { text_out(payload::hash(&value).as_bytes(), buffer, capacity, length) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// The canonical form of a JSON text (RFC 8785). Of duplicate names the last wins; lone surrogates become U+FFFD. (In
/// libraries with `AR_FEATURE_VERIFIER`.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_canonicalise(
    json: *const u8,
    json_length: usize,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller, here and below.
        let value = parsed(unsafe { given(json, json_length, "json") }?)?;
        unsafe { text_out(&json::canonical(&value), buffer, capacity, length) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// # Safety
///
/// `data` is NULL or has `length` bytes that stay as they are while the result is used.
unsafe fn given<'a>(data: *const u8, length: usize, what: &str) -> Result<&'a [u8], Failure> {
    // SAFETY: passed on from the caller.
    unsafe { bytes(data, length, MAX_LINE, what) }?.ok_or_else(|| Failure::null(what))
}

fn parsed(text: &[u8]) -> Result<json::Value, Failure> {
    // What is not UTF-8 would be repaired by the rules for payloads; here it is refused, as everywhere at this boundary.
    if std::str::from_utf8(text).is_err() {
        return Err(Failure::not_utf8("json"));
    }
    json::parse(text, Rules::Payload).map_err(|error| Failure::new(Err::Json, format!("not json: {error}")))
}
