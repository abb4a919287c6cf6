//! Tells the service manager how the daemon is.
//!
//! Not a crate: those make a socket for each message, and the sandbox that is entered after the start lets none be connected
//! to a name outside of it. This one is connected once.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// The service manager, if one started us and listens.
#[derive(Debug, Default)]
pub(crate) struct Manager {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Manager {
    /// Connects to `$NOTIFY_SOCKET`, and reads how often `$WATCHDOG_USEC` wants a sign of life.
    ///
    /// # Errors
    ///
    /// What the system says if the socket is named and cannot be reached: such a manager would wait in vain for the daemon to
    /// be ready.
    pub(crate) fn find(env: &dyn Fn(&str) -> Option<OsString>) -> io::Result<Self> {
        let Some(name) = env("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Ok(Self::default());
        };
        let socket = connected(&name)?;
        // A manager that does not read must not hold up the recording.
        socket.set_nonblocking(true)?;
        Ok(Self { socket: Some(socket), watchdog: watchdog(env, std::process::id()) })
    }

    /// How often a sign of life is to be given: three times within what the manager waits, so that one may be late.
    pub(crate) fn heartbeat(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 3)
    }

    /// Events are taken in from now on.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// The daemon lives, and its writer does.
    pub(crate) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// Nothing new is taken in any more.
    pub(crate) fn stopping(&self, status: &str) {
        self.tell(&format!("STOPPING=1\nSTATUS={status}"));
    }

    fn tell(&self, message: &str) {
        if let Some(socket) = &self.socket {
            // A manager that has gone, or whose queue is full, learns it from the next message or needs it no more.
            let _ = socket.send(message.as_bytes());
        }
    }
}

fn connected(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match name.as_encoded_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', rest @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(rest)?;
            socket.connect_addr(&address)?;
        }
        [b'/', ..] => socket.connect(name)?,
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a path nor an abstract name")),
    }
    Ok(socket)
}

/// The span within which the manager wants to hear of process `own`. A variable that is malformed or meant for another
/// process is none: no sign of life is then given, and a manager that waits for one says so.
fn watchdog(env: &dyn Fn(&str) -> Option<OsString>, own: u32) -> Option<Duration> {
    let number = |name: &str| env(name)?.to_str()?.parse::<u64>().ok();
    if env("WATCHDOG_PID").is_some() && number("WATCHDOG_PID") != Some(own.into()) {
        return None;
    }
    number("WATCHDOG_USEC").filter(|limit| *limit > 0).map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn without_a_manager_nothing_is_told() {
        let manager = Manager::find(&with(&[("NOTIFY_SOCKET", "")])).unwrap();
        manager.ready("recording");
        assert_eq!(manager.heartbeat(), None);
    }

    #[test]
    fn a_manager_hears_each_message_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n");
        let socket = UnixDatagram::bind(&path).unwrap();
        let env = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "3000000")];
        let manager = Manager::find(&with(&env)).unwrap();
        assert_eq!(manager.heartbeat(), Some(Duration::from_secs(1)));
        manager.ready("recording");
        manager.alive();
        manager.stopping("bye");
        let heard = || {
            let mut space = [0; 100];
            let length = socket.recv(&mut space).unwrap();
            String::from_utf8(space[..length].to_vec()).unwrap()
        };
        assert_eq!(heard(), "READY=1\nSTATUS=recording");
        assert_eq!(heard(), "WATCHDOG=1");
        assert_eq!(heard(), "STOPPING=1\nSTATUS=bye");
    }

    #[test]
    fn a_manager_that_cannot_be_reached_is_an_error() {
        for name in ["/nowhere/at/all", "relative", "@agent-receipts-nobody-listens"] {
            assert!(Manager::find(&with(&[("NOTIFY_SOCKET", name)])).is_err(), "{name}");
        }
    }

    #[test]
    fn anothers_watchdog_is_not_ours() {
        let limit = |pairs: &[(&str, &str)]| watchdog(&with(pairs), 42);
        let two = Some(Duration::from_secs(2));
        assert_eq!(limit(&[("WATCHDOG_USEC", "2000000")]), two);
        assert_eq!(limit(&[("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "42")]), two);
        for pairs in [
            &[("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "41")][..],
            &[("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "x")],
            &[("WATCHDOG_USEC", "0")],
            &[("WATCHDOG_USEC", "soon")],
            &[],
        ] {
            assert_eq!(limit(pairs), None, "{pairs:?}");
        }
    }
}
