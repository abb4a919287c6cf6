//! The emitter's errors as numbers.

use agent_receipts_ipc::{BuildError, CallerError, EmitError, EventFault, TransportError};

use crate::code::Err;
use crate::failure::Failure;

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let code = match &error {
            BuildError::NoSocketPath(_) => Err::NoSocketPath,
            BuildError::Identity(fault) => code_of_fault(fault),
            _ => Err::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<EmitError> for Failure {
    fn from(error: EmitError) -> Self {
        let code = match &error {
            EmitError::Caller(CallerError::Event(fault)) => code_of_fault(fault),
            EmitError::Caller(CallerError::Payload { .. }) => Err::Payload,
            EmitError::Caller(CallerError::TooLarge { .. }) => Err::TooLarge,
            EmitError::Caller(CallerError::Closed) => Err::Closed,
            EmitError::Caller(_) => Err::Event,
            EmitError::Transport(TransportError::Dial { .. }) => Err::Dial,
            EmitError::Transport(TransportError::Busy) => Err::Busy,
            EmitError::Transport(TransportError::Write { .. }) => Err::Write,
            EmitError::Transport(TransportError::NoReply { .. }) => Err::NoReply,
            EmitError::Transport(TransportError::BadReply(_)) => Err::BadReply,
            EmitError::Transport(_) => Err::Transport,
            _ => Err::Internal,
        };
        Self::new(code, error.to_string())
    }
}

fn code_of_fault(fault: &EventFault) -> Err {
    match fault {
        EventFault::Missing { .. } => Err::MissingField,
        EventFault::UnknownDecision { .. } => Err::UnknownDecision,
        EventFault::TooLong { .. } => Err::FieldTooLong,
        EventFault::OperatorNameAlone => Err::OperatorNameAlone,
        EventFault::AgentIdCharacter => Err::AgentId,
        EventFault::HalfTarget => Err::HalfTarget,
        _ => Err::Event,
    }
}
