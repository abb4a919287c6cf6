//! What is answered, and by whom.

use agent_receipts_ipc::Peer;

/// The end of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The call may go on.
    Approved(Approver),
    /// Somebody said no.
    Denied(Approver),
    /// Nobody said anything in time.
    TimedOut,
    /// There is no way by which anybody could answer, or more questions wait than anybody could.
    NoApprover,
    /// The client cancelled the call, or left, or the proxy ends.
    Withdrawn,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// How the answer came.
    pub way: Way,
    /// The process at the other end, as the kernel named it when it connected; only over the Unix socket.
    pub peer: Option<Peer>,
}

/// How an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over the Unix socket.
    Socket,
    /// Over TCP, by the token.
    Http,
    /// From the command that was to ask somebody.
    Command,
}

impl Way {
    /// As receipts name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Http => "http",
            Self::Command => "command",
        }
    }
}

/// What somebody says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

impl Verdict {
    pub(super) fn by(self, approver: Approver) -> Answer {
        match self {
            Self::Approve => Answer::Approved(approver),
            Self::Deny => Answer::Denied(approver),
        }
    }
}
