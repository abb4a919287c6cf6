//! Replacing the rows of an archive's chains by what is left of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::copy::sync_folder;
use super::errors::classify;
use super::moved;
use super::reader::SqliteReader;
use super::schema::Shape;
use super::select::Selection;
use crate::{Archive, ChainSummary, Query, ReceiptReader, Retired, Row, StoreError};

/// Why receipts were not replaced; the database is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetireError {
    /// The database, or the archive's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A receipt is not the same in both.
    #[error(
        "sequence {sequence} of chain `{chain_id}` is not the same in archive `{archive}` and in the database: \
         move the folder of archive `{archive}` away, and retire again"
    )]
    Differs {
        /// The archive.
        archive: String,
        /// The chain.
        chain_id: String,
        /// The position.
        sequence: u64,
    },
    /// The archive does not hold a chain to its end.
    #[error(
        "chain `{chain_id}` has {stored} receipts in the database, and archive `{archive}` holds {archived} of them: \
         move the folder of archive `{archive}` away, and retire again"
    )]
    NotWhole {
        /// The archive.
        archive: String,
        /// The chain.
        chain_id: String,
        /// How many receipts the database has.
        stored: u64,
        /// How many the archive has.
        archived: u64,
    },
    /// The archive holds a chain that the database has never moved there, and does not have.
    #[error(
        "archive `{archive}` holds chain `{chain_id}`, which the database does not know: it was altered or put back; \
         keep both as evidence, and move the folder of archive `{archive}` away to go on"
    )]
    Unknown {
        /// The archive.
        archive: String,
        /// The chain.
        chain_id: String,
    },
    /// The chain was moved to another archive before.
    #[error(
        "chain `{chain_id}` was moved to archive `{before}`, and archive `{archive}` holds it too: \
         move the folder of archive `{archive}` away"
    )]
    MovedBefore {
        /// The archive.
        archive: String,
        /// The chain.
        chain_id: String,
        /// The archive that it was moved to.
        before: String,
    },
}

/// One transaction: afterwards the rows of all chains of the archive are gone and accounted for, or nothing has changed.
pub(crate) fn retire(
    connection: &mut Connection,
    path: &Path,
    shape: Shape,
    archive: &Archive,
    leaf: &dyn Fn(&str) -> [u8; 32],
) -> Result<Retired, RetireError> {
    let archived = SqliteReader::open(&archive.database)?;
    make_durable(&archive.database)?;
    let own = |error| classify(path, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(own)?;
    let mut move_out = Move {
        transaction: &transaction,
        path,
        shape,
        archive: &archive.name,
        archived: &archived,
        leaf,
        lengths: BTreeMap::new(),
    };
    let retired = move_out.all()?;
    if !archived.still_current() {
        return Err(StoreError::Changed { path: archive.database.clone() }.into());
    }
    transaction.commit().map_err(own)?;
    Ok(retired)
}

/// Whoever made the archive did this before; what a crash then left may be in the system's memory only.
fn make_durable(database: &Path) -> Result<(), StoreError> {
    let sync = |path: &Path| {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::io(path, "sync", &error))
    };
    sync(database)?;
    if let Some(folder) = database.parent() {
        sync(&folder.join("manifest.json"))?;
        sync(folder)?;
        sync_folder(folder)?;
        // The folder of all archives has a name, too.
        folder.parent().map_or(Ok(()), sync_folder)?;
    }
    Ok(())
}

struct Move<'a> {
    transaction: &'a Transaction<'a>,
    path: &'a Path,
    shape: Shape,
    archive: &'a str,
    archived: &'a SqliteReader,
    leaf: &'a dyn Fn(&str) -> [u8; 32],
    /// How many rows each chain has in the table itself, whatever an index says.
    lengths: BTreeMap<String, u64>,
}

impl Move<'_> {
    fn all(&mut self) -> Result<Retired, RetireError> {
        self.lengths = self.selection().lengths(i64::MAX)?;
        let mut retired = Retired::default();
        for chain in self.archived.chains()? {
            if self.is_to_be_moved(&chain)? {
                retired.receipts += self.chain(&chain)?;
                retired.chains += 1;
            }
        }
        Ok(retired)
    }

    fn is_to_be_moved(&self, chain: &ChainSummary) -> Result<bool, RetireError> {
        let stored = self.lengths.contains_key(&chain.chain_id);
        let (archive, chain_id) = (self.archive.to_owned(), chain.chain_id.clone());
        match self.selection().moved_chain(&chain_id)? {
            None if stored => Ok(true),
            None => Err(RetireError::Unknown { archive, chain_id }),
            Some(before) if before.archive == archive && !stored => Ok(false),
            Some(before) => Err(RetireError::MovedBefore { archive, chain_id, before: before.archive }),
        }
    }

    /// Moves one chain; gives the number of its receipts.
    fn chain(&self, chain: &ChainSummary) -> Result<u64, RetireError> {
        let number = self.begin(chain)?;
        let (mut archived, mut last, mut failure) = (0, None, None);
        self.archived.stream(&Query::chain(chain.chain_id.as_str()), &mut |stored| match self
            .receipt(number, &stored.row)
        {
            Ok(rowid) => {
                archived += 1;
                last = Some((rowid.max(last.as_ref().map_or(rowid, |(rowid, _)| *rowid)), stored.row));
                ControlFlow::Continue(())
            }
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        let stored = self.lengths.get(&chain.chain_id).copied().unwrap_or(0);
        let not_whole = || RetireError::NotWhole {
            archive: self.archive.to_owned(),
            chain_id: chain.chain_id.clone(),
            stored,
            archived,
        };
        let (last_rowid, tip) = last.ok_or_else(not_whole)?;
        self.execute(
            "UPDATE ar_moved_chains SET receipts = ?2, last_sequence = ?3, last_rowid = ?4, tip_id = ?5, tip_hash = ?6 \
             WHERE chain = ?1",
            params![number, signed(archived), signed(tip.sequence), last_rowid, tip.id, tip.receipt_hash],
        )?;
        let gone = self.execute("DELETE FROM receipts WHERE chain_id = ?1", [&chain.chain_id])?;
        // Were there a row that the archive has not, it would be gone for good.
        if (stored, gone as u64) == (archived, archived) { Ok(archived) } else { Err(not_whole()) }
    }

    fn begin(&self, chain: &ChainSummary) -> Result<i64, StoreError> {
        let first = signed(chain.first_sequence);
        self.execute(
            "INSERT INTO ar_moved_chains \
             (chain_id, archive, receipts, first_sequence, last_sequence, last_rowid, tip_id, tip_hash) \
             VALUES (?1, ?2, 0, ?3, ?3, 0, '', '')",
            params![chain.chain_id, self.archive, first],
        )?;
        Ok(self.transaction.last_insert_rowid())
    }

    /// Leaves what is to be left of one receipt; gives the number of its row.
    fn receipt(&self, chain: i64, archived: &Row) -> Result<i64, RetireError> {
        let found = self.selection().by_position(&archived.chain_id, archived.sequence)?;
        let stored =
            found.filter(|stored| same(&stored.row, archived)).ok_or_else(|| RetireError::Differs {
                archive: self.archive.to_owned(),
                chain_id: archived.chain_id.clone(),
                sequence: archived.sequence,
            })?;
        let leaf = (self.leaf)(&archived.receipt_json);
        self.execute(
            "INSERT INTO ar_moved_receipts (position, receipt_id, leaf, chain, sequence) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![stored.rowid, moved::pack(&archived.id), leaf, chain, signed(archived.sequence)],
        )?;
        self.execute("DELETE FROM ar_session_receipts WHERE receipt_rowid = ?1", [stored.rowid])?;
        Ok(stored.rowid)
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StoreError> {
        let done = self.transaction.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        done.map_err(|error| classify(self.path, error))
    }

    fn selection(&self) -> Selection<'_> {
        Selection { connection: self.transaction, path: self.path, shape: self.shape }
    }
}

/// All that a row says, but for its session: of another implementation's rows the archive's table names it, and ours does not.
fn same(stored: &Row, archived: &Row) -> bool {
    let session_id = archived.session_id.clone();
    Row { session_id, ..stored.clone() } == *archived
}

/// The database's integers end at `i64::MAX`; what was read from one fits.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
