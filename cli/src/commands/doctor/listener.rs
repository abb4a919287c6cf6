//! Who answers at the socket.

use std::io;
use std::path::Path;

use agent_receipts_ipc::Peer;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};

/// What came of connecting to the socket once, without a word.
pub(super) struct Listener {
    /// The process that listens, as the kernel names it; or why nobody answers.
    pub(super) answer: io::Result<Peer>,
}

impl Listener {
    /// Connects and hangs up. Never waits: where a connection would have to, the daemon does not keep up.
    pub(super) fn knock(path: &Path) -> Self {
        let answer = || {
            let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
            rustix::io::ioctl_fionbio(&socket, true)?;
            connect(&socket, &SocketAddrUnix::new(path)?)?;
            Peer::of(&socket)
        };
        Self { answer: answer() }
    }

    /// The user that the listening process runs as.
    pub(super) fn uid(&self) -> Option<u32> {
        self.answer.as_ref().ok().map(|peer| peer.uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An emitter would wait; whoever asks how the daemon is must not.
    #[test]
    fn a_full_queue_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listening = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&listening, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&listening, 0).unwrap();
        let refused = (0..1024).find_map(|_| Listener::knock(&path).answer.err());
        let kind = refused.map(|error| error.kind());
        // The second is how macOS says it.
        assert!(
            matches!(kind, Some(io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused)),
            "{kind:?}"
        );
    }
}
