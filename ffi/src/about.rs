//! What a library says of itself before it is used.
#![allow(unsafe_code)]

use std::ffi::c_char;

use crate::boundary::{Error, call};
use crate::code::{Class, Err};
use crate::failure::Failure;

/// The major number of this header: another one does not fit.
pub const AR_ABI_MAJOR: u32 = 1;
/// The minor number of this header: a library with a greater one fits, a library with a smaller one does not.
pub const AR_ABI_MINOR: u32 = 0;

/// `ar_features`: this library emits.
pub const AR_FEATURE_EMITTER: u32 = 1;
/// `ar_features`: this library verifies.
pub const AR_FEATURE_VERIFIER: u32 = 2;

/// The most bytes that one event may take on the wire, and any one text that is given to an emitter.
pub const AR_MAX_FRAME: usize = 1_048_576;

/// Whether this library fits a program that was compiled with a header of these numbers: `AR_OK` or `AR_ERR_ABI`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_abi_check(major: u32, minor: u32, error: *mut Error) -> Err {
    // Written for any pair of numbers, of which this one's minor is the least.
    #[allow(clippy::absurd_extreme_comparisons)]
    let body = || match major == AR_ABI_MAJOR && minor <= AR_ABI_MINOR {
        true => Ok(()),
        false => Err(Failure::new(
            Err::Abi,
            format!(
                "this library is {AR_ABI_MAJOR}.{AR_ABI_MINOR}, which does not fit a header of {major}.{minor}"
            ),
        )),
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// The library's version, such as `0.1.0`; lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn ar_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The version of the frames that an emitter writes, `1`; lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn ar_frame_version() -> *const c_char {
    c"1".as_ptr()
}

/// Which halves this library holds: `AR_FEATURE_EMITTER`, `AR_FEATURE_VERIFIER` or both.
#[unsafe(no_mangle)]
pub extern "C" fn ar_features() -> u32 {
    let emitter = if cfg!(feature = "emitter") { AR_FEATURE_EMITTER } else { 0 };
    let verifier = if cfg!(feature = "verifier") { AR_FEATURE_VERIFIER } else { 0 };
    emitter | verifier
}

/// The name of an error's number as `error-codes.txt` has it, or NULL; lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn ar_error_name(code: i32) -> *const c_char {
    Err::from_number(code).map_or(std::ptr::null(), |code| code.name().as_ptr())
}

/// The class of an error's number; `AR_CLASS_LIBRARY` for one that is in no range.
#[unsafe(no_mangle)]
pub extern "C" fn ar_error_class(code: i32) -> Class {
    Class::of(code)
}
