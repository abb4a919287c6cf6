//! Archives: databases that are kept beside the one that is written, and never written again.
//!
//! They stand in a folder named after the database, `receipts.db.archives/`, each in a folder of its own that holds the rows
//! (`receipts.db`) and what was known of them when they were taken in (`manifest.json`). An archive is made under another name
//! and gets its own by one rename, when all of it is on disk: it is there whole, or not at all.

mod belonging;
mod folder;
mod manifest;
mod place;
mod writer;

pub use folder::{Archive, ArchiveFolder};
pub use manifest::{ArchiveKind, ArchivedChain, Manifest, ManifestError};
pub use writer::{ArchiveError, ArchiveWriter};
