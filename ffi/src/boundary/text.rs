//! Texts and bytes of the caller, judged by their length before they are read.
#![allow(unsafe_code)]

use crate::about::AR_MAX_FRAME;
use crate::code::Err;
use crate::failure::Failure;

/// A text of the caller's, read during the call only: `length` bytes of UTF-8 at `data`, without a terminator.
///
/// NULL with length 0 is an absent text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// The first byte.
    pub data: *const std::ffi::c_char,
    /// How many bytes there are.
    pub length: usize,
}

impl Text {
    /// The text; `what` names it in errors.
    ///
    /// # Safety
    ///
    /// `data` is NULL or points at `length` bytes that stay readable and unchanged while the result is used.
    pub(crate) unsafe fn read(&self, what: &str) -> Result<Option<&str>, Failure> {
        // SAFETY: passed on from the caller.
        let Some(bytes) = (unsafe { bytes(self.data.cast(), self.length, AR_MAX_FRAME, what) })? else {
            return Ok(None);
        };
        std::str::from_utf8(bytes).map(Some).map_err(|_| Failure::not_utf8(what))
    }

    /// The bytes of a path; an empty one is none.
    ///
    /// # Safety
    ///
    /// As [`Text::read`].
    pub(crate) unsafe fn read_path(&self, what: &str) -> Result<Option<&std::path::Path>, Failure> {
        use std::os::unix::ffi::OsStrExt;
        // SAFETY: passed on from the caller.
        let bytes = unsafe { bytes(self.data.cast(), self.length, MAX_PATH, what) }?;
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
        if bytes.contains(&0) {
            return Err(Failure::new(Err::Path, format!("`{what}` holds NUL")));
        }
        Ok(Some(std::path::Path::new(std::ffi::OsStr::from_bytes(bytes))))
    }
}

/// The longest path that is looked at, in bytes; no system takes longer ones.
const MAX_PATH: usize = 4096;

/// `length` bytes at `data`, or none if it is NULL and empty. Longer than `most`, they are not looked at.
///
/// # Safety
///
/// `data` is NULL or points at `length` bytes that stay readable and unchanged for `'a`.
pub(crate) unsafe fn bytes<'a>(
    data: *const u8,
    length: usize,
    most: usize,
    what: &str,
) -> Result<Option<&'a [u8]>, Failure> {
    if length > most {
        return Err(Failure::new(Err::TooLarge, format!("`{what}` has {length} bytes (max {most})")));
    }
    match (data.is_null(), length) {
        (true, 0) => Ok(None),
        (true, _) => Err(Failure::null(what)),
        // SAFETY: not NULL and not longer than the caller says; `most` is far below `isize::MAX`.
        (false, _) => Ok(Some(unsafe { std::slice::from_raw_parts(data, length) })),
    }
}
