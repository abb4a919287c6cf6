//! Durable rows: what the daemon writes and every reader reads.
//!
//! A row is one signed receipt as text, beside the few columns by which it is found. The crate keeps rows in order, writes a
//! batch whole or not at all, and returns from [`ReceiptStore::append`] only when the batch is on disk.
//!
//! It refuses to know what a row means: it checks no signature, follows no link and parses no receipt. It refuses to write
//! through a symbolic link, to share a database with a second writer, to write a database of a newer schema, and, when it
//! reads, to create or to change any file.
//!
//! ```
//! use agent_receipts_store::{MemoryStore, ReceiptReader, ReceiptStore, Row};
//!
//! let row = Row {
//!     id: "urn:receipt:1".into(), chain_id: "audit".into(), sequence: 1, action_type: "unknown".into(),
//!     tool_name: String::new(), risk_level: "medium".into(), status: "success".into(),
//!     timestamp: "2026-11-22T03:39:59Z".into(), issuer_id: "did:example:d".into(), principal_id: None,
//!     receipt_json: "{}".into(), receipt_hash: "sha256:00".into(), previous_receipt_hash: None, session_id: None,
//! };
//! let mut store = MemoryStore::new();
//! store.append(&[row])?;
//! assert_eq!(store.head("audit")?.map(|head| head.sequence), Some(1));
//! # Ok::<(), agent_receipts_store::StoreError>(())
//! ```

mod archive;
mod checkpoints;
mod error;
mod memory;
mod moved;
mod query;
mod row;
mod sqlite;
mod traits;

// The public interface is:
pub use archive::{
    Archive, ArchiveError, ArchiveFolder, ArchiveKind, ArchiveWriter, ArchivedChain, Manifest, ManifestError,
};
pub use checkpoints::{CheckpointReader, CheckpointStore, StoredCheckpoint, StoredGroup};
pub use error::StoreError;
pub use memory::MemoryStore;
pub use moved::{Leaf, LeafContent, MovedChain, MovedReceipt, Retired};
pub use query::{Order, Query};
pub use row::{ChainSummary, Head, Row, StoredRow};
pub use sqlite::{
    Compacted, Copied, Existing, Interrupter, RetireError, SCHEMA_VERSION, SqliteReader, SqliteStore,
};
pub use traits::{ReceiptReader, ReceiptStore};
