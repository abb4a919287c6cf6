//! What the rooms of this folder share in their tests.

mod waiting;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::answer::{Answer, Approver, Way};
use super::question::{ApprovalId, Question};

/// A question about `tool`.
pub(super) fn question(tool: &str) -> Question {
    Question {
        server: "files".to_owned(),
        tool: tool.to_owned(),
        arguments: r#"{"path":"/a"}"#.to_owned(),
        rule: "pause_high_risk".to_owned(),
        description: "high risk".to_owned(),
        score: 55,
        correlation_id: "s/1".to_owned(),
    }
}

/// Somebody at the Unix socket whom nobody knows.
pub(super) fn someone() -> Approver {
    Approver { way: Way::Socket, peer: None }
}

/// Where answers come to.
pub(super) struct Told(Sender<(ApprovalId, Answer)>, Receiver<(ApprovalId, Answer)>);

impl Told {
    pub(super) fn new() -> Self {
        let (sender, receiver) = channel();
        Self(sender, receiver)
    }

    /// What a question is asked with.
    pub(super) fn then(&self) -> impl FnOnce(&ApprovalId, Answer) + Send + 'static {
        let sender = self.0.clone();
        move |id, answer| sender.send((id.clone(), answer)).unwrap()
    }

    /// The next answer, waited for.
    pub(super) fn next(&self) -> (ApprovalId, Answer) {
        self.1.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// Whether there is no answer now.
    pub(super) fn is_silent(&self) -> bool {
        self.1.try_recv().is_err()
    }
}
