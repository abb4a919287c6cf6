//! Texts and values on their way into memory of the caller.
#![allow(unsafe_code)]

use std::ffi::c_char;

use crate::code::Err;
use crate::failure::Failure;

/// Writes `text` and a NUL to `buffer`, and its length to `*length` in any case (contract, section 3).
///
/// # Safety
///
/// `buffer` is NULL or has `capacity` writable bytes; `length` is NULL or points at a writable `size_t`.
pub(crate) unsafe fn text_out(
    text: &[u8],
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> Result<(), Failure> {
    if length.is_null() {
        return Err(Failure::null("length"));
    }
    // SAFETY: not NULL, so it points at a `size_t`, perhaps unaligned.
    unsafe { length.write_unaligned(text.len()) };
    if buffer.is_null() && capacity > 0 {
        return Err(Failure::null("buffer"));
    }
    if text.len() >= capacity {
        let why = format!("{} bytes and a NUL do not fit into {capacity}", text.len());
        return Err(Failure::new(Err::Buffer, why));
    }
    // SAFETY: `capacity` bytes are there, more than the text has; the text is the library's own.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(())
}

/// Writes `value` to `*place`.
///
/// # Safety
///
/// `place` is NULL or points at a writable `V`.
pub(crate) unsafe fn value_out<V>(value: V, place: *mut V, what: &str) -> Result<(), Failure> {
    if place.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: not NULL, so it points at a `V`, perhaps unaligned.
    unsafe { place.write_unaligned(value) };
    Ok(())
}

/// Fills one field of a struct with `text`, cut at a character's end, and a NUL; gives the whole text's length.
pub(crate) fn field<const N: usize>(place: &mut [c_char; N], text: &str) -> usize {
    let kept = text.floor_char_boundary(N.saturating_sub(1));
    let bytes = text.as_bytes()[..kept].iter().chain(std::iter::repeat(&0));
    for (place, byte) in place.iter_mut().zip(bytes) {
        // `char` is signed on some systems and not on others.
        *place = c_char::from_ne_bytes([*byte]);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(place: &[c_char]) -> Vec<u8> {
        place.iter().map(|byte| byte.to_ne_bytes()[0]).collect()
    }

    #[test]
    fn a_field_is_cut_between_characters() {
        let mut place = [1; 4];
        assert_eq!(field(&mut place, "añb"), 4);
        assert_eq!(shown(&place), "añ\0".as_bytes());
        assert_eq!(field(&mut place, "abñ"), 4);
        assert_eq!(shown(&place), b"ab\0\0");
        assert_eq!(field(&mut place, ""), 0);
        assert_eq!(shown(&place), b"\0\0\0\0");
    }
}
