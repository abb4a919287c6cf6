//! Which databases are read.

use std::path::Path;

use agent_receipts_store::{Archive, ArchiveFolder, StoreError};

use crate::failure::Failure;
use crate::reading::Reading;

/// Whether archives are read too.
#[derive(Debug, clap::Args)]
pub(crate) struct ArchivesArgs {
    /// Leave the archives beside the database out.
    #[arg(long)]
    pub(crate) no_archives: bool,
}

/// One database that is read: the one that is written, or an archive beside it.
pub(crate) struct Source {
    /// The archive; `None` for the database itself.
    pub(crate) archive: Option<Archive>,
    /// Its rows.
    pub(crate) reading: Reading,
}

impl Source {
    /// The archive's name; `None` for the database itself.
    pub(crate) fn name(&self) -> Option<&str> {
        self.archive.as_ref().map(|archive| archive.name.as_str())
    }
}

/// Opens the database, which comes first, and its archives by name. Where there are archives, the database itself may be
/// missing; where there is neither, that is an error.
pub(crate) fn open(database: &Path, args: &ArchivesArgs) -> Result<Vec<Source>, Failure> {
    let archives = if args.no_archives { Vec::new() } else { ArchiveFolder::beside(database).archives()? };
    let mut sources = Vec::with_capacity(archives.len() + 1);
    match Reading::open(database) {
        Ok(reading) => sources.push(Source { archive: None, reading }),
        Err(StoreError::Missing { .. }) if !archives.is_empty() => {}
        Err(error) => return Err(error.into()),
    }
    for archive in archives {
        let reading = Reading::open(&archive.database)?;
        sources.push(Source { archive: Some(archive), reading });
    }
    Ok(sources)
}
