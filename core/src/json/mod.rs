//! JSON as receipts need it: read without recursion, every number an IEEE double, written in one way only.
//!
//! A general parser does not fit, because a payload that the reference accepts must be accepted here with the
//! same hash: nesting 10,000 deep, lone surrogates, invalid UTF-8, integers beyond 2^53. A receipt, on the
//! other hand, is read strictly, so that no two readers can see two documents in one text. [`Rules`] says
//! which of the two is wanted.

mod canonical;
mod check;
mod error;
mod object;
mod parse;
mod plain;
mod text;
mod value;

pub use canonical::{canonical, write_canonical, write_string};
pub use check::check_payload;
pub use error::JsonError;
pub use object::Object;
pub use parse::{MAX_DEPTH, Rules, parse};
pub use value::Value;

#[cfg(feature = "crypto")]
pub(crate) use canonical::write_object_with_gap;
