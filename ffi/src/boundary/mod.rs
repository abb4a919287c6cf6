//! Memory of the caller: everything that is read from it or written to it goes through here.

mod buffer;
mod error;
mod structs;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::code::Err;
use crate::failure::Failure;

pub use error::{AR_MESSAGE, Error, ar_last_error};
pub use text::Text;

pub(crate) use buffer::{field, text_out, value_out};
pub(crate) use structs::{Extensible, read_struct, room_for_struct, write_struct};
pub(crate) use text::bytes;

/// Runs one call: nothing unwinds out of it, and what fails is told through `error`.
///
/// # Safety
///
/// `error` is NULL or points at an `ar_error` whose `size` says how much of it there is.
#[allow(unsafe_code)]
pub(crate) unsafe fn call(error: *mut Error, body: impl FnOnce() -> Result<(), Failure>) -> Err {
    // SAFETY: passed on from the caller.
    if let Err(failure) = unsafe { error::check(error) } {
        return error::remember(&failure);
    }
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => Err::Ok,
        // SAFETY: `check` has found that there is room.
        Ok(Err(failure)) => unsafe { error::tell(error, &failure) },
        Err(panic) => {
            // A panic's payload may panic again when it is dropped.
            std::mem::forget(panic);
            // SAFETY: as above.
            unsafe {
                error::tell(error, &Failure::new(Err::Panic, "the library panicked: please report this"))
            }
        }
    }
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_at_the_boundary() {
        let mut error = Error::new();
        // SAFETY: `error` is a whole one of this version.
        assert_eq!(unsafe { call(&mut error, || panic!("on purpose")) }, Err::Panic);
        assert_eq!((error.code, error.message()), (900, "the library panicked: please report this"));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { call(std::ptr::null_mut(), || panic!("on purpose")) }, Err::Panic);
    }

    #[test]
    fn success_leaves_the_error_alone() {
        let mut error = Error::new();
        error.code = 7;
        // SAFETY: `error` is a whole one of this version.
        assert_eq!(unsafe { call(&mut error, || Ok(())) }, Err::Ok);
        assert_eq!(error.code, 7);
    }
}
