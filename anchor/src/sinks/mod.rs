//! The kinds of sinks, one a file.

pub(crate) mod file;
pub(crate) mod timestamp;
pub(crate) mod witness;

#[cfg(feature = "s3")]
pub(crate) mod s3;
