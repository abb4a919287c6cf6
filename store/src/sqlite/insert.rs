//! Rows on their way into the table.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, ffi, params};

use super::errors::{classify, extended_code};
use super::moved;
use super::sessions::Sessions;
use crate::{Row, StoreError};

/// All rows or none, on disk when it returns.
pub(super) fn write(
    connection: &mut Connection,
    sessions: &mut Sessions,
    path: &Path,
    batch: &[Row],
) -> Result<(), StoreError> {
    // Dropped on any error below, and rolled back by that.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| classify(path, error))?;
    sessions.align(&transaction).map_err(|error| classify(path, error))?;
    let mut next = NextNumber::look(&transaction, path)?;
    for row in batch {
        if next.beside_moved
            && let Some(refusal) =
                moved::refusal(&transaction, &row.id, &row.chain_id).map_err(|error| classify(path, error))?
        {
            return Err(refusal);
        }
        insert(&transaction, path, row, next.take())?;
        sessions.note(&transaction, row.session_id.as_deref()).map_err(|error| classify(path, error))?;
    }
    transaction.commit().map_err(|error| classify(path, error))
}

/// Which number the next row gets.
struct NextNumber {
    /// Receipts were moved to an archive.
    beside_moved: bool,
    /// Where SQLite would give out a number again that was moved: the first that was never given.
    first: Option<i64>,
}

impl NextNumber {
    fn look(connection: &Connection, path: &Path) -> Result<Self, StoreError> {
        let moved = moved::max_moved(connection).map_err(|error| classify(path, error))?;
        if moved == 0 {
            return Ok(Self { beside_moved: false, first: None });
        }
        let stored: i64 = connection
            .prepare_cached("SELECT COALESCE(MAX(rowid), 0) FROM receipts")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(|error| classify(path, error))?;
        let full = || StoreError::Corrupt {
            path: path.to_owned(),
            detail: "there is no row number left behind those that were moved".to_owned(),
        };
        let first = (moved > stored).then(|| moved.checked_add(1).ok_or_else(full)).transpose()?;
        Ok(Self { beside_moved: true, first })
    }

    /// SQLite itself counts on behind the first.
    fn take(&mut self) -> Option<i64> {
        self.first.take()
    }
}

const INSERT: &str = "INSERT INTO receipts (id, chain_id, sequence, action_type, tool_name, risk_level, status, timestamp, \
    issuer_id, principal_id, receipt_json, receipt_hash, previous_receipt_hash, rowid) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

fn insert(connection: &Connection, path: &Path, row: &Row, number: Option<i64>) -> Result<(), StoreError> {
    let Ok(sequence) = i64::try_from(row.sequence) else {
        return Err(StoreError::SequenceTooLarge { chain_id: row.chain_id.clone(), sequence: row.sequence });
    };
    let values = params![
        row.id,
        row.chain_id,
        sequence,
        row.action_type,
        row.tool_name,
        row.risk_level,
        row.status,
        row.timestamp,
        row.issuer_id,
        row.principal_id,
        row.receipt_json,
        row.receipt_hash,
        row.previous_receipt_hash,
        number,
    ];
    let inserted = connection.prepare_cached(INSERT).and_then(|mut statement| statement.execute(values));
    inserted.map_err(|error| match extended_code(&error) {
        Some(ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE) => {
            duplicate(connection, path, row)
        }
        _ => classify(path, error),
    })?;
    Ok(())
}

/// Which constraint a row breaks; the id's, if it breaks both.
fn duplicate(connection: &Connection, path: &Path, row: &Row) -> StoreError {
    let same_id = "SELECT EXISTS (SELECT 1 FROM receipts WHERE id = ?1)";
    match connection.query_row(same_id, [&row.id], |found| found.get(0)) {
        Ok(true) => StoreError::DuplicateId { id: row.id.clone() },
        Ok(false) => StoreError::DuplicatePosition { chain_id: row.chain_id.clone(), sequence: row.sequence },
        Err(error) => classify(path, error),
    }
}
