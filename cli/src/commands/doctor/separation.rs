//! Whether the daemon is out of this user's reach.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::process::Uid;

use super::check::Check;
use super::listener::Listener;
use super::scene::Scene;

const NAME: &str = "key separation";

/// Judges the user that asks, so the doctor should be asked as the user that agents run as.
pub(super) fn check(scene: &Scene, listener: &Listener) -> Check {
    let own = rustix::process::geteuid();
    let owner = || fs::metadata(&scene.socket).map(|metadata| metadata.uid()).ok();
    let Some(daemon) = listener.uid().or_else(owner) else {
        return Check::warn(NAME, "without a daemon nobody can tell", "start a daemon, then ask again");
    };
    let key = scene.private_key.as_deref().filter(|key| access(*key, Access::READ_OK).is_ok());
    judge(daemon, own, key)
}

/// `readable_key`: the private key, if this user can read it.
fn judge(daemon: u32, own: Uid, readable_key: Option<&Path>) -> Check {
    if daemon == own.as_raw() {
        return Check::warn(
            NAME,
            format_args!("the daemon runs under this very user, uid {daemon}: a convenience, not a boundary"),
            "run the daemon as an OS user of its own, and this user in the socket's group",
        );
    }
    if own.is_root() {
        let mend = "ask again as the user that agents run as";
        return Check::warn(NAME, "root can read every key, so this says nothing of agents", mend);
    }
    match readable_key {
        Some(key) => Check::fail(
            NAME,
            format_args!("this user can read the signing key `{}`, and so forge receipts", key.display()),
            format_args!("`chmod 600 {}`, and rotate the key", key.display()),
        ),
        None => Check::ok(NAME, format_args!("the daemon is uid {daemon}, this user {}", own.as_raw())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    #[test]
    fn only_another_user_without_the_key_is_apart_from_the_daemon() {
        let (root, agent) = (Uid::ROOT, Uid::from_raw(1000));
        let key = Some(Path::new("/nowhere/signing.key"));
        for (daemon, own, readable_key, status) in [
            (999, agent, None, Status::Ok),
            (999, agent, key, Status::Fail),
            (1000, agent, None, Status::Warn),
            (1000, agent, key, Status::Warn),
            (0, root, key, Status::Warn),
            (999, root, key, Status::Warn),
            (0, agent, None, Status::Ok),
        ] {
            let check = judge(daemon, own, readable_key);
            assert_eq!(check.status, status, "{daemon} {own:?} {check:?}");
        }
    }
}
