//! Who is at the other end of a connection, as the kernel says (wire protocol §1.4).

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(target_vendor = "apple")]
mod macos;

use std::io;
use std::os::fd::AsFd;

/// The process that connected. Taken before the first byte is read, and never from what the process says of itself.
///
/// The credential is that of the moment of connecting; a process may have handed its connection on since. The
/// executable is that of the moment of accepting, and of the interpreter where a script runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// `linux` or `darwin`, which says how to read the rest.
    pub platform: &'static str,
    /// The process; 0 where the system cannot name it, as for a peer in a foreign pid namespace.
    pub pid: i32,
    /// The effective user when it connected.
    pub uid: u32,
    /// The effective group when it connected.
    pub gid: u32,
    /// The executable's path, only if it certainly is that of the process that connected.
    pub exe_path: Option<String>,
}

impl Peer {
    /// Asks the kernel who is at the other end of `socket`, a connected Unix stream.
    ///
    /// An error means that there is no credential, and the connection must be dropped. Systems other than Linux and
    /// macOS always fail, with [`io::ErrorKind::Unsupported`].
    pub fn of(socket: impl AsFd) -> io::Result<Peer> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            linux::peer_of(socket.as_fd())
        }
        #[cfg(target_vendor = "apple")]
        {
            macos::peer_of(socket.as_fd())
        }
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        {
            let _ = socket;
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    #[test]
    fn a_pair_of_our_own_names_this_process() {
        let (one, _two) = UnixStream::pair().unwrap();
        let peer = Peer::of(&one).unwrap();
        assert_eq!(peer.pid, std::process::id() as i32);
        assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
        assert_eq!(peer.gid, rustix::process::getegid().as_raw());
        let own = std::env::current_exe().unwrap();
        assert_eq!(peer.exe_path.as_deref(), own.to_str());
    }

    #[test]
    fn a_descriptor_that_is_no_socket_has_no_peer() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(Peer::of(&file).is_err());
    }

    #[test]
    fn an_unconnected_socket_has_no_peer() {
        // The kernel answers with pid 0 and an overflow user for a socket that never had a peer.
        let socket = UnixDatagram::unbound().unwrap();
        assert!(Peer::of(&socket).is_err());
    }
}
