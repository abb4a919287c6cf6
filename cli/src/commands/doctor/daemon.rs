//! Whether a daemon answers.

use std::io::ErrorKind;

use super::check::Check;
use super::listener::Listener;
use super::scene::Scene;

const NAME: &str = "daemon process";

pub(super) fn check(scene: &Scene, listener: &Listener) -> Check {
    let socket = scene.socket.display();
    let error = match &listener.answer {
        Ok(peer) => {
            return Check::ok(
                NAME,
                format_args!("answers at `{socket}`: process {}, uid {}", peer.pid, peer.uid),
            );
        }
        Err(error) => error,
    };
    let start = "start a daemon with `agent-receipts daemon run`, or name its socket with --socket";
    match error.kind() {
        ErrorKind::NotFound => Check::fail(NAME, format_args!("there is no socket `{socket}`"), start),
        ErrorKind::ConnectionRefused => {
            Check::fail(NAME, format_args!("nobody listens at `{socket}`: its daemon has died"), start)
        }
        ErrorKind::PermissionDenied => Check::fail(
            NAME,
            format_args!("this user may not connect to `{socket}`"),
            "make this user a member of the socket's group, and log in again",
        ),
        ErrorKind::WouldBlock => Check::fail(
            NAME,
            format_args!("the daemon at `{socket}` does not keep up with its connections"),
            "look into the daemon's log; if it hangs, restart it",
        ),
        _ => Check::fail(NAME, format_args!("cannot connect to `{socket}`: {error}"), start),
    }
}
