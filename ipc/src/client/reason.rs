//! Why the system did not do what was asked of it, in a form that compares.

use std::fmt;
use std::io;

/// Why the system did not connect, send or receive; displayed in the system's words where the standard library has none.
///
/// Two reasons are equal if they are displayed alike: a number is kept only where the kind says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemReason {
    /// The standard library has a name for it.
    Kind(io::ErrorKind),
    /// It has none; this is the system's number (`errno`), such as that of too many open files.
    Number(i32),
}

impl From<io::Error> for SystemReason {
    fn from(error: io::Error) -> Self {
        // The kind of what has no name cannot be named either: it is that of a number which is no error's.
        let unnamed = io::Error::from_raw_os_error(0).kind();
        match error.raw_os_error() {
            Some(number) if error.kind() == unnamed => Self::Number(number),
            _ => Self::Kind(error.kind()),
        }
    }
}

impl fmt::Display for SystemReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => kind.fmt(formatter),
            Self::Number(number) => io::Error::from_raw_os_error(*number).fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: i32) -> SystemReason {
        io::Error::from_raw_os_error(number).into()
    }

    #[test]
    fn what_has_a_name_is_told_by_it_and_what_has_none_by_the_system() {
        for (number, kind) in [
            (libc::ENOENT, io::ErrorKind::NotFound),
            (libc::ECONNREFUSED, io::ErrorKind::ConnectionRefused),
            (libc::EACCES, io::ErrorKind::PermissionDenied),
            (libc::ETIMEDOUT, io::ErrorKind::TimedOut),
            (libc::ENAMETOOLONG, io::ErrorKind::InvalidFilename),
        ] {
            assert_eq!((of(number), of(number).to_string()), (SystemReason::Kind(kind), kind.to_string()));
        }
        for number in [libc::EMFILE, libc::ENFILE, libc::EPROTOTYPE, libc::ENOBUFS] {
            let said = io::Error::from_raw_os_error(number).to_string();
            assert_eq!((of(number), of(number).to_string()), (SystemReason::Number(number), said));
        }
        assert_ne!(of(libc::EMFILE), of(libc::ENFILE));
    }

    #[test]
    fn what_no_system_call_said_is_told_by_its_kind() {
        let reason = SystemReason::from(io::Error::from(io::ErrorKind::UnexpectedEof));
        assert_eq!(reason, SystemReason::Kind(io::ErrorKind::UnexpectedEof));
        assert_eq!(reason.to_string(), "unexpected end of file");
    }
}
