//! Finishing or undoing a rotation that was cut short.

use std::ops::ControlFlow;
use std::path::Path;

use agent_receipts_core::{PublicKey, Received};
use agent_receipts_keysource::{FileKeySource, KeyError, KeySource as _, read_public_key};
use agent_receipts_store::{Query, ReceiptReader, SqliteStore, StoreError};

use super::files::{KeyFiles, load};
use super::journal::Journal;
use super::{RotateError, anchor};
use crate::config::Config;
use crate::disk::{Disk, with_suffix};
use crate::pipeline::receipts::KEY_ROTATE;
use crate::startup::{StartError, open_store};
use crate::surroundings::Surroundings;

/// Looks for a rotation that was cut short, and takes it to its end: the one that the database knows of is finished, one that
/// it does not know of never was. Gives the store if it had to be opened for that.
///
/// An anchor log that cannot be written does not keep the daemon from recording: the journal stays, and the next start tries
/// again.
pub(crate) fn recover(
    config: &Config,
    surroundings: &Surroundings,
) -> Result<Option<SqliteStore>, RotateError> {
    let files = KeyFiles::of(config);
    if !files.any_stands(&surroundings.disk)? {
        return Ok(None);
    }
    // The lock on the store also says that nobody is in the midst of a rotation: without it, nothing of these files is ours.
    let store = open_store(&config.db)?;
    if let Some(pending) = settle(&files, &config.db, &store, surroundings)? {
        (surroundings.log)(&format!("the last key rotation is not in the anchor log yet: {pending}"));
    }
    Ok(Some(store))
}

/// Takes whatever stands of a rotation to its end. Gives what is still to be done for the anchor log, if anything is.
///
/// The caller holds the lock on `store`, which stands at `db`.
pub(super) fn settle(
    files: &KeyFiles,
    db: &Path,
    store: &dyn ReceiptReader,
    surroundings: &Surroundings,
) -> Result<Option<RotateError>, RotateError> {
    let Surroundings { disk, log, .. } = surroundings;
    let journal = Journal::read(disk, files)?;
    let key = disk.call("read", &files.key, || Ok(load(&files.key, "")))??;
    let current = key.public_key().map_err(StartError::from)?;
    drop(key);
    let next = next_key(disk, files)?;
    let strange =
        |reason: &str| RotateError::Journal { path: files.journal.clone(), reason: reason.to_owned() };
    match (journal, next) {
        (Some(journal), next) if journal.incoming == current => {
            if next.is_some_and(|next| next != current) {
                return Err(strange("a further key waits beside the one that it installed"));
            }
            disk.remove(&files.next_key)?;
            let pending = finish(files, &journal, db, store, disk)?;
            log("finished a key rotation that had been interrupted");
            Ok(pending)
        }
        (Some(journal), next) if journal.outgoing == current => {
            if !is_handed_over(store, &current, &journal.incoming).map_err(StartError::from)? {
                undo(files, disk)?;
                log("undid a key rotation that had been interrupted");
                return Ok(None);
            }
            if next != Some(journal.incoming) {
                let key = journal.incoming.fingerprint();
                return Err(RotateError::KeyGone { key, path: files.next_key.clone() });
            }
            let pending = finish(files, &journal, db, store, disk)?;
            log("finished a key rotation that had been interrupted");
            Ok(pending)
        }
        (Some(_), _) => Err(strange("the signing key is none of those that it names")),
        // Of a journal that somebody moved away, or of a version that kept none.
        (None, Some(incoming)) => {
            if is_handed_over(store, &current, &incoming).map_err(StartError::from)? {
                let journal = Journal { outgoing: current, incoming, receipts: Vec::new(), anchor: None };
                finish(files, &journal, db, store, disk)?;
                log("finished a key rotation that had been interrupted");
            } else {
                undo(files, disk)?;
                log("undid a key rotation that had been interrupted");
            }
            Ok(None)
        }
        (None, None) => {
            let waiting =
                disk.call("read", &files.next_public_key, || Ok(read_public_key(&files.next_public_key)))?;
            if waiting.is_ok_and(|waiting| waiting == current) {
                // The private key was put in place; only the public one was not.
                disk.rename(&files.next_public_key, &files.public_key)?;
                log("published the key of a rotation that had been interrupted");
            }
            undo(files, disk)?;
            Ok(None)
        }
    }
}

/// What follows from a commit: the outgoing public key is kept, the incoming pair stands in its place, the anchor log knows of
/// it. Every step may be repeated. Gives what is still to be done for the anchor log, if anything is.
pub(super) fn finish(
    files: &KeyFiles,
    journal: &Journal,
    db: &Path,
    store: &dyn ReceiptReader,
    disk: &Disk,
) -> Result<Option<RotateError>, RotateError> {
    // What was read of the commit may be in the system's memory only, if it was the crash that kept it from being synced.
    // Installing destroys the outgoing key, so it must be on disk before.
    disk.sync(&with_suffix(db, "-wal"))?;
    files.archive(disk, &journal.outgoing)?;
    files.install(disk)?;
    if let Some((path, time)) = &journal.anchor
        && let Err(pending) =
            told(store, &journal.receipts).and_then(|receipts| anchor::complete(disk, path, &receipts, time))
    {
        return Ok(Some(pending));
    }
    for path in [&files.draft, &files.archive_draft, &files.journal] {
        disk.remove(path)?;
    }
    Ok(None)
}

/// Removes what a rotation that never was has left. The journal goes last: as long as it stands, this is done again.
fn undo(files: &KeyFiles, disk: &Disk) -> Result<(), RotateError> {
    let KeyFiles { next_key, next_public_key, draft, archive_draft, journal, .. } = files;
    for path in [next_key, next_public_key, draft, archive_draft, journal] {
        disk.remove(path)?;
    }
    Ok(())
}

/// The hand-over receipts as they stand in the database.
fn told(store: &dyn ReceiptReader, ids: &[String]) -> Result<Vec<String>, RotateError> {
    let receipt = |id: &String| {
        let stored = store.by_id(id).map_err(StartError::from)?;
        stored
            .map(|stored| stored.row.receipt_json)
            .ok_or_else(|| RotateError::ReceiptGone { id: id.clone() })
    };
    ids.iter().map(receipt).collect()
}

/// The public half of the next key. A file that holds no key was torn before the commit, which comes after its sync; one that
/// cannot be read is another matter.
fn next_key(disk: &Disk, files: &KeyFiles) -> Result<Option<PublicKey>, RotateError> {
    if !disk.stands(&files.next_key)? {
        return Ok(None);
    }
    let mut key = FileKeySource::new(&files.next_key, "");
    match disk.call("read", &files.next_key, || Ok(key.init()))? {
        Ok(()) => Ok(Some(key.public_key().map_err(StartError::from)?)),
        Err(KeyError::NotPem { .. } | KeyError::NotPrivateKey { .. } | KeyError::NotEd25519 { .. }) => {
            Ok(None)
        }
        Err(error) => Err(StartError::from(error).into()),
    }
}

/// Whether `outgoing` has handed over to `incoming`. A row that it did not sign could be anybody's, and installing destroys
/// the outgoing key.
fn is_handed_over(
    store: &dyn ReceiptReader,
    outgoing: &PublicKey,
    incoming: &PublicKey,
) -> Result<bool, StoreError> {
    let wanted = incoming.to_multibase();
    let mut found = false;
    let rotations = Query { action_type: Some(KEY_ROTATE.to_owned()), ..Query::default() };
    store.stream(&rotations, &mut |stored| {
        let signed = Received::parse(stored.row.receipt_json.as_bytes())
            .ok()
            .filter(|received| received.verify(outgoing).is_ok());
        let rotation = signed.and_then(|received| received.into_receipt().subject.key_rotation);
        found = rotation.is_some_and(|rotation| rotation.new_public_key == wanted);
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}
