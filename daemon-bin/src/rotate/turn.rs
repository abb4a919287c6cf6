//! One turn of the key: what is prepared, the commit, and what follows from it.

use std::path::{Path, PathBuf};

use agent_receipts_core::{KeyRotation, PublicKey};
use agent_receipts_keysource::FileKeySource;
use agent_receipts_store::{ReceiptReader, Row};
use zeroize::Zeroizing;

use super::files::KeyFiles;
use super::journal::Journal;
use super::recover::{finish, settle};
use super::{RotateError, Rotation, anchor};
use crate::config::Config;
use crate::pipeline::ledger::{Ledger, WriteError};
use crate::startup::StartError;
use crate::surroundings::Surroundings;

/// A rotation that is ready to be committed.
pub(super) struct Turn {
    files: KeyFiles,
    db: PathBuf,
    rows: Vec<Row>,
    journal: Journal,
    /// The incoming key, ready to sign.
    key: FileKeySource,
    surroundings: Surroundings,
}

impl Turn {
    /// Makes the next key, seals the hand-overs and writes the journal. Nothing is changed by that for anybody but a repair,
    /// which removes it.
    pub(super) fn prepare(
        ledger: &mut Ledger,
        config: &Config,
        seed: &Zeroizing<[u8; 32]>,
        anchor_log: Option<&Path>,
        surroundings: &Surroundings,
    ) -> Result<Self, RotateError> {
        let disk = &surroundings.disk;
        let files = KeyFiles::of(config);
        if files.any_stands(disk)?
            && let Some(pending) = settle(&files, &config.db, reader(ledger), surroundings)?
        {
            return Err(pending);
        }
        let anchor = anchor_log.map(|path| (path.to_owned(), (surroundings.clock)().to_rfc3339_nanos()));
        if let Some((path, _)) = &anchor {
            anchor::try_out(disk, path)?;
        }
        let outgoing = ledger.key.current().public_key().map_err(StartError::from)?;
        let (key, incoming) = files.make_next(disk, seed, &config.verification_method)?;
        let placed = ledger.place_rotations(&key_rotation(&outgoing, &incoming)).map_err(WriteError::from)?;
        let rows = ledger.seal(placed)?;
        let receipts = rows.iter().map(|row| row.id.clone()).collect();
        let journal = Journal { outgoing, incoming, receipts, anchor };
        files.archive(disk, &outgoing)?;
        journal.write(disk, &files)?;
        Ok(Self { files, db: config.db.clone(), rows, journal, key, surroundings: surroundings.clone() })
    }

    /// Hands every chain over in one transaction: the point of no return.
    ///
    /// Whether a commit that failed was made all the same is not known before the database has been opened again.
    pub(super) fn commit(&self, ledger: &mut Ledger) -> Result<(), RotateError> {
        let disk = &self.surroundings.disk;
        disk.call("commit to", &self.db, || Ok(()))?;
        ledger.append(&self.rows)?;
        Ok(disk.call("hear of the commit to", &self.db, || Ok(()))?)
    }

    /// Puts the next key in its place. What fails here is done by the next start.
    pub(super) fn finish(&self, ledger: &Ledger) -> Rotation {
        let Surroundings { disk, .. } = &self.surroundings;
        let unfinished = match finish(&self.files, &self.journal, &self.db, reader(ledger), disk) {
            Ok(None) => None,
            Ok(Some(pending)) => Some(pending.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let Journal { outgoing, incoming, anchor, .. } = &self.journal;
        let receipts = self.rows.iter().map(|row| (row.chain_id.clone(), row.sequence, row.id.clone()));
        Rotation {
            receipts: receipts.collect(),
            outgoing: outgoing.fingerprint(),
            incoming: incoming.fingerprint(),
            archived: self.files.archive_of(outgoing),
            anchored: anchor.as_ref().map(|(path, _)| path.clone()),
            unfinished,
        }
    }

    /// The incoming key, which signs from now on.
    pub(super) fn into_key(self) -> (FileKeySource, PublicKey) {
        (self.key, self.journal.incoming)
    }
}

fn reader(ledger: &Ledger) -> &dyn ReceiptReader {
    &ledger.store
}

fn key_rotation(outgoing: &PublicKey, incoming: &PublicKey) -> KeyRotation {
    let algorithm = "ed25519".to_owned();
    KeyRotation {
        event_type: "key_rotated".to_owned(),
        new_public_key: incoming.to_multibase(),
        old_key_fingerprint: outgoing.fingerprint().to_string(),
        new_key_fingerprint: incoming.fingerprint().to_string(),
        old_algorithm: algorithm.clone(),
        new_algorithm: algorithm,
        signed_with: "old".to_owned(),
        ..KeyRotation::default()
    }
}
