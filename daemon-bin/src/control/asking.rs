//! One connection on the control socket: who asks, for what, and the answer.

use std::sync::Arc;

use agent_receipts_ipc::{
    ControlReply, ControlRequest, FrameError, Handler, Next, Peer, ReplyWriter, Session,
};

use super::{House, KINDS};

/// The handler of the control socket.
pub(super) struct Asking {
    house: Arc<House>,
    /// The daemon's user.
    own_uid: u32,
}

impl Asking {
    pub(super) fn new(house: House) -> Self {
        Self { house: Arc::new(house), own_uid: rustix::process::geteuid().as_raw() }
    }
}

impl Handler for Asking {
    fn connected(&self, peer: &Peer, reply: ReplyWriter) -> Box<dyn Session> {
        let may_ask = may_ask(peer.uid, self.own_uid);
        Box::new(Conversation { house: Arc::clone(&self.house), peer: peer.clone(), may_ask, reply })
    }
}

/// The socket's mode says the same, but not who opened the socket before it was set, nor who was handed a descriptor.
fn may_ask(uid: u32, own_uid: u32) -> bool {
    uid == own_uid || uid == 0
}

struct Conversation {
    house: Arc<House>,
    peer: Peer,
    may_ask: bool,
    reply: ReplyWriter,
}

impl Session for Conversation {
    fn frame(&mut self, body: &[u8]) -> Next {
        let reply = if self.may_ask {
            self.answer(body)
        } else {
            self.log("refused: neither the daemon's user nor root");
            ControlReply::refused("forbidden", "only the daemon's own user and root may ask")
        };
        // A peer that has gone needs no answer.
        let sent = self.reply.send(&reply.to_json());
        if self.may_ask && sent.is_ok() { Next::Continue } else { Next::Close }
    }

    fn rejected(&mut self, error: &FrameError) {
        self.log(&format!("a frame was refused: {error}"));
    }
}

impl Conversation {
    fn answer(&self, body: &[u8]) -> ControlReply {
        let request = match ControlRequest::from_json(body) {
            Ok(request) => request,
            Err(error) => {
                self.log(&format!("a request was refused: {error}"));
                return ControlReply::refused("invalid_request", error.to_string());
            }
        };
        let name: String = request.name.chars().take(LONGEST_NAME).collect();
        let Some(kind) = KINDS.iter().find(|kind| kind.name == request.name) else {
            self.log(&format!("refused: this daemon knows no request `{name}`"));
            return ControlReply::refused(
                "unknown_request",
                format!("this daemon knows no request `{name}`"),
            );
        };
        if request.arguments.iter().any(|(argument, _)| !kind.takes.contains(&argument)) {
            self.log(&format!("`{name}` was refused for an argument that it does not know"));
            return ControlReply::refused("unknown_argument", format!("`{name}` takes {:?}", kind.takes));
        }
        self.log(&format!("`{name}`"));
        (kind.answer)(&request.arguments, &self.house)
    }

    fn log(&self, what: &str) {
        let Peer { pid, uid, .. } = self.peer;
        (self.house.surroundings.log)(&format!("control: {what} (pid {pid}, uid {uid})"));
    }
}

/// Of a name that is not known, so much is repeated, in characters.
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::may_ask;

    #[test]
    fn the_daemons_user_and_root_may_ask_and_nobody_else() {
        assert!(may_ask(1000, 1000) && may_ask(0, 1000) && may_ask(0, 0));
        assert!(!may_ask(1001, 1000) && !may_ask(1000, 0) && !may_ask(u32::MAX, 1000));
    }
}
