//! The numbers of errors, in their one place.

/// What a call gives back: `AR_OK`, or the number of what went wrong (`error-codes.txt`).
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Err {
    /// It is done.
    Ok = 0,

    /// A pointer is NULL that must not be.
    Null = 1,
    /// A struct's `size` is not one that this library can take (contract, section 4).
    StructSize = 2,
    /// A flag is set that this library does not know.
    Flags = 3,
    /// A text is not UTF-8.
    Utf8 = 4,
    /// The ticket was given back, never existed, or is of the other kind.
    Handle = 5,
    /// The text does not fit where it was to be written; `*length` says how long it is.
    Buffer = 6,
    /// No more objects of this kind can exist at once.
    TooMany = 7,
    /// A path holds NUL.
    Path = 8,
    /// A packed event's lengths do not add up, or it holds a field that this library does not know.
    Packed = 9,
    /// The library is not one that the header fits.
    Abi = 10,
    /// No socket path was given, and this system has no default.
    NoSocketPath = 11,

    /// `channel` or `tool_name` is absent.
    MissingField = 20,
    /// `decision` is none of `allowed`, `denied`, `pending`.
    UnknownDecision = 21,
    /// A text is longer than the protocol allows.
    FieldTooLong = 22,
    /// `operator_name` stands without `operator_id`.
    OperatorNameAlone = 23,
    /// `agent_id` holds a slash or NUL.
    AgentId = 24,
    /// One of `target_system` and `target_resource` stands without the other.
    HalfTarget = 25,
    /// `input`, `output` or `usage` is not JSON, nests too deep, or holds a number that no double can.
    Payload = 26,
    /// The event is longer than a frame may be (`AR_MAX_FRAME`).
    TooLarge = 27,
    /// The daemon would refuse the event for another reason; the message says which.
    Event = 29,

    /// A public key is none, or in no spelling that is known.
    Key = 40,
    /// The verifier is not at the point where this can be asked of it; the message says why.
    Order = 41,
    /// Another thread is using the verifier.
    BusyVerifier = 42,
    /// A text is not JSON.
    Json = 43,
    /// A text is not a receipt.
    Receipt = 44,

    /// The emitter was closed before.
    Closed = 100,

    /// Nobody answers at the socket.
    Dial = 200,
    /// Other threads used the connection for all the time there was.
    Busy = 201,
    /// The event did not go out whole; the connection is closed.
    Write = 202,
    /// The event went out and no reply came in time: nobody knows whether there is a receipt.
    NoReply = 203,
    /// The event went out and something came back that is no reply.
    BadReply = 204,
    /// The road to the daemon failed in another way; the message says how.
    Transport = 209,

    /// The daemon answered that there is no receipt; code and message are in the `ar_ack`.
    Refused = 300,

    /// The receipts do not hold, or there are none; the `ar_verdict` says more.
    NotValid = 400,

    /// The database cannot be read; the message says why and names the mend.
    Database = 500,

    /// The library panicked, which is a fault of its own; the object is of no more use.
    Panic = 900,
    /// The object was in use when the library panicked.
    Poisoned = 901,
    /// Something happened that cannot; the message says what.
    Internal = 902,
}

/// What kind of error a number stands for: which exception a binding raises.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// No error.
    None = 0,
    /// The call can never work as it was made. Nothing was sent, and nothing counts as dropped.
    Caller = 1,
    /// A caller's bug by its own name: the object was closed before.
    Closed = 2,
    /// The daemon was not reached in time. But for a missing or unreadable reply, the event counts as dropped.
    Transport = 3,
    /// The daemon answered, and made no receipt.
    Refused = 4,
    /// The verifier has judged, and it is not valid.
    Verdict = 5,
    /// What was to be verified cannot be read: there is no verdict.
    Unreadable = 6,
    /// The library's own fault, or a number that it does not know.
    Library = 9,
}

impl Err {
    /// Every code, in the order of their numbers.
    pub const ALL: &[Self] = &[
        Self::Ok,
        Self::Null,
        Self::StructSize,
        Self::Flags,
        Self::Utf8,
        Self::Handle,
        Self::Buffer,
        Self::TooMany,
        Self::Path,
        Self::Packed,
        Self::Abi,
        Self::NoSocketPath,
        Self::MissingField,
        Self::UnknownDecision,
        Self::FieldTooLong,
        Self::OperatorNameAlone,
        Self::AgentId,
        Self::HalfTarget,
        Self::Payload,
        Self::TooLarge,
        Self::Event,
        Self::Key,
        Self::Order,
        Self::BusyVerifier,
        Self::Json,
        Self::Receipt,
        Self::Closed,
        Self::Dial,
        Self::Busy,
        Self::Write,
        Self::NoReply,
        Self::BadReply,
        Self::Transport,
        Self::Refused,
        Self::NotValid,
        Self::Database,
        Self::Panic,
        Self::Poisoned,
        Self::Internal,
    ];

    /// The code with this number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| *code as i32 == number)
    }

    /// The name without its prefix, ended by NUL for C.
    pub fn name(self) -> &'static std::ffi::CStr {
        match self {
            Self::Ok => c"ok",
            Self::Null => c"null",
            Self::StructSize => c"struct_size",
            Self::Flags => c"flags",
            Self::Utf8 => c"utf8",
            Self::Handle => c"handle",
            Self::Buffer => c"buffer",
            Self::TooMany => c"too_many",
            Self::Path => c"path",
            Self::Packed => c"packed",
            Self::Abi => c"abi",
            Self::NoSocketPath => c"no_socket_path",
            Self::MissingField => c"missing_field",
            Self::UnknownDecision => c"unknown_decision",
            Self::FieldTooLong => c"field_too_long",
            Self::OperatorNameAlone => c"operator_name_alone",
            Self::AgentId => c"agent_id",
            Self::HalfTarget => c"half_target",
            Self::Payload => c"payload",
            Self::TooLarge => c"too_large",
            Self::Event => c"event",
            Self::Key => c"key",
            Self::Order => c"order",
            Self::BusyVerifier => c"busy_verifier",
            Self::Json => c"json",
            Self::Receipt => c"receipt",
            Self::Closed => c"closed",
            Self::Dial => c"dial",
            Self::Busy => c"busy",
            Self::Write => c"write",
            Self::NoReply => c"no_reply",
            Self::BadReply => c"bad_reply",
            Self::Transport => c"transport",
            Self::Refused => c"refused",
            Self::NotValid => c"not_valid",
            Self::Database => c"database",
            Self::Panic => c"panic",
            Self::Poisoned => c"poisoned",
            Self::Internal => c"internal",
        }
    }
}

impl Class {
    /// The class of an error's number, by its range: also of one that a later library gives.
    pub fn of(number: i32) -> Self {
        match number {
            0 => Self::None,
            1..=99 => Self::Caller,
            100..=109 => Self::Closed,
            200..=299 => Self::Transport,
            300..=309 => Self::Refused,
            400..=409 => Self::Verdict,
            500..=509 => Self::Unreadable,
            _ => Self::Library,
        }
    }

    /// The word that `error-codes.txt` uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Caller => "caller",
            Self::Closed => "closed",
            Self::Transport => "transport",
            Self::Refused => "refused",
            Self::Verdict => "verdict",
            Self::Unreadable => "unreadable",
            Self::Library => "library",
        }
    }
}
