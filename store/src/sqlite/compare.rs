//! Whether two databases hold the same, table by table and row by row, row numbers included.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Rows};

use super::errors::classify;
use crate::StoreError;

/// Fails with the first difference between an original and its copy.
pub(crate) fn same_contents(
    original: &Connection,
    original_path: &Path,
    copy: &Connection,
    copy_path: &Path,
) -> Result<(), StoreError> {
    let sides = Sides { original, original_path, copy, copy_path };
    sides.same_answer(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name",
        "the schema",
    )?;
    for (table, has_rowid) in sides.tables()? {
        let quoted = table.replace('"', "\"\"");
        // Without row numbers the rows come in the order of the primary key.
        let sql = match has_rowid {
            true => format!("SELECT rowid, * FROM \"{quoted}\" NOT INDEXED ORDER BY rowid"),
            false => format!("SELECT * FROM \"{quoted}\""),
        };
        sides.same_answer(&sql, &format!("table `{table}`"))?;
    }
    Ok(())
}

struct Sides<'a> {
    original: &'a Connection,
    original_path: &'a Path,
    copy: &'a Connection,
    copy_path: &'a Path,
}

impl Sides<'_> {
    /// The ordinary tables, and whether their rows are numbered.
    fn tables(&self) -> Result<Vec<(String, bool)>, StoreError> {
        // The schema's own table tells of pages too, which may be others; what else it holds is compared before.
        let sql = "SELECT name, NOT wr FROM pragma_table_list \
                   WHERE schema = 'main' AND type = 'table' AND name <> 'sqlite_schema' ORDER BY name";
        let found = self.original.prepare(sql).and_then(|mut statement| {
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        });
        found.map_err(|error| classify(self.original_path, error))
    }

    /// Asks both sides, and compares their answers one row at a time.
    fn same_answer(&self, sql: &str, what: &str) -> Result<(), StoreError> {
        let of_original = |error| classify(self.original_path, error);
        let of_copy = |error| classify(self.copy_path, error);
        let mut left = self.original.prepare(sql).map_err(of_original)?;
        let mut right = self.copy.prepare(sql).map_err(of_copy)?;
        let columns = left.column_count();
        let (mut left, mut right) = (left.query([]).map_err(of_original)?, right.query([]).map_err(of_copy)?);
        loop {
            let was = next(&mut left, columns).map_err(of_original)?;
            let is = next(&mut right, columns).map_err(of_copy)?;
            if was != is {
                let path = self.copy_path.to_owned();
                return Err(StoreError::CopyDiffers { path, detail: format!("in {what}") });
            }
            if was.is_none() {
                return Ok(());
            }
        }
    }
}

fn next(rows: &mut Rows<'_>, columns: usize) -> rusqlite::Result<Option<Vec<Value>>> {
    let Some(row) = rows.next()? else { return Ok(None) };
    (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(statements: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(statements).unwrap();
        connection
    }

    fn compare(statements: &str) -> Result<(), StoreError> {
        let original = database(
            "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, NULL); \
            CREATE TABLE k (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO k VALUES ('one', x'01');",
        );
        let copy = database(statements);
        same_contents(&original, Path::new("/original"), &copy, Path::new("/copy"))
    }

    #[test]
    fn every_difference_is_found() {
        let tables = "CREATE TABLE t (a, b); CREATE TABLE k (a PRIMARY KEY, b) WITHOUT ROWID;";
        let with = |rows: &str| compare(&format!("{tables}{rows}"));
        let k = "INSERT INTO k VALUES ('one', x'01');";
        assert_eq!(with(&format!("INSERT INTO t VALUES (1, 'x'), (2, NULL); {k}")), Ok(()));
        let differs =
            |what: &str| Err(StoreError::CopyDiffers { path: "/copy".into(), detail: format!("in {what}") });
        for rows in [
            "INSERT INTO t VALUES (1, 'x');",
            "INSERT INTO t VALUES (1, 'x'), (2, NULL), (3, 3);",
            "INSERT INTO t VALUES (1, 'x'), (2, '');",
            "INSERT INTO t VALUES (1, 'x'), ('2', NULL);",
            "INSERT INTO t (rowid, a, b) VALUES (1, 1, 'x'), (3, 2, NULL);",
        ] {
            assert_eq!(with(&format!("{rows}{k}")), differs("table `t`"), "{rows}");
        }
        assert_eq!(
            with("INSERT INTO t VALUES (1, 'x'), (2, NULL); INSERT INTO k VALUES ('one', x'02');"),
            differs("table `k`")
        );
        assert_eq!(with("CREATE TABLE further (a);"), differs("the schema"));
        assert_eq!(compare(""), differs("the schema"));
    }
}
