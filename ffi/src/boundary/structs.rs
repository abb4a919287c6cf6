//! Structs that grow at their end (contract, section 4).
#![allow(unsafe_code)]

use std::mem::size_of;

use crate::code::Err;
use crate::failure::Failure;

/// The longest struct that is looked at.
const MOST: usize = 4096;

/// A struct of the caller that begins with its own size.
///
/// # Safety
///
/// The struct is `repr(C)`, its first field is a `usize` that says its size, and zeroes are a value of it.
pub(crate) unsafe trait Extensible: Copy {
    /// Its name in C.
    const NAME: &'static str;
    /// Its size in the first version that had it.
    const FIRST: usize;
}

/// Copies the caller's struct; what an older caller does not have is zero.
///
/// # Safety
///
/// `from` is NULL or points at as many readable bytes as its leading `size` says.
pub(crate) unsafe fn read_struct<S: Extensible>(from: *const S) -> Result<S, Failure> {
    // SAFETY: passed on from the caller.
    let size = unsafe { size_of_struct(from) }?;
    let known = size_of::<S>();
    // SAFETY: `size` bytes are readable, the caller says; `known` of them are looked past only if there are more.
    let beyond =
        unsafe { std::slice::from_raw_parts(from.cast::<u8>(), size) }.get(known..).unwrap_or_default();
    if beyond.iter().any(|byte| *byte != 0) {
        let why = format!("`{}` of {size} bytes holds fields that this library does not know", S::NAME);
        return Err(Failure::new(Err::StructSize, why));
    }
    let mut copy = std::mem::MaybeUninit::<S>::zeroed();
    // SAFETY: both hold that many bytes; the copy is the library's own, so they do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), copy.as_mut_ptr().cast(), size.min(known)) };
    // SAFETY: zeroes are a value of `S`, and so are a caller's first fields followed by zeroes: pointers and numbers.
    Ok(unsafe { copy.assume_init() })
}

/// Holds a struct that is to be written against the rules, before anything is done.
///
/// # Safety
///
/// As [`read_struct`], and the bytes are writable.
pub(crate) unsafe fn room_for_struct<S: Extensible>(to: *mut S) -> Result<(), Failure> {
    // SAFETY: passed on from the caller.
    unsafe { size_of_struct(to.cast_const()) }.map(|_| ())
}

/// Writes as much of `value` as the caller has room for, and leaves `size` as it is.
///
/// # Safety
///
/// [`room_for_struct`] has found `to` good, and it still is.
pub(crate) unsafe fn write_struct<S: Extensible>(to: *mut S, value: &S) {
    let head = size_of::<usize>();
    // SAFETY: `to` has at least a `size`, perhaps unaligned.
    let room = unsafe { to.cast::<usize>().read_unaligned() }.min(size_of::<S>());
    let (from, to) = (std::ptr::from_ref(value).cast::<u8>(), to.cast::<u8>());
    // SAFETY: `room` bytes are there on both sides, more than the head, and the value is the library's own.
    unsafe { std::ptr::copy_nonoverlapping(from.add(head), to.add(head), room - head) };
}

unsafe fn size_of_struct<S: Extensible>(pointer: *const S) -> Result<usize, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(S::NAME));
    }
    // SAFETY: not NULL, so it points at a struct that begins with its size, perhaps unaligned.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if (S::FIRST..=MOST.max(size_of::<S>())).contains(&size) {
        return Ok(size);
    }
    let why = format!("`{}` says that it has {size} bytes: start from its initialiser", S::NAME);
    Err(Failure::new(Err::StructSize, why))
}
