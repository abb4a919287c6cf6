//! Whether the daemon is out of this user's reach.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{Access, access};

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
    match &scene.private_key {
        Some(key) if access(key, Access::READ_OK).is_ok() => Check::fail(
            NAME,
            format_args!("this user can read the signing key `{}`, and so forge receipts", key.display()),
            format_args!("`chmod 600 {}`, and rotate the key", key.display()),
        ),
        _ => Check::ok(NAME, format_args!("the daemon is uid {daemon}, this user {}", own.as_raw())),
    }
}
