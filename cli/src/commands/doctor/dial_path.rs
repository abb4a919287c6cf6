//! Whether emitters and the daemon mean the same socket.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::check::Check;
use super::scene::Scene;

const NAME: &str = "emitter dial path";

pub(super) fn check(scene: &Scene) -> Check {
    let socket = scene.socket.display();
    let mend = format!("set AGENTRECEIPTS_SOCKET to `{socket}` wherever agents are started");
    let Some(dialled) = &scene.emitters_socket else {
        return Check::fail(NAME, "on this system emitters have no default socket", mend);
    };
    let shown = dialled.display();
    if !is_same(dialled, &scene.socket) {
        let reason = format_args!("emitters of this environment dial `{shown}`, the daemon's is `{socket}`");
        return Check::fail(NAME, reason, mend);
    }
    if dialled.is_relative() {
        let reason = format_args!("`{shown}` is a relative path: another socket in every working directory");
        return Check::warn(NAME, reason, "set AGENTRECEIPTS_SOCKET to an absolute path");
    }
    Check::ok(NAME, format_args!("emitters dial `{shown}`, which is the daemon's"))
}

/// The same path, or the same socket by another name.
fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    one == other || identity(one).is_some_and(|found| Some(found) == identity(other))
}
