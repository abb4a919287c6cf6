//! Checkpoints in tables of their own.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::errors::classify;
use super::select::Selection;
use crate::{StoreError, StoredCheckpoint, StoredGroup};

/// The tables. Whoever can write the file can write them; nothing in them is believed.
pub(crate) const TABLES: &str = "\
CREATE TABLE IF NOT EXISTS ar_tree_groups (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, last_rowid INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ar_checkpoints (tree_size INTEGER PRIMARY KEY, note TEXT NOT NULL, heads TEXT NOT NULL);";

/// What [`TABLES`] makes.
pub(crate) const NAMES: [&str; 2] = ["ar_tree_groups", "ar_checkpoints"];

impl Selection<'_> {
    pub(crate) fn groups(&self, first: u64, limit: u64) -> Result<Vec<StoredGroup>, StoreError> {
        let sql =
            "SELECT number, hash, last_rowid FROM ar_tree_groups WHERE number >= ?1 ORDER BY number LIMIT ?2";
        self.listed(sql, first, limit, |row| {
            Ok(StoredGroup { number: unsigned(row.get(0)?), hash: row.get(1)?, last_rowid: row.get(2)? })
        })
    }

    pub(crate) fn checkpoints_after(
        &self,
        size: u64,
        limit: u64,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let sql = "SELECT tree_size, note, heads FROM ar_checkpoints WHERE tree_size > ?1 ORDER BY tree_size LIMIT ?2";
        self.listed(sql, size, limit, checkpoint)
    }

    pub(crate) fn checkpoints_up_to(
        &self,
        size: u64,
        limit: u64,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        // A size below nothing was planted. It would never end a search that goes from each page's last to the next.
        let sql = "SELECT tree_size, note, heads FROM ar_checkpoints WHERE tree_size BETWEEN 0 AND ?1 ORDER BY tree_size DESC LIMIT ?2";
        self.listed(sql, size, limit, checkpoint)
    }

    fn listed<T>(
        &self,
        sql: &str,
        from: u64,
        limit: u64,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        if !self.shape.checkpoints {
            return Ok(Vec::new());
        }
        let values = params![signed(from), signed(limit)];
        let found = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(values, read)?.collect());
        found.map_err(|error| classify(self.path, error))
    }
}

/// Writes in one transaction.
pub(crate) fn write(
    connection: &mut Connection,
    path: &Path,
    groups: &[StoredGroup],
    checkpoint: Option<&StoredCheckpoint>,
) -> Result<(), StoreError> {
    let mut write = || {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for group in groups {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO ar_tree_groups (number, hash, last_rowid) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![signed(group.number), group.hash, group.last_rowid])?;
        }
        if let Some(checkpoint) = checkpoint {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO ar_checkpoints (tree_size, note, heads) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![signed(checkpoint.tree_size), checkpoint.note, checkpoint.heads])?;
        }
        transaction.commit()
    };
    write().map_err(|error| classify(path, error))
}

fn checkpoint(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredCheckpoint> {
    Ok(StoredCheckpoint { tree_size: unsigned(row.get(0)?), note: row.get(1)?, heads: row.get(2)? })
}

/// The database's integers end at `i64::MAX`; no count of rows reaches it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A negative number was planted; it is none of ours, and comes out as one that cannot be reached.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
