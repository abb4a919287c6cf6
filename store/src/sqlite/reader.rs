//! Reading, from any process, as any user who may read the file.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::connect::integrity_check;
use super::copy::{self, Copied, Existing};
use super::files;
use super::open_readonly::Opened;
use super::schema::{self, Shape};
use super::select::Selection;
use crate::{
    ChainSummary, CheckpointReader, Head, Leaf, MovedChain, MovedReceipt, Query, ReceiptReader, StoreError,
    StoredCheckpoint, StoredGroup, StoredRow,
};

/// Ends, from any thread, the question that a [`SqliteReader`] is at work on, which then fails. One that was reopened since is not
/// reached.
pub struct Interrupter(rusqlite::InterruptHandle);

impl Interrupter {
    /// Ends it, if there is one.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

/// A database opened for reading: ours or the reference's, in use, closed, or left by a crash. It writes and creates nothing.
///
/// A database of a newer schema is read as long as its table `receipts` is whole.
///
/// If no writer was there when it was opened, and one comes while it is read, a call ends with [`StoreError::Changed`]: what it
/// gave before is to be thrown away, and read again after [`SqliteReader::reopen`].
#[derive(Debug)]
pub struct SqliteReader {
    opened: Opened,
    path: PathBuf,
    shape: Shape,
}

impl SqliteReader {
    /// Opens the database at the path.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if there is none; whatever is not a whole database of receipts is refused.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = files::resolve(path.as_ref())?;
        let opened = Opened::open(&path)?;
        let shape = schema::examine(&opened.connection, &path)?;
        Ok(Self { opened, path, shape })
    }

    /// The database's path, with the links in its folders resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What ends a question from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.opened.connection.get_interrupt_handle())
    }

    /// Whether reading still shows the database as it is. False if it was replaced, or if a writer came while it was read as a
    /// closed file.
    pub fn still_current(&self) -> bool {
        self.opened.still_current(&self.path)
    }

    /// Opens the database anew, as it is now.
    ///
    /// # Errors
    ///
    /// As [`SqliteReader::open`]; the reader is then as before.
    pub fn reopen(&mut self) -> Result<(), StoreError> {
        *self = Self::open(&self.path)?;
        Ok(())
    }

    /// The version of our own tables; `None` in a database of the reference, which has none of them.
    ///
    /// # Errors
    ///
    /// [`StoreError::NewerSchema`] where a later version of this software wrote them; the receipts can be read all the same.
    pub fn schema_version(&self) -> Result<Option<u32>, StoreError> {
        self.whole(schema::version(&self.opened.connection, &self.path))
    }

    /// Reads the whole database and fails if a page or an index is damaged. The time it takes grows with the file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] with the first thing that is wrong.
    pub fn check_integrity(&self) -> Result<(), StoreError> {
        self.whole(integrity_check(&self.opened.connection, &self.path))
    }

    /// How many rows each chain has up to this row number, counted in the table itself. Whoever can write the file can make
    /// an index that leaves rows out, and every other question here may walk one: a reader that must not miss a row
    /// compares. The whole table is read.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnreadableRow`] where a row's chain is no text.
    pub fn lengths(&self, up_to_rowid: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        self.whole(self.selection().lengths(up_to_rowid))
    }

    /// Gives chain id and text of every receipt to `each`, chain by chain and each chain in sequence, until there are no more or
    /// `each` breaks. Nothing is copied: for whoever has to look at all receipts and takes few.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnreadableRow`] where a column is no text.
    pub fn texts(&self, each: &mut dyn FnMut(&str, &str) -> ControlFlow<()>) -> Result<(), StoreError> {
        self.whole(self.selection().texts(each))
    }

    /// The chains that were moved to archives, ordered by chain id. A database that a later version has written gives none.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnreadableRow`] where a column does not hold what it should.
    pub fn moved_chains(&self) -> Result<Vec<MovedChain>, StoreError> {
        self.whole(self.selection().moved_chains())
    }

    /// What is left of the receipt with this id, if it was moved to an archive.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnreadableRow`] where a column does not hold what it should.
    pub fn moved_receipt(&self, id: &str) -> Result<Option<MovedReceipt>, StoreError> {
        self.whole(self.selection().moved_receipt(id))
    }

    /// Gives what is left of every receipt that was moved to an archive to `each`, by row number, until it breaks.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnreadableRow`] where a column does not hold what it should.
    pub fn moved_receipts(
        &self,
        each: &mut dyn FnMut(MovedReceipt) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.whole(self.selection().moved_receipts(each))
    }

    /// Copies the database as it is at this moment, whoever writes it meanwhile, to a file of mode 0600, and compares the copy
    /// with it row by row. The copy has its name only when it is whole and on disk. Room for it is needed once.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`] if a file is there and is not to be replaced, or is this very database;
    /// [`StoreError::InUse`] if side files of a database are there. On any error what was at the path is still there.
    pub fn copy_to(&self, target: &Path, existing: Existing) -> Result<Copied, StoreError> {
        copy::copy(self, target, existing)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.opened.connection
    }

    fn selection(&self) -> Selection<'_> {
        Selection { connection: &self.opened.connection, path: &self.path, shape: self.shape }
    }

    /// A result counts only if the file held still; an error in a file that moved is no finding either.
    pub(crate) fn whole<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.still_current() { result } else { Err(StoreError::Changed { path: self.path.clone() }) }
    }
}

impl CheckpointReader for SqliteReader {
    fn groups(&self, first: u64, limit: u64) -> Result<Vec<StoredGroup>, StoreError> {
        self.whole(self.selection().groups(first, limit))
    }

    fn checkpoints_after(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.whole(self.selection().checkpoints_after(size, limit))
    }

    fn checkpoints_up_to(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.whole(self.selection().checkpoints_up_to(size, limit))
    }
}

impl ReceiptReader for SqliteReader {
    fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
        self.whole(self.selection().head(chain_id))
    }

    fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
        self.whole(self.selection().chains())
    }

    fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
        self.whole(self.selection().by_id(id))
    }

    fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
        self.whole(self.selection().by_position(chain_id, sequence))
    }

    fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.whole(self.selection().stream(query, each))
    }

    fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
        self.whole(self.selection().latest_root_chain())
    }

    fn chain_ids(&self) -> Result<Vec<String>, StoreError> {
        self.whole(self.selection().chain_ids())
    }

    fn max_rowid(&self) -> Result<i64, StoreError> {
        self.whole(self.selection().max_rowid())
    }

    fn leaves(
        &self,
        after_rowid: i64,
        limit: Option<u64>,
        each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.whole(self.selection().leaves(after_rowid, limit, each))
    }

    fn moved_chain(&self, chain_id: &str) -> Result<Option<MovedChain>, StoreError> {
        self.whole(self.selection().moved_chain(chain_id))
    }

    fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError> {
        self.whole(self.selection().newest_moved_root())
    }
}
