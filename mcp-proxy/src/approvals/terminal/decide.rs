//! Gives an answer: first recorded, then told to the proxy.

use hyper::Method;

use super::super::answer::Verdict;
use super::Scene;
use super::call::Call;
use super::find::NotFound;
use super::record::{NotRecorded, record};
use super::talk::TalkError;

/// An answer that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    /// Why it is not on record in this process's name, if it is not.
    pub(super) unrecorded: Option<NotRecorded>,
}

/// Why an answer does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Undecided {
    /// Which call is meant cannot be told.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// What nobody could hold anybody to is not approved.
    #[error("not approved: {0}; `--unrecorded` approves all the same")]
    NotRecorded(NotRecorded),
    /// Somebody else was faster, or the time was over, or the client has left.
    #[error("too late: the call does not wait any more")]
    TooLate,
    /// The proxy cannot be told.
    #[error(transparent)]
    Talk(#[from] TalkError),
}

impl Undecided {
    /// Whether the command line is to blame.
    pub(super) fn is_usage(&self) -> bool {
        matches!(self, Self::NotFound(NotFound::Several { .. }))
    }
}

/// Answers a call. To deny one needs no record: what is denied has not happened, and the proxy records it, too.
pub(super) fn decide(scene: &Scene, call: &Call, verdict: Verdict) -> Result<Decided, Undecided> {
    let unrecorded = record(scene.daemon.clone(), call, verdict, "").err();
    match (&unrecorded, verdict) {
        (Some(error), Verdict::Approve) if !scene.unrecorded => {
            return Err(Undecided::NotRecorded(error.clone()));
        }
        _ => {}
    }
    let word = match verdict {
        Verdict::Approve => "approve",
        Verdict::Deny => "deny",
    };
    let outcome =
        match scene.talk.ask(&call.socket, Method::POST, &format!("/api/tool-calls/{}/{word}", call.id)) {
            Ok((200, _)) => return Ok(Decided { unrecorded }),
            Ok((404, _)) => Undecided::TooLate,
            Ok((status, _)) => Undecided::Talk(TalkError::Broken(format!("status {status}"))),
            Err(error) => Undecided::Talk(error),
        };
    if unrecorded.is_none() {
        // The record says that it was given; it shall say, too, that it came to nothing.
        let _ = record(scene.daemon.clone(), call, verdict, &outcome.to_string());
    }
    Err(outcome)
}
