//! The questions of [`ReceiptReader`](crate::ReceiptReader) in SQL, for the writer's connection and the reader's alike.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::errors::classify;
use super::schema::{KEY_ROTATION, SessionTables, Shape};
use super::sessions;
use crate::{ChainSummary, Head, Order, Query, Row, StoreError, StoredRow};

/// A connection, and what is known of the database behind it.
pub(crate) struct Selection<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) path: &'a Path,
    pub(crate) shape: Shape,
}

impl Selection<'_> {
    pub(crate) fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
        let sql = "SELECT chain_id, sequence, id, receipt_json, receipt_hash FROM receipts \
                   WHERE chain_id = ?1 ORDER BY sequence DESC LIMIT 1";
        self.one(sql, params![chain_id], |row| {
            Ok(Head {
                chain_id: row.get(0)?,
                sequence: unsigned(row, 1)?,
                receipt_id: row.get(2)?,
                receipt_json: row.get(3)?,
                receipt_hash: row.get(4)?,
            })
        })
    }

    pub(crate) fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
        // The inner query walks the index (chain_id, sequence) alone; only the ends of each chain touch the table.
        let sql = "SELECT ends.chain_id, ends.length, ends.first, ends.last, a.timestamp, b.timestamp \
                   FROM (SELECT chain_id, COUNT(*) AS length, MIN(sequence) AS first, MAX(sequence) AS last \
                         FROM receipts GROUP BY chain_id) AS ends \
                   JOIN receipts AS a ON a.chain_id = ends.chain_id AND a.sequence = ends.first \
                   JOIN receipts AS b ON b.chain_id = ends.chain_id AND b.sequence = ends.last \
                   ORDER BY ends.chain_id";
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.classify(error))?;
        let rows = statement.query_map([], |row| {
            Ok(ChainSummary {
                chain_id: row.get(0)?,
                length: unsigned(row, 1)?,
                first_sequence: unsigned(row, 2)?,
                last_sequence: unsigned(row, 3)?,
                first_timestamp: row.get(4)?,
                last_timestamp: row.get(5)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(|error| self.classify(error))
    }

    /// Leaps through the index from one chain to the next.
    pub(crate) fn chain_ids(&self) -> Result<Vec<String>, StoreError> {
        let sql = if self.shape.chain_index {
            "WITH RECURSIVE chain(id) AS (SELECT MIN(chain_id) FROM receipts UNION ALL \
             SELECT (SELECT MIN(chain_id) FROM receipts WHERE chain_id > chain.id) FROM chain WHERE chain.id IS NOT NULL) \
             SELECT id FROM chain WHERE id IS NOT NULL"
        } else {
            "SELECT DISTINCT chain_id FROM receipts ORDER BY chain_id"
        };
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.classify(error))?;
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(|error| self.classify(error))
    }

    pub(crate) fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
        let sql = format!("SELECT {} FROM receipts AS r WHERE r.id = ?1", self.columns());
        self.one(&sql, params![id], stored_row)
    }

    pub(crate) fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
        let Ok(sequence) = i64::try_from(sequence) else { return Ok(None) };
        let sql =
            format!("SELECT {} FROM receipts AS r WHERE r.chain_id = ?1 AND r.sequence = ?2", self.columns());
        self.one(&sql, params![chain_id, sequence], stored_row)
    }

    pub(crate) fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
        let among_newest = "SELECT chain_id FROM (SELECT chain_id, rowid FROM receipts ORDER BY rowid DESC LIMIT 1000) \
                            WHERE chain_id NOT LIKE '%/agent/%' ORDER BY rowid DESC LIMIT 1";
        if let Some(found) = self.one(among_newest, [], |row| row.get(0))? {
            return Ok(Some(found));
        }
        if !self.shape.chain_index {
            let anywhere = "SELECT chain_id FROM receipts WHERE chain_id NOT LIKE '%/agent/%' ORDER BY rowid DESC LIMIT 1";
            return self.one(anywhere, [], |row| row.get(0));
        }
        // Leaps over the agents of a root in one go: what begins with `root/agent/` lies before `root/agent0`.
        let by_heads = "\
            WITH RECURSIVE chain(id) AS (SELECT MIN(chain_id) FROM receipts UNION ALL \
            SELECT CASE WHEN chain.id LIKE '%/agent/%' \
             THEN (SELECT MIN(chain_id) FROM receipts \
                   WHERE chain_id >= substr(chain.id, 1, instr(lower(chain.id), '/agent/') + 5) || '0') \
             ELSE (SELECT MIN(chain_id) FROM receipts WHERE chain_id > chain.id) END \
            FROM chain WHERE chain.id IS NOT NULL) \
            SELECT chain.id FROM chain WHERE chain.id NOT LIKE '%/agent/%' \
            ORDER BY (SELECT rowid FROM receipts WHERE chain_id = chain.id ORDER BY sequence DESC LIMIT 1) DESC LIMIT 1";
        self.one(by_heads, [], |row| row.get(0))
    }

    pub(crate) fn max_rowid(&self) -> Result<i64, StoreError> {
        Ok(self.max_stored()?.max(self.max_moved()?))
    }

    /// The greatest number of a row that stands here.
    pub(crate) fn max_stored(&self) -> Result<i64, StoreError> {
        let found = self.one("SELECT COALESCE(MAX(rowid), 0) FROM receipts", [], |row| row.get(0))?;
        Ok(found.unwrap_or(0))
    }

    /// One row in memory at a time.
    pub(crate) fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (sql, values) = self.sql(query);
        self.each_row(&sql, params_from_iter(values), &mut |row| Ok(each(stored_row(row)?)))
    }

    /// Chain and text of every receipt, chain by chain and in sequence, lent for the time of the call.
    pub(crate) fn texts(
        &self,
        each: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let walk = self.walk(&Query { order: Order::Chain, ..Query::default() });
        let sql = format!(
            "SELECT r.chain_id, r.receipt_json FROM receipts AS r{walk} ORDER BY r.chain_id, r.sequence"
        );
        let mut lend = |row: &rusqlite::Row<'_>| Ok(each(text(row, 0)?, text(row, 1)?));
        self.each_row(&sql, params![], &mut lend)
    }

    /// Counts rows in the table itself: an index may have been made to leave some out.
    pub(crate) fn lengths(&self, up_to: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        // Counted here and not by SQLite, which would sort all rows by chain first.
        let sql = "SELECT chain_id FROM receipts NOT INDEXED WHERE rowid <= ?1";
        let mut lengths = BTreeMap::new();
        let mut run: (String, u64) = Default::default();
        self.each_row(sql, params![up_to], &mut |row| {
            let chain = text(row, 0)?;
            if run.0 != chain || run.1 == 0 {
                let (before, count) = std::mem::replace(&mut run, (chain.to_owned(), 0));
                *lengths.entry(before).or_insert(0) += count;
            }
            run.1 += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        *lengths.entry(run.0).or_insert(0) += run.1;
        lengths.retain(|_, count| *count > 0);
        Ok(lengths)
    }

    /// One statement, hence one read transaction.
    pub(super) fn each_row(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        each: &mut dyn FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.classify(error))?;
        let mut rows = statement.query(values).map_err(|error| self.classify(error))?;
        while let Some(row) = rows.next().map_err(|error| self.classify(error))? {
            if each(row).map_err(|error| self.classify(error))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn sql(&self, query: &Query) -> (String, Vec<Value>) {
        let mut conditions: Vec<String> = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut require = |condition: &str, value: Value| {
            values.push(value);
            conditions.push(condition.replace('?', &format!("?{}", values.len())));
        };
        let rotations = query.action_type.as_deref() == Some(KEY_ROTATION);
        let texts = [
            ("r.chain_id = ?", &query.chain_id),
            ("r.action_type = ?", if rotations { &None } else { &query.action_type }),
            ("r.risk_level = ?", &query.risk_level),
            ("r.status = ?", &query.status),
            ("r.timestamp >= ?", &query.since),
            ("r.timestamp <= ?", &query.until),
            (self.session_condition(), &query.session_id),
        ];
        for (condition, text) in texts {
            if let Some(text) = text {
                require(condition, Value::Text(text.clone()));
            }
        }
        if let Some(rowid) = query.after_rowid {
            require("r.rowid > ?", Value::Integer(rowid));
        }
        if rotations {
            // Their index can be used only if the type stands in the statement itself.
            conditions.push(format!("r.action_type = '{KEY_ROTATION}'"));
        }
        let sorted = self.is_sorted(query);
        let columns = if sorted { "r.rowid AS number".to_owned() } else { self.columns() };
        let mut sql = format!("SELECT {columns} FROM receipts AS r{}", self.walk(query));
        if !conditions.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&conditions.join(" AND "));
        }
        sql.push_str(match query.order {
            Order::Ascending => " ORDER BY r.timestamp, r.sequence, r.rowid",
            Order::Descending => " ORDER BY r.timestamp DESC, r.sequence DESC, r.rowid DESC",
            Order::Chain => " ORDER BY r.chain_id, r.sequence",
            Order::Newest => " ORDER BY r.rowid DESC",
            Order::Insertion => " ORDER BY r.rowid",
        });
        if let Some(limit) = query.limit {
            values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
            sql.push_str(&format!(" LIMIT ?{}", values.len()));
        } else if sorted {
            // Without a limit SQLite holds the order of a subquery for idle and drops it.
            sql.push_str(" LIMIT -1");
        }
        if sorted {
            sql = format!(
                "SELECT {} FROM ({sql}) AS k CROSS JOIN receipts AS r ON r.rowid = k.number",
                self.columns()
            );
        }
        (sql, values)
    }

    /// Whether no index gives the order by time. Then row numbers are sorted, and the receipts fetched one by one.
    fn is_sorted(&self, query: &Query) -> bool {
        matches!(query.order, Order::Ascending | Order::Descending) && self.walk(query).is_empty()
    }

    /// Walks an index in the order that is asked for. Left to itself, SQLite would read the whole table and sort the whole
    /// receipts in a temporary file.
    fn walk(&self, query: &Query) -> &'static str {
        let narrowed = query.chain_id.is_some()
            || query.session_id.is_some()
            || query.action_type.is_some()
            || query.risk_level.is_some()
            || query.after_rowid.is_some();
        match query.order {
            Order::Chain if !narrowed && self.shape.chain_index => " INDEXED BY idx_receipts_chain",
            Order::Ascending | Order::Descending if !narrowed && self.shape.time_index => {
                " INDEXED BY idx_receipts_timestamp"
            }
            _ => "",
        }
    }

    fn columns(&self) -> String {
        let tool_name = if self.shape.tool_name { "r.tool_name" } else { "''" };
        let session_id = match self.shape.sessions {
            SessionTables::ByRowid => sessions::NAME_OF_ROW,
            SessionTables::ById => "(SELECT session_id FROM ar_sessions WHERE receipt_id = r.id)",
            SessionTables::None => "NULL",
        };
        format!(
            "r.rowid, r.id, r.chain_id, r.sequence, r.action_type, {tool_name}, r.risk_level, r.status, r.timestamp, \
             r.issuer_id, r.principal_id, r.receipt_json, r.receipt_hash, r.previous_receipt_hash, {session_id}"
        )
    }

    fn session_condition(&self) -> &'static str {
        match self.shape.sessions {
            SessionTables::ByRowid => sessions::IS_OF_SESSION,
            // The EXCEPT merges two indexes, so that rows of ours are left out without their JSON ever being read.
            SessionTables::ById => {
                "(r.id IN (SELECT receipt_id FROM ar_sessions WHERE session_id = ? UNION ALL \
              SELECT f.id FROM (SELECT id FROM receipts EXCEPT SELECT receipt_id FROM ar_sessions ORDER BY 1) AS k \
              CROSS JOIN receipts AS f ON f.id = k.id \
              WHERE CASE WHEN json_valid(f.receipt_json) \
                    THEN json_extract(f.receipt_json, '$.issuer.session_id') = ? END))"
            }
            SessionTables::None => {
                "(CASE WHEN json_valid(r.receipt_json) THEN json_extract(r.receipt_json, '$.issuer.session_id') = ? END)"
            }
        }
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let found = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, read).optional());
        found.map_err(|error| self.classify(error))
    }

    fn classify(&self, error: rusqlite::Error) -> StoreError {
        classify(self.path, error)
    }
}

fn stored_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredRow> {
    Ok(StoredRow {
        rowid: row.get(0)?,
        row: Row {
            id: row.get(1)?,
            chain_id: row.get(2)?,
            sequence: unsigned(row, 3)?,
            action_type: row.get(4)?,
            tool_name: row.get(5)?,
            risk_level: row.get(6)?,
            status: row.get(7)?,
            timestamp: row.get(8)?,
            issuer_id: row.get(9)?,
            principal_id: row.get(10)?,
            receipt_json: row.get(11)?,
            receipt_hash: row.get(12)?,
            previous_receipt_hash: row.get(13)?,
            session_id: row.get(14)?,
        },
    })
}

/// A text that is looked at where it lies.
pub(super) fn text<'row>(row: &'row rusqlite::Row<'_>, index: usize) -> rusqlite::Result<&'row str> {
    Ok(row.get_ref(index)?.as_str()?)
}

/// Positions and lengths; a negative one is an unreadable row.
pub(super) fn unsigned(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(index)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, value))
}
