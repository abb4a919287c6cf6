//! Reading the database, again where a writer came in between.

use std::path::Path;

use agent_receipts_store::{Interrupter, SqliteReader, StoreError};

/// A database opened for reading only.
pub(crate) struct Reading {
    reader: SqliteReader,
}

impl Reading {
    /// Opens a database that must be there.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { reader: SqliteReader::open(path)? })
    }

    /// What ends a question from another thread.
    pub(crate) fn interrupter(&self) -> Interrupter {
        self.reader.interrupter()
    }

    /// Asks until the answer is of one piece. `ask` starts afresh each time it is called.
    pub(crate) fn ask<T>(
        &mut self,
        mut ask: impl FnMut(&SqliteReader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for _ in 0..ATTEMPTS {
            match ask(&self.reader) {
                Err(StoreError::Changed { .. }) => self.reader.reopen()?,
                answer => return answer,
            }
        }
        ask(&self.reader)
    }
}

/// A daemon that starts or stops changes the way in which a database is read; that often in a row none does.
const ATTEMPTS: u32 = 8;
