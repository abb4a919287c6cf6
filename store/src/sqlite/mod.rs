//! The SQLite adapter: the reference's `receipts` table, and tables of our own beside it.

mod checkpoint;
mod checkpoints;
mod compact;
mod compare;
mod connect;
mod copy;
mod errors;
mod files;
mod insert;
mod lock;
mod migrate;
mod moved;
mod open_readonly;
mod reader;
mod retire;
mod schema;
mod select;
mod sessions;
mod writer;

pub use compact::Compacted;
pub(crate) use copy::sync_folder;
pub use copy::{Copied, Existing};
pub(crate) use files::{open_regular, regular, sibling};
pub use reader::{Interrupter, SqliteReader};
pub use retire::RetireError;
pub use schema::SCHEMA_VERSION;
pub use writer::SqliteStore;
