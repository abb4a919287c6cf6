//! The hook as hosts start it: a process, its standard input, and a socket at the other end.

// A test that cannot go on should stop where it stands, in a helper as well.
#![allow(clippy::unwrap_used)]

mod hosts;
mod never_in_the_way;
mod receiver;
mod what_does_not_fit;
