//! Exit codes, which scripts rely on.

/// Everything asked for was done; what was judged is valid.
pub(crate) const OK: u8 = 0;
/// What was judged is broken, what was looked for is not there, or the work failed.
pub(crate) const FAILED: u8 = 1;
/// The question was wrong: unknown flags, impossible combinations, paths that cannot be read.
pub(crate) const USAGE: u8 = 2;
/// `verify-event` alone: cryptographically valid, but nothing tells which process caused it.
pub(crate) const NO_PROVENANCE: u8 = 3;
/// `disclose` alone: something is sealed, and there is no key that opens it.
pub(crate) const NOT_OPENED: u8 = 3;
/// No daemon answers and the caller insisted on one (`EX_UNAVAILABLE` of sysexits).
pub(crate) const UNAVAILABLE: u8 = 69;
/// The command could not be executed, as shells say it.
pub(crate) const NOT_EXECUTABLE: u8 = 126;
/// The command was not found, as shells say it.
pub(crate) const NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended a command, as shells do.
pub(crate) const SIGNAL_BASE: u8 = 128;
