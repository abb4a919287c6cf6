//! The road between emitters and the daemon: frames, the event message, peer credentials, the listener, and the
//! blocking emitter client. Wire-compatible with the Agent Receipts frame protocol, version 1.
//!
//! This crate refuses to believe: an event is checked for form and limits, and beside it stands the kernel's word on who
//! sent it. It holds no key, opens no database, and knows nothing of chains. It listens on Unix sockets only.
//!
#![cfg_attr(feature = "client", doc = "```")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! use agent_receipts_ipc::{Decision, Emitter, EventToSend};
//!
//! let emitter =
//!     Emitter::builder().socket_path("/nowhere/events.sock").best_effort(true).no_drop_folder().build()?;
//! let mut event = EventToSend::new("sdk", "list_repos", Decision::Allowed);
//! event.input = Some(r#"{"owner":"me"}"#);
//! emitter.emit(&event)?; // returns within a fraction of a second, daemon or no daemon
//! assert_eq!(emitter.dropped(), 1); // and the daemon hears of it with the next event that gets through
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Glossary
//!
//! *Frame*: a 4-byte length and that many bytes. *Event*: the JSON object in a frame. *Peer*: the process at the other
//! end, as the kernel names it. *Acknowledgement*: the reply that a frame with `"ack": true` gets, after the commit.
//! *Drop*: an event that an emitter could not hand over in time. *Drop file*: where an emitter that ends leaves the count of
//! those that nobody was told of, for the next of its session.
//!
//! Features: `client` (the emitter) and `listener`, both on by default.

mod ack;
mod control;
mod decision;
mod event;
mod frame;
mod path;
mod peer;
mod version;

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "listener")]
mod listener;
#[cfg(feature = "client")]
mod private_folder;
#[cfg(any(feature = "client", feature = "listener"))]
mod sys;

// The public interface is:

pub use ack::{Ack, AckError};
pub use control::{
    CONTROL_VARIABLE, ControlError, ControlReply, ControlRequest, MAX_CONTROL_REQUEST, control_socket_beside,
};
pub use decision::Decision;
pub use event::{Event, EventError, EventFault, MAX_DROP_COUNT, MAX_RESOURCE, MAX_TEXT};
pub use frame::{FrameError, MAX_FRAME, read_frame, write_frame};
pub use path::{
    NoDefaultSocketPath, SOCKET_VARIABLE, SocketPathError, SocketPathUnknown, SocketPlace, check_socket_path,
    default_socket_path, looks_like_tcp_address, socket_path_here,
};
pub use peer::Peer;
pub use version::{FRAME_VERSION, FRAME_VERSIONS, frame_versions_json};

#[cfg(feature = "client")]
pub use client::{
    AskError, BuildError, CallerError, DropFileError, EmitError, Emitter, EmitterBuilder, EventToSend,
    Identity, SystemReason, TransportError, Untold, ask,
};
#[cfg(feature = "listener")]
pub use listener::{
    Attest, BindError, Counts, Handler, Limits, Listener, ListenerOptions, Next, Notice, Observer,
    PassedFault, ReplyError, ReplyWriter, Session, ShutdownHandle, Stopped, Totals, attest_directly,
};
#[cfg(feature = "client")]
pub use private_folder::{FolderError, PrivateFolder};
