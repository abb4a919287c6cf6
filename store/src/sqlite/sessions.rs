//! Which receipts belong to which session: a dictionary of names, and a few bytes a receipt.
//!
//! Every receipt of ours has an entry in `ar_session_receipts` under its row number, with session 0 if it has none. So a row
//! without an entry is known to be another implementation's, and only such rows are searched by their JSON; runs of them are
//! noted in `ar_foreign_receipts`, those after our newest entry not yet.
//!
//! INVARIANT: row numbers stay what they are. Nothing of ours renumbers them; a copy made row by row must keep them.

use std::collections::HashMap;

use rusqlite::{Connection, params};

/// The tables. `first_rowid` is where the search for a session's receipts begins, so that a new one is found fast in a large
/// database without an index that every receipt would pay for.
pub(crate) const TABLES: &str = "\
CREATE TABLE IF NOT EXISTS ar_session_names (
    session INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_rowid INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ar_session_receipts (receipt_rowid INTEGER PRIMARY KEY, session INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ar_foreign_receipts (first_rowid INTEGER PRIMARY KEY, last_rowid INTEGER NOT NULL);";

/// What [`TABLES`] makes.
pub(crate) const NAMES: [&str; 3] = ["ar_session_names", "ar_session_receipts", "ar_foreign_receipts"];

/// From version 1, which had a table `ar_sessions(receipt_id, session_id)` with no row for receipts without a session.
pub(crate) const FROM_VERSION_1: &str = "\
INSERT INTO ar_session_names (name, first_rowid)
    SELECT s.session_id, MIN(r.rowid) FROM ar_sessions AS s JOIN receipts AS r ON r.id = s.receipt_id
    GROUP BY s.session_id ORDER BY 2;
INSERT INTO ar_session_receipts (receipt_rowid, session)
    SELECT r.rowid, n.session FROM receipts AS r
    CROSS JOIN ar_sessions AS s ON s.receipt_id = r.id CROSS JOIN ar_session_names AS n ON n.name = s.session_id
    ORDER BY r.rowid;
INSERT INTO ar_foreign_receipts (first_rowid, last_rowid)
    SELECT MIN(rowid), MAX(rowid) FROM (
        SELECT rowid, rowid - ROW_NUMBER() OVER (ORDER BY rowid) AS run FROM receipts
        WHERE rowid NOT IN (SELECT receipt_rowid FROM ar_session_receipts)
          AND rowid < (SELECT MAX(receipt_rowid) FROM ar_session_receipts))
    GROUP BY run;
DROP TABLE ar_sessions;";

/// The name of a row's session.
pub(crate) const NAME_OF_ROW: &str = "(SELECT n.name FROM ar_session_receipts AS m \
    JOIN ar_session_names AS n ON n.session = m.session WHERE m.receipt_rowid = r.rowid)";

/// Holds for the rows of the session that is given for `?`.
pub(crate) const IS_OF_SESSION: &str = "(r.rowid IN (\
    SELECT m.receipt_rowid FROM ar_session_names AS n CROSS JOIN ar_session_receipts AS m \
     ON m.receipt_rowid >= n.first_rowid WHERE n.name = ? AND m.session = n.session \
    UNION ALL SELECT f.rowid FROM (\
     SELECT first_rowid, last_rowid FROM ar_foreign_receipts UNION ALL \
     SELECT COALESCE(MAX(receipt_rowid) + 1, -9223372036854775808), 9223372036854775807 FROM ar_session_receipts\
    ) AS g CROSS JOIN receipts AS f ON f.rowid BETWEEN g.first_rowid AND g.last_rowid \
    WHERE CASE WHEN json_valid(f.receipt_json) THEN json_extract(f.receipt_json, '$.issuer.session_id') = ? END))";

/// The session of receipts that have none.
const NO_SESSION: i64 = 0;
/// How many names are kept in memory.
const MOST_KNOWN: usize = 1024;

/// The writer's side: names that are known to be in the dictionary.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    known: HashMap<String, i64>,
}

impl Sessions {
    /// Brings the tables in line with what others have done to `receipts` since our last row. To be called in every
    /// transaction before its first row.
    pub(crate) fn align(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let (newest, noted): (i64, Option<i64>) = connection
            .prepare_cached(
                "SELECT (SELECT COALESCE(MAX(rowid), 0) FROM receipts), (SELECT MAX(receipt_rowid) FROM ar_session_receipts)",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let last_noted = noted.unwrap_or(0);
        if newest > last_noted {
            let first = noted.map_or(i64::MIN, |noted| noted + 1);
            connection
                .execute("INSERT OR REPLACE INTO ar_foreign_receipts VALUES (?1, ?2)", [first, newest])?;
        } else if newest < last_noted {
            // Receipts were deleted by hand: the next ones get the same numbers, and must not inherit a session.
            // Names that are forgotten are entered again, and the rows where their sessions begin with them.
            self.forget();
            for statement in [
                "DELETE FROM ar_session_receipts WHERE receipt_rowid > ?1",
                "DELETE FROM ar_foreign_receipts WHERE first_rowid > ?1",
                "UPDATE ar_foreign_receipts SET last_rowid = ?1 WHERE last_rowid > ?1",
            ] {
                connection.execute(statement, [newest])?;
            }
        }
        Ok(())
    }

    /// Notes the session of the row that was just inserted.
    pub(crate) fn note(&mut self, connection: &Connection, name: Option<&str>) -> rusqlite::Result<()> {
        let rowid = connection.last_insert_rowid();
        let session = match name {
            Some(name) => self.number(connection, name, rowid)?,
            None => NO_SESSION,
        };
        // Replaces, for an entry that was planted must not stop the writer.
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO ar_session_receipts (receipt_rowid, session) VALUES (?1, ?2)",
            )?
            .execute([rowid, session])?;
        Ok(())
    }

    /// Trusts the dictionary alone again: what was entered by a transaction that failed is not there.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    fn number(&mut self, connection: &Connection, name: &str, rowid: i64) -> rusqlite::Result<i64> {
        if let Some(session) = self.known.get(name) {
            return Ok(*session);
        }
        // Lowers the mark where a number is less than an earlier one: after rows were deleted, or once numbers have run out.
        let session = connection
            .prepare_cached(
                "INSERT INTO ar_session_names (name, first_rowid) VALUES (?1, ?2) \
                 ON CONFLICT (name) DO UPDATE SET first_rowid = MIN(first_rowid, excluded.first_rowid) RETURNING session",
            )?
            .query_row(params![name, rowid], |row| row.get(0))?;
        if self.known.len() >= MOST_KNOWN {
            self.forget();
        }
        self.known.insert(name.to_owned(), session);
        Ok(session)
    }
}
