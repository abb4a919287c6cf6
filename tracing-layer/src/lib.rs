//! Turns spans and events about tool calls into receipts, by a layer for `tracing`.
//!
//! A span or an event is about a tool call if it has a field `tool.name`. A span is recorded when it closes, with how long it took; an
//! event at once. Nothing else is recorded, and what a program logs otherwise is left as it is. The layer never panics, and
//! never holds a thread up beyond the emitter's deadlines.
//!
//! ```
//! use agent_receipts_ipc::Emitter;
//! use tracing_subscriber::prelude::*;
//!
//! #[tracing::instrument(fields(tool.name = "read_file"), err)]
//! fn read_file(path: &str) -> std::io::Result<String> {
//!     std::fs::read_to_string(path)
//! }
//!
//! # let folder = std::env::temp_dir().join("agent-receipts-no-such-folder");
//! # let emitter = Emitter::builder().socket_path(folder.join("s")).no_drop_folder().build()?;
//! # let _ = "
//! let emitter = Emitter::builder().build()?;
//! # ";
//! let (layer, recording) = agent_receipts_tracing::layer(emitter);
//! tracing_subscriber::registry().with(layer).init();
//! let _ = read_file("/nowhere/a.txt"); // a receipt: input {"path":"/nowhere/a.txt"}, an error, and how long it took
//! # assert_eq!((recording.dropped(), recording.refused()), (1, 0));
//! drop(recording); // hangs up, and leaves the count of what was lost to the session's next emitter
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Fields
//!
//! | field | of the event |
//! |---|---|
//! | `tool.name` | the tool; a span may record it later, and is not recorded without it |
//! | `tool.server`, `channel`, `action_type` | the same; the channel is `tracing` where none is given |
//! | `decision` | `allowed` (where none is given), `denied` or `pending` |
//! | `error` | what went wrong |
//! | `target.system`, `target.resource` | what was acted upon; both or none |
//! | `idempotency_key`, `correlation_id`, `agent.id`, `agent.type`, `model`, `capture_method` | the same |
//! | `input`, `output`, `usage` | the whole, as one JSON value |
//! | `input.json`, `output.json`, `usage.json` | the whole, as JSON text that is sent byte for byte |
//! | `input.NAME`, `output.NAME`, `usage.NAME` | a member of an object |
//! | any other, but for `message`, `log.…` and `otel.…` | a member of the input: an instrumented function's arguments are its input |
//!
//! Text of JSON goes before a whole value, and that before members. Numbers and booleans stay what they are; integers that no double
//! can hold (beyond 2^53−1) and numbers that are not finite become text, and so does everything else, as it is displayed or
//! debugged. A span's `usage` gets a member `duration_ms`, from its opening to its close, unless its usage is given as a whole.
//!
//! The events that `#[instrument(err)]` and `#[instrument(ret)]` make in a function's span are the call's `error` and `output`. A call that
//! ends by a panic has the error `it panicked`. A future that is dropped before its end is a call without output and error: a span
//! cannot tell it from one that has come to its end.

mod call;
mod layer;
mod payload;
mod recording;
mod value;

// The public interface is:

pub use layer::{ReceiptLayer, layer};
pub use recording::{Recording, Refusal};
