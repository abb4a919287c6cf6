//! What listens, on this machine only: a Unix socket for this user and root, or a port of the loopback interface.
//!
//! Whoever connects is not trusted: connections, their headers and bodies, and the time for each are bounded. On a port anybody
//! of this machine may connect, a page in a browser among them: `Host` and `Origin` are checked against that, and a [`Token`]
//! tells who may speak.

mod body;
mod door;
mod limits;
mod token;
mod welcome;

#[cfg(test)]
mod tests;

pub(crate) use body::{BodyError, read_body};
pub(crate) use door::{Caller, Door, serve};
pub(crate) use limits::Limits;
pub(crate) use token::Token;
pub(crate) use welcome::{Unwelcome, check};
