//! What the anchor knows: a folder of its own, for its own user alone.
//!
//! ```text
//! <state>/anchor.lock                     one anchor at a time
//! <state>/cursors/<sink>.json             what a sink has, replaced whole
//! <state>/trouble/<sink>.json             what went wrong last; gone after a success; nothing depends on it
//! <state>/evidence/<sink>/                what sinks gave back, never changed: `agent-receipts verify --anchors <state>/evidence`
//!     000000000042.note                   the checkpoint, with a witness's cosignature where there is one
//!     000000000042.heads                  the list of heads, where the note holds only the first of them
//!     000000000042.tsr                    an authority's answer (RFC 3161), over the bytes of the note
//!     checkpoints.ndjson                  a file sink without a `path`
//! ```
//!
//! Evidence is written first and the cursor then: a crash between them delivers a checkpoint once more and loses none. A cursor
//! that cannot be read is never taken for a fresh start.

mod cursor;
mod folder;
mod trouble;

pub use cursor::{Cursor, CursorError};
pub use folder::FolderError;
pub(crate) use folder::{Folder, Lock};
pub(crate) use trouble::Trouble;
