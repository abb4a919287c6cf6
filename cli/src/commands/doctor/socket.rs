//! The socket's kind, mode and owner.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::check::Check;
use super::listener::Listener;
use super::scene::Scene;

const NAME: &str = "socket";
/// What everybody else may do with the socket: nothing.
const OTHERS: u32 = 0o007;
const STICKY: u32 = 0o1000;

pub(super) fn check(scene: &Scene, listener: &Listener) -> Check {
    let socket = scene.socket.display();
    let metadata = match fs::metadata(&scene.socket) {
        Ok(metadata) => metadata,
        Err(error) => {
            let mend = "the daemon makes its socket when it starts; --socket names another";
            return Check::fail(NAME, format_args!("cannot look at `{socket}`: {error}"), mend);
        }
    };
    if !metadata.file_type().is_socket() {
        let mend = "move it away, or name the daemon's socket with --socket";
        return Check::fail(NAME, format_args!("`{socket}` is not a socket"), mend);
    }
    let (mode, owner, group) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    if mode & OTHERS != 0 {
        return Check::fail(
            NAME,
            format_args!("`{socket}` has mode {mode:04o}: every user of this machine can record events"),
            format_args!("`chmod 660 {socket}`; a restarted daemon does the same"),
        );
    }
    if let Some(uid) = listener.uid().filter(|uid| *uid != owner) {
        return Check::fail(
            NAME,
            format_args!("`{socket}` belongs to uid {owner}, and uid {uid} listens there"),
            "find out who put the socket there; a restarted daemon makes its own",
        );
    }
    if let Some(mode) = loose_directory(&scene.socket) {
        return Check::warn(
            NAME,
            format_args!(
                "`{socket}` stands in a directory of mode {mode:04o}: others can put a socket in its place"
            ),
            "give the socket a directory that only the daemon's user can write, mode 0750",
        );
    }
    Check::ok(NAME, format_args!("mode {mode:04o}, uid {owner}, gid {group}"))
}

/// The mode of the socket's directory, if others than its owner may replace what stands in it.
fn loose_directory(socket: &Path) -> Option<u32> {
    let mode = fs::metadata(socket.canonicalize().ok()?.parent()?).ok()?.mode() & 0o7777;
    (mode & 0o022 != 0 && mode & STICKY == 0).then_some(mode)
}

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;
    use agent_receipts_ipc::Peer;

    #[test]
    fn whoever_listens_must_own_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o660)).unwrap();
        let scene = Scene { socket: socket.clone(), ..Scene::default() };
        let own = Listener::knock(&socket);
        assert_eq!(check(&scene, &own).status, Status::Ok);
        let uid = own.uid().unwrap() + 1;
        let other =
            Listener { answer: Ok(Peer { platform: "linux", pid: 1, uid, gid: uid, exe_path: None }) };
        let found = check(&scene, &other);
        assert!(found.status == Status::Fail && found.reason.contains(&format!("uid {uid} listens")));
    }
}
