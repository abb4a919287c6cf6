//! To whom an archive belongs, and who may read it.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use crate::StoreError;
use crate::sqlite::regular;

/// The owner and the group of a database, and whether that group reads it: what was moved from there is for the same people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Belonging {
    uid: u32,
    gid: u32,
    group_reads: bool,
}

impl Belonging {
    pub(super) fn of(database: &Path) -> Result<Self, StoreError> {
        let about = regular(database)?.ok_or_else(|| StoreError::Missing { path: database.to_owned() })?;
        Ok(Self { uid: about.uid(), gid: about.gid(), group_reads: about.mode() & 0o040 != 0 })
    }

    /// The database's owner.
    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    /// The mode of a file that nobody writes any more.
    pub(super) fn file_mode(&self) -> u32 {
        if self.group_reads { 0o440 } else { 0o400 }
    }

    /// The mode of a folder.
    pub(super) fn folder_mode(&self) -> u32 {
        if self.group_reads { 0o750 } else { 0o700 }
    }

    /// Gives a file or a folder to the database's owner and group, with this mode.
    ///
    /// Takes what is open, for the owner may put another thing at its path at any moment. INVARIANT: `file` is of this process's
    /// own making, or the owner's already: whoever owns a database must not get anything else from root.
    pub(super) fn claim(&self, file: &File, path: &Path, mode: u32) -> Result<(), StoreError> {
        let claim = || -> io::Result<()> {
            let about = file.metadata()?;
            // Before the mode: another group is not to read in between.
            if (about.uid(), about.gid()) != (self.uid, self.gid) {
                fchown(file, Some(self.uid), Some(self.gid))?;
            }
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()
        };
        claim().map_err(|error| StoreError::io(path, "set the owner and the mode of", &error))
    }
}
