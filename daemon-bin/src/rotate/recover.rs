//! Finishing or undoing a rotation that was cut short.

use std::ops::ControlFlow;

use agent_receipts_core::{PublicKey, Received};
use agent_receipts_keysource::{FileKeySource, KeySource as _, read_public_key};
use agent_receipts_store::{Query, ReceiptReader, SqliteStore, StoreError};

use super::RotateError;
use super::files::{KeyFiles, remove, replace, stands};
use crate::config::Config;
use crate::pipeline::receipts::KEY_ROTATE;
use crate::startup::{StartError, open_store};
use crate::surroundings::Log;

/// Looks for a rotation that was cut short, and takes it to its end: the one that the database knows of is finished, one that
/// it does not know of never was. Gives the store if it had to be opened for that.
pub(crate) fn recover(config: &Config, log: &Log) -> Result<Option<SqliteStore>, RotateError> {
    let files = KeyFiles::of(config);
    if !stands(&files.next_key) && !stands(&files.next_public_key) {
        return Ok(None);
    }
    // The lock on the store also says that nobody is in the midst of a rotation: without it, nothing of these files is ours.
    let store = open_store(&config.db)?;
    let mut key = FileKeySource::new(&files.key, "");
    key.init().map_err(StartError::from)?;
    let current = key.public_key().map_err(StartError::from)?;
    if stands(&files.next_key) {
        let incoming = public_key_of(&files);
        let installed = incoming.map_or(Ok(false), |incoming| is_installed(&store, &current, &incoming));
        if installed.map_err(StartError::from)? {
            files.install()?;
            log("finished a key rotation that had been interrupted");
        } else {
            remove(&files.next_key)?;
            remove(&files.next_public_key)?;
            log("undid a key rotation that had been interrupted");
        }
    } else if read_public_key(&files.next_public_key).is_ok_and(|next| next == current) {
        // The private key was put in place; only the public one was not.
        replace(&files.next_public_key, &files.public_key)?;
        log("published the key of a rotation that had been interrupted");
    } else {
        remove(&files.next_public_key)?;
    }
    Ok(Some(store))
}

/// The public half of the next key. A file that holds none was torn before the transaction, which comes after its sync.
fn public_key_of(files: &KeyFiles) -> Option<PublicKey> {
    let mut key = FileKeySource::new(&files.next_key, "");
    key.init().ok()?;
    key.public_key().ok()
}

/// Whether `outgoing` has handed over to `incoming`. A row that it did not sign could be anybody's, and installing destroys
/// the outgoing key.
fn is_installed(
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
