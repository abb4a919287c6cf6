//! A socket that the service manager bound before it started us.
#![allow(unsafe_code)]

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use thiserror::Error;

/// What the service manager passed cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ActivationError {
    /// A variable of the protocol holds no number.
    #[error("the environment variable {variable} is not a number")]
    Malformed {
        /// The variable's name.
        variable: &'static str,
    },
    /// More sockets than the one that there is a use for.
    #[error("{count} sockets were passed: give the socket unit one ListenStream=")]
    TooMany {
        /// How many.
        count: u32,
    },
    /// A socket was announced, and there is none.
    #[error("a socket was announced by LISTEN_FDS, and descriptor {FIRST} is not open")]
    NotOpen,
}

/// Takes the socket that was passed to this process, if one was.
///
/// Variables that name another process are not meant for us: they were left over by a parent. To be called before
/// anything else is opened, since the descriptor's number is all that tells it from others.
///
/// # Errors
///
/// [`ActivationError`]. To bind a socket of our own instead would leave the service manager's unserved.
pub(crate) fn passed_socket(
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<OwnedFd>, ActivationError> {
    // Other systems' managers have other protocols.
    let count = if cfg!(target_os = "linux") { announced(env, std::process::id())? } else { 0 };
    match count {
        0 => return Ok(None),
        1 => {}
        count => return Err(ActivationError::TooMany { count }),
    }
    // SAFETY: the descriptor is only asked about, within this statement.
    let flags = rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(FIRST) });
    flags.map_err(|_| ActivationError::NotOpen)?;
    // SAFETY: it is open, and it was passed to this process to be owned by it. This function is called once, at the start
    // of the process, before anything was opened that could have got this number.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(FIRST) }))
}

/// How many sockets were passed to process `own`.
fn announced(env: &dyn Fn(&str) -> Option<OsString>, own: u32) -> Result<u32, ActivationError> {
    let number = |variable: &'static str| {
        let Some(value) = env(variable).filter(|value| !value.is_empty()) else { return Ok(None) };
        let parsed = value.to_str().and_then(|text| text.parse::<u32>().ok());
        parsed.map(Some).ok_or(ActivationError::Malformed { variable })
    };
    match (number("LISTEN_PID")?, number("LISTEN_FDS")?) {
        (Some(pid), Some(count)) if pid == own => Ok(count),
        _ => Ok(0),
    }
}

/// `SD_LISTEN_FDS_START` of `sd-daemon.h`.
const FIRST: i32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn announced_by(pid: &str, fds: &str) -> Result<u32, ActivationError> {
        let value = |name: &str| Some(OsString::from(if name == "LISTEN_PID" { pid } else { fds }));
        announced(&value, 42)
    }

    #[test]
    fn only_what_names_this_process_is_ours() {
        assert_eq!(announced_by("42", "1"), Ok(1));
        assert_eq!(announced_by("42", "3"), Ok(3));
        for (pid, fds) in [("41", "1"), ("", "1"), ("42", ""), ("42", "0"), ("", "")] {
            assert_eq!(announced_by(pid, fds), Ok(0), "{pid} {fds}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(announced_by("42", "one"), Err(ActivationError::Malformed { variable: "LISTEN_FDS" }));
        assert_eq!(announced_by("-42", "1"), Err(ActivationError::Malformed { variable: "LISTEN_PID" }));
        assert_eq!(announced_by("42", "1 "), Err(ActivationError::Malformed { variable: "LISTEN_FDS" }));
    }
}
