//! All calls that wait, and the one that was meant.

use hyper::Method;

use super::Scene;
use super::call::Call;
use super::found::living;

/// No such call, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum NotFound {
    /// None.
    #[error("no call waits under `{given}`: it was answered, or its time is over")]
    None {
        /// What was asked for.
        given: String,
    },
    /// Too short to tell.
    #[error("`{given}` begins the ids of several calls: give more of it")]
    Several {
        /// What was asked for.
        given: String,
    },
}

/// The calls that wait at all living proxies, and how many of these there are. One that does not answer is said, and passed over.
pub(super) fn all(scene: &Scene) -> (Vec<Call>, usize) {
    let found = living(&|name| std::env::var(name).ok());
    for fault in &found.faults {
        scene.complain(fault.to_string());
    }
    let calls = found.sockets.iter().flat_map(|socket| {
        match scene.talk.ask(socket, Method::GET, "/api/tool-calls") {
            Ok((200, body)) => Call::in_list(&body, socket).unwrap_or_default(),
            Ok(_) => Vec::new(),
            Err(error) => {
                scene.complain(format!("`{}`: {error}", socket.display()));
                Vec::new()
            }
        }
    });
    (calls.collect(), found.sockets.len())
}

/// The call whose id is, or begins with, `given`.
pub(super) fn find(scene: &Scene, given: &str) -> Result<Call, NotFound> {
    let (calls, _) = all(scene);
    let mut meant = calls.into_iter().filter(|call| !given.is_empty() && call.id.as_str().starts_with(given));
    let given = given.to_owned();
    match (meant.next(), meant.next()) {
        (Some(call), None) => Ok(call),
        (None, _) => Err(NotFound::None { given }),
        _ => Err(NotFound::Several { given }),
    }
}
