//! What is left of receipts that were moved to an archive: one short row each, under its old number.
//!
//! The tree that checkpoints are over has one leaf a receipt, in the order of row numbers. So a receipt that is moved leaves its
//! number and the hash of its leaf, by which the archive is held to account, and its id, which no other may get.
//!
//! INVARIANT: a number that was moved is never given to another row, and a chain that was moved is never written to again.

use std::ops::ControlFlow;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params};

use super::errors::classify;
use super::select::{Selection, unsigned};
use crate::{Leaf, LeafContent, MovedChain, MovedReceipt, StoreError};

/// The tables. Whoever can write the file can write them; nothing in them is believed.
pub(crate) const TABLES: &str = "\
CREATE TABLE IF NOT EXISTS ar_moved_chains (
    chain INTEGER PRIMARY KEY, chain_id TEXT NOT NULL UNIQUE, archive TEXT NOT NULL, receipts INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL, last_rowid INTEGER NOT NULL,
    tip_id TEXT NOT NULL, tip_hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ar_moved_receipts (
    position INTEGER PRIMARY KEY, receipt_id BLOB NOT NULL, leaf BLOB NOT NULL, chain INTEGER NOT NULL,
    sequence INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS ar_moved_ids ON ar_moved_receipts(receipt_id);";

/// The tables that [`TABLES`] makes.
pub(crate) const NAMES: [&str; 2] = ["ar_moved_chains", "ar_moved_receipts"];

const CHAIN: &str =
    "chain_id, archive, receipts, first_sequence, last_sequence, last_rowid, tip_id, tip_hash";

impl Selection<'_> {
    pub(crate) fn moved_chain(&self, chain_id: &str) -> Result<Option<MovedChain>, StoreError> {
        let sql = format!("SELECT {CHAIN} FROM ar_moved_chains WHERE chain_id = ?1");
        self.moved(&sql, params![chain_id]).map(|found| found.into_iter().next())
    }

    pub(crate) fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError> {
        let sql = format!(
            "SELECT {CHAIN} FROM ar_moved_chains WHERE chain_id NOT LIKE '%/agent/%' ORDER BY last_rowid DESC LIMIT 1"
        );
        self.moved(&sql, []).map(|found| found.into_iter().next())
    }

    pub(crate) fn moved_chains(&self) -> Result<Vec<MovedChain>, StoreError> {
        self.moved(&format!("SELECT {CHAIN} FROM ar_moved_chains ORDER BY chain_id"), [])
    }

    /// The greatest number that was moved; 0 if none was.
    pub(crate) fn max_moved(&self) -> Result<i64, StoreError> {
        if !self.shape.moved {
            return Ok(0);
        }
        max_moved(self.connection).map_err(|error| classify(self.path, error))
    }

    pub(crate) fn moved_receipt(&self, id: &str) -> Result<Option<MovedReceipt>, StoreError> {
        if !self.shape.moved {
            return Ok(None);
        }
        let sql = format!("{RECEIPT} WHERE m.receipt_id = ?1");
        let mut found = None;
        self.each_row(&sql, params![pack(id)], &mut |row| {
            found = Some(moved_receipt(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    pub(crate) fn moved_receipts(
        &self,
        each: &mut dyn FnMut(MovedReceipt) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if !self.shape.moved {
            return Ok(());
        }
        let sql = format!("{RECEIPT} ORDER BY m.position");
        self.each_row(&sql, [], &mut |row| Ok(each(moved_receipt(row)?)))
    }

    /// Both tables merged by number: neither is sorted, and one row is in memory at a time.
    pub(crate) fn leaves(
        &self,
        after_rowid: i64,
        limit: Option<u64>,
        each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = leaves_sql(self.shape.moved);
        self.each_row(&sql, [after_rowid, limit], &mut |row| {
            let digest;
            let content = match row.get_ref(3)? {
                ValueRef::Null => {
                    digest = row.get(4)?;
                    LeafContent::Moved(&digest)
                }
                text => LeafContent::Stored(text.as_str()?),
            };
            let chain_id = row.get_ref(1)?.as_str_or_null()?.unwrap_or_default();
            Ok(each(Leaf { rowid: row.get(0)?, chain_id, sequence: unsigned(row, 2)?, content }))
        })
    }

    fn moved(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<MovedChain>, StoreError> {
        let mut found = Vec::new();
        if self.shape.moved {
            self.each_row(sql, values, &mut |row| {
                found.push(moved_chain(row)?);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(found)
    }
}

pub(super) fn leaves_sql(with_moved: bool) -> String {
    let stored = "SELECT r.rowid AS at, r.chain_id, r.sequence, r.receipt_json, NULL \
                  FROM receipts AS r WHERE r.rowid > ?1";
    // A leaf whose chain somebody took out still is one: the tree must show it.
    let moved = "SELECT m.position, (SELECT c.chain_id FROM ar_moved_chains AS c WHERE c.chain = m.chain), m.sequence, \
                 NULL, m.leaf FROM ar_moved_receipts AS m WHERE m.position > ?1";
    match with_moved {
        true => format!("{stored} UNION ALL {moved} ORDER BY at LIMIT ?2"),
        false => format!("{stored} ORDER BY at LIMIT ?2"),
    }
}

const RECEIPT: &str = "SELECT m.position, m.receipt_id, COALESCE(c.chain_id, ''), m.sequence, COALESCE(c.archive, ''), m.leaf \
     FROM ar_moved_receipts AS m LEFT JOIN ar_moved_chains AS c ON c.chain = m.chain";

pub(super) fn max_moved(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT COALESCE(MAX(position), 0) FROM ar_moved_receipts")?
        .query_row([], |row| row.get(0))
}

/// Why a row may not be written beside what was moved; nothing if it may.
pub(super) fn refusal(
    connection: &Connection,
    id: &str,
    chain_id: &str,
) -> rusqlite::Result<Option<StoreError>> {
    let has_id: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM ar_moved_receipts WHERE receipt_id = ?1)")?
        .query_row([pack(id)], |row| row.get(0))?;
    if has_id {
        return Ok(Some(StoreError::DuplicateId { id: id.to_owned() }));
    }
    let mut statement =
        connection.prepare_cached("SELECT archive FROM ar_moved_chains WHERE chain_id = ?1")?;
    let mut rows = statement.query([chain_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(StoreError::ChainMoved { chain_id: chain_id.to_owned(), archive: row.get(0)? }))
}

/// An id in as few bytes as it can be told by: a UUID in its usual spelling in 16, any other as it is.
pub(super) fn pack(id: &str) -> Value {
    packed_uuid(id).map_or_else(|| Value::Text(id.to_owned()), |bytes| Value::Blob(bytes.to_vec()))
}

fn packed_uuid(id: &str) -> Option<[u8; 16]> {
    let uuid = id.strip_prefix(URN)?.as_bytes();
    if uuid.len() != 36 {
        return None;
    }
    let (mut bytes, mut digits) = ([0; 16], 0);
    for (at, character) in uuid.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if *character != b'-' {
                return None;
            }
            continue;
        }
        let digit = match character {
            b'0'..=b'9' => character - b'0',
            b'a'..=b'f' => character - b'a' + 10,
            _ => return None,
        };
        bytes[digits / 2] |= if digits % 2 == 0 { digit << 4 } else { digit };
        digits += 1;
    }
    Some(bytes)
}

/// What [`pack`] made of an id.
fn unpack(value: ValueRef<'_>) -> rusqlite::Result<String> {
    let ValueRef::Blob(bytes) = value else { return Ok(value.as_str()?.to_owned()) };
    let mut id = URN.to_owned();
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        id.push_str(&format!("{byte:02x}"));
    }
    Ok(id)
}

fn moved_chain(row: &rusqlite::Row<'_>) -> rusqlite::Result<MovedChain> {
    Ok(MovedChain {
        chain_id: row.get(0)?,
        archive: row.get(1)?,
        receipts: unsigned(row, 2)?,
        first_sequence: unsigned(row, 3)?,
        last_sequence: unsigned(row, 4)?,
        last_rowid: row.get(5)?,
        tip_id: row.get(6)?,
        tip_hash: row.get(7)?,
    })
}

fn moved_receipt(row: &rusqlite::Row<'_>) -> rusqlite::Result<MovedReceipt> {
    Ok(MovedReceipt {
        rowid: row.get(0)?,
        id: unpack(row.get_ref(1)?)?,
        chain_id: row.get(2)?,
        sequence: unsigned(row, 3)?,
        archive: row.get(4)?,
        leaf: row.get(5)?,
    })
}

const URN: &str = "urn:receipt:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was() {
        for (id, bytes) in [
            ("urn:receipt:0193f7a0-1b2c-7d3e-8f40-a1b2c3d4e5f6", 16),
            ("urn:receipt:0193F7A0-1b2c-7d3e-8f40-a1b2c3d4e5f6", 0),
            ("urn:receipt:0193f7a01b2c-7d3e-8f40-a1b2c3d4e5f6-", 0),
            ("urn:receipt:0193f7a0-1b2c-7d3e-8f40-a1b2c3d4e5f", 0),
            ("urn:receipt:audit:1", 0),
            ("", 0),
        ] {
            let packed = pack(id);
            assert_eq!(matches!(&packed, Value::Blob(blob) if blob.len() == bytes), bytes > 0, "{id}");
            assert_eq!(unpack(ValueRef::from(&packed)).unwrap(), id);
        }
    }
}
