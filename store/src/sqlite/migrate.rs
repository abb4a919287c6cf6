//! From a fresh file, one of the reference's, or one of an earlier version, to one that this version writes.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, ffi};

use super::errors::{classify, extended_code};
use super::schema::{self, META, RECEIPTS, ROTATIONS, SCHEMA_VERSION};
use super::{checkpoints, moved, sessions};
use crate::StoreError;

/// Brings the schema up to date in one transaction; a file that is up to date is not written to.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| classify(path, error))?;
    // Looked at again under the write lock: another program may have been at work since.
    let fresh = schema::is_empty(&transaction, path)?;
    let found = if fresh { None } else { schema::version(&transaction, path)? };
    if !fresh && !schema::examine(&transaction, path)?.tool_name {
        run(&transaction, path, "ALTER TABLE receipts ADD COLUMN tool_name TEXT NOT NULL DEFAULT ''")?;
    }
    run(&transaction, path, RECEIPTS)?;
    if found != Some(SCHEMA_VERSION) {
        run(&transaction, path, META)?;
        run(&transaction, path, sessions::TABLES)?;
        run(&transaction, path, checkpoints::TABLES)?;
        run(&transaction, path, moved::TABLES)?;
        if found == Some(1) && schema::is_plain_table(&transaction, path, "ar_sessions")? {
            run(&transaction, path, sessions::FROM_VERSION_1)?;
        }
        if !schema::indexes(&transaction, path)?.iter().any(|index| index == "idx_receipts_action") {
            run(&transaction, path, ROTATIONS)?;
        }
        let stamp = "INSERT OR REPLACE INTO ar_meta (key, value) VALUES ('schema_version', ?1)";
        transaction.execute(stamp, [SCHEMA_VERSION.to_string()]).map_err(|error| classify(path, error))?;
    }
    schema::check_writable(&transaction, path)?;
    transaction.commit().map_err(|error| classify(path, error))
}

fn run(connection: &Connection, path: &Path, statements: &str) -> Result<(), StoreError> {
    connection.execute_batch(statements).map_err(|error| match extended_code(&error) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE) => {
            schema::foreign(path, "two receipts stand at one position of a chain")
        }
        _ => classify(path, error),
    })
}
