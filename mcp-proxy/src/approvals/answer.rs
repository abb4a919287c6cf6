//! What is answered, and by whom.

use agent_receipts_ipc::Peer;

/// The end of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The call may go on.
    Approved(Approver),
    /// Somebody said no.
    Denied(Approver),
    /// Nobody said anything in time.
    TimedOut,
    /// There is no way by which anybody could answer.
    NoApprover,
    /// The client cancelled the call, or left.
    Withdrawn,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Approver {
    /// How the answer came.
    pub way: Way,
    /// The process at the other end, as the kernel names it; none over TCP.
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
