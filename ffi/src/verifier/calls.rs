//! Making, using and freeing verifiers.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::sync::{Mutex, TryLockError};

use super::config::{KeyStanding, VerifierConfig, key};
use super::session::Session;
use super::verdict::Verdict;
use super::{VERIFIERS, VerifierHandle, database};
use crate::boundary::{
    Error, Text, bytes, call, read_struct, room_for_struct, text_out, value_out, write_struct,
};
use crate::code::Err;
use crate::failure::Failure;

/// The most bytes that one call takes; more are given in several.
const MOST: usize = 1 << 30;

/// Makes a verifier. (All `ar_verifier_` functions: in libraries with `AR_FEATURE_VERIFIER`.)
///
/// Then: `ar_verifier_add_key` for other keys; `ar_verifier_database`, or all receipts through `ar_verifier_observe` and once more
/// through `ar_verifier_feed`; `ar_verifier_finish`; `ar_verifier_report_json`; `ar_verifier_free`. Another order is `AR_ERR_ORDER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_new(
    config: *const VerifierConfig,
    verifier: *mut VerifierHandle,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller, here and below.
        unsafe { value_out(0, verifier, "verifier") }?;
        let config = unsafe { read_struct(config) }?;
        let session = unsafe { config.session() }?;
        let ticket = VERIFIERS.insert(Mutex::new(session))?;
        unsafe { value_out(ticket, verifier, "verifier") }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Adds a key beside the published one: PEM, `did:key:z…` or multibase. `standing` is an `ar_key_standing`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_add_key(
    verifier: VerifierHandle,
    public_key: Text,
    standing: i32,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller.
        let text = unsafe { public_key.read("public_key") }?;
        let key = key(text.unwrap_or_default())?;
        let standing = KeyStanding::from_number(standing)?;
        with(verifier, |session| session.add_key(key, standing))
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Looks receipts through for hand-overs from one key to the next, wherever they stand. Needed only where a key was replaced, and
/// then all receipts must come this way before the first is fed.
///
/// `lines` is `length` bytes of whole lines, one receipt each, chain by chain in sequence; any number of calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_observe(
    verifier: VerifierHandle,
    lines: *const u8,
    length: usize,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller.
        let lines = unsafe { bytes(lines, length, MOST, "lines") }?.unwrap_or_default();
        with(verifier, |session| session.observe(lines))
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Verifies receipts: `length` bytes of whole lines, one receipt each, each chain in sequence; any number of calls.
///
/// `AR_OK` only means that they were taken. A line that is no receipt breaks the chain of the line before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_feed(
    verifier: VerifierHandle,
    lines: *const u8,
    length: usize,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller.
        let lines = unsafe { bytes(lines, length, MOST, "lines") }?.unwrap_or_default();
        with(verifier, |session| session.feed(lines))
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Verifies all chains of a database, or the one of the configuration. The database is read and never written, also while a daemon
/// writes it. `AR_OK` only means that it was read: the verdict is `ar_verifier_finish`'s.
///
/// Archives beside the database are not read: where receipts of what was asked for were moved to one, the verdict is
/// `AR_ERR_NOT_VALID` with the reason `not_checked`, unless something is broken; `agent-receipts verify` reads them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_database(
    verifier: VerifierHandle,
    path: Text,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller.
        let path = unsafe { path.read_path("path") }?.ok_or_else(|| Failure::null("path"))?;
        with(verifier, |session| {
            session.take_whole(|trust, only, options| database::verify(path, trust, only, options))
        })
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// The verdict: `AR_OK` if and only if there are receipts, all of them were checked and all of them hold, `AR_ERR_NOT_VALID` if not.
/// May be asked again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_finish(
    verifier: VerifierHandle,
    verdict: *mut Verdict,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller.
        unsafe { room_for_struct(verdict) }?;
        with(verifier, |session| {
            let (told, outcome) = Verdict::of(session.finish()?);
            // SAFETY: there is room.
            unsafe { write_struct(verdict, &told) };
            outcome
        })
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// The verdict on every chain, and all remarks, as JSON with the members of `agent-receipts verify --json`; after
/// `ar_verifier_finish`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_report_json(
    verifier: VerifierHandle,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut Error,
) -> Err {
    let body = || {
        with(verifier, |session| {
            let json = session.report()?.json()?;
            // SAFETY: passed on from the caller.
            unsafe { text_out(json.as_bytes(), buffer, capacity, length) }
        })
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Takes the verifier's ticket back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_verifier_free(verifier: VerifierHandle, error: *mut Error) -> Err {
    // SAFETY: passed on from the caller.
    unsafe { call(error, || VERIFIERS.remove(verifier)) }
}

/// One thread at a time. Nobody waits: the other thread may have been left behind by a fork.
fn with<R>(
    verifier: VerifierHandle,
    work: impl FnOnce(&mut Session) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let session = VERIFIERS.enter(verifier)?;
    let mut session = match session.try_lock() {
        Ok(session) => session,
        // Whoever panicked has poisoned the ticket too, but for one who was already inside.
        Err(TryLockError::Poisoned(_)) => {
            return Err(Failure::new(Err::Poisoned, "the library panicked over this object before: free it"));
        }
        Err(TryLockError::WouldBlock) => {
            return Err(Failure::new(Err::BusyVerifier, "another thread is using this verifier"));
        }
    };
    work(&mut session)
}
