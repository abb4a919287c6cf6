//! Whether this system's kernel tells who is at the other end of a connection.

use std::os::unix::net::UnixStream;

use agent_receipts_ipc::Peer;

use super::check::Check;

const NAME: &str = "peer credentials";

pub(super) fn check() -> Check {
    let mend = "run the daemon on Linux or macOS, which attest who sends";
    let peer = match UnixStream::pair().and_then(|(one, _other)| Peer::of(&one)) {
        Ok(peer) => peer,
        Err(error) => return Check::fail(NAME, format_args!("this system attests no peer: {error}"), mend),
    };
    let own = (i64::from(std::process::id()), rustix::process::geteuid().as_raw());
    if (i64::from(peer.pid), peer.uid) != own {
        let reason = format_args!("this system says process {} of a connection of {}", peer.pid, own.0);
        return Check::fail(NAME, reason, mend);
    }
    if peer.exe_path.is_none() {
        let reason = format_args!("{}: process, user and group, but no executable", peer.platform);
        return Check::warn(NAME, reason, "let the daemon see processes: mount /proc without hidepid");
    }
    Check::ok(NAME, format_args!("{}: process, user, group and executable", peer.platform))
}
