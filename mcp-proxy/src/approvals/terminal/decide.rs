//! Gives an answer: first recorded, then told to the proxy.

use hyper::Method;

use super::super::answer::Verdict;
use super::Scene;
use super::call::Call;
use super::find::NotFound;
use super::record::{After, NotRecorded, record};
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
    /// The proxy has not been told.
    #[error(transparent)]
    NotTold(TalkError),
    /// The proxy takes it for no answer.
    #[error("the proxy refuses the answer with status {status}")]
    Refused {
        /// Of its own answer.
        status: u16,
    },
    /// The proxy may have been told, and has not said what it made of that.
    #[error(
        "it is not known whether the answer counts: {why}; `approvals list` shows whether the call still waits, \
         and the proxy's own receipt with the correlation id `{correlation_id}` says how it was decided"
    )]
    Unknown {
        /// What came instead.
        why: TalkError,
        /// Of all receipts of the call.
        correlation_id: String,
    },
}

impl Undecided {
    /// Whether the command line is to blame.
    pub(super) fn is_usage(&self) -> bool {
        matches!(self, Self::NotFound(NotFound::Several { .. }))
    }
}

/// Answers a call. To deny one needs no record: what is denied has not happened, and the proxy records it, too.
pub(super) fn decide(scene: &Scene, call: &Call, verdict: Verdict) -> Result<Decided, Undecided> {
    let unrecorded = record(scene.daemon.clone(), call, verdict, None).err();
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
    let told = scene.talk.ask(&call.socket, Method::POST, &format!("/api/tool-calls/{}/{word}", call.id));
    let outcome = match told {
        Ok((200, _)) => return Ok(Decided { unrecorded }),
        Ok((404, _)) => Undecided::TooLate,
        Ok((status @ 400..=499, _)) => Undecided::Refused { status },
        Ok((status, _)) => unknown(call, TalkError::Broken(format!("status {status}"))),
        Err(error) if error.is_before_the_request() => Undecided::NotTold(error),
        Err(error) => unknown(call, error),
    };
    if unrecorded.is_none() {
        // The record says that it was given; it shall say, too, what came of it. INVARIANT: no more than is known.
        let after = match &outcome {
            Undecided::Unknown { why, .. } => After::Unknown(why.to_string()),
            known => After::Void(known.to_string()),
        };
        let _ = record(scene.daemon.clone(), call, verdict, Some(&after));
    }
    Err(outcome)
}

fn unknown(call: &Call, why: TalkError) -> Undecided {
    Undecided::Unknown { why, correlation_id: call.correlation_id.clone() }
}
