//! Whether the keys in use, before and now, belong together.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use agent_receipts_chain::KeyRing;
use agent_receipts_core::{PublicKey, Received};
use agent_receipts_keysource::{FileKeySource, KeySource};
use agent_receipts_store::{Query, ReceiptReader, SqliteReader, StoreError};

use super::check::Check;
use super::scene::Scene;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::verification::{Trust, ring_with_archives};

const NAME: &str = "key lineage";

pub(super) fn check(scene: &Scene) -> Check {
    let asked = Trust::load(&scene.public_key, &[]).map_err(Failure::from).and_then(|trust| {
        let ring = ring_with_archives(&scene.database, &trust)?;
        let missing = Reading::open(&scene.database)?.ask(|reader| unknown_key(reader, &ring))?;
        Ok(((ring, missing), trust))
    });
    let ((ring, missing), trust) = match asked {
        Ok(known) => known,
        Err(failure) => return Check::of_failure(NAME, failure, "name the published key with --public-key"),
    };
    if let Some(fault) = scene.private_key.as_deref().and_then(|key| other_key(key, &trust)) {
        let mend = format!("`{}` must be made from that key: restart the daemon", scene.public_key.display());
        return Check::fail(NAME, fault, mend);
    }
    if let Some(left) = scene.private_key.as_deref().and_then(unfinished) {
        let reason = format_args!("`{}` says that a rotation of the key is not over", left.display());
        return Check::warn(
            NAME,
            reason,
            "if none is under way, restart the daemon, which finishes or undoes it",
        );
    }
    if let Some(fingerprint) = missing {
        let reason = format_args!("the key {fingerprint}, which handed over to a later one, is not archived");
        let mend = format!(
            "restore `{}.rotated-…` from a backup, or from whoever verifies: what that key signed cannot be verified without it",
            scene.public_key.display()
        );
        return Check::fail(NAME, reason, mend);
    }
    judge(&ring, &trust, &scene.public_key)
}

/// The outgoing key of a rotation that stands neither beside the published one nor in any receipt.
fn unknown_key(reader: &SqliteReader, ring: &KeyRing) -> Result<Option<String>, StoreError> {
    let known: Vec<String> = ring.candidates().iter().map(|key| key.fingerprint().to_string()).collect();
    let rotations = Query { action_type: Some(KEY_ROTATE.to_owned()), ..Query::default() };
    let mut missing = None;
    reader.stream(&rotations, &mut |stored| {
        let received = Received::parse(stored.row.receipt_json.as_bytes()).ok();
        let rotation = received.and_then(|received| received.into_receipt().subject.key_rotation);
        missing = rotation.map(|rotation| rotation.old_key_fingerprint).filter(|old| !known.contains(old));
        if missing.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(missing)
}

/// What the archive beside the published key is worth.
fn judge(ring: &KeyRing, trust: &Trust, public_key: &Path) -> Check {
    if let Some((path, error)) = trust.unreadable().first() {
        let mend = "restore it from a backup, or move it away if it never was a key";
        return Check::warn(NAME, format_args!("`{}` holds no key: {error}", path.display()), mend);
    }
    for (path, key) in trust.archived() {
        let path = path.display();
        if ring.is_provisional(key) {
            let reason = format_args!("`{path}` has handed over to a key that has signed nothing yet");
            return Check::warn(NAME, reason, "record an event, then ask again");
        }
        if !ring.vouches_for(key) {
            let reason =
                format_args!("`{path}` is no earlier key of this database: anybody can put a file there");
            return Check::warn(NAME, reason, "find out who put it there; verifiers do not trust it");
        }
    }
    let archived = |key: &PublicKey| trust.archived().iter().any(|(_, other)| other == key);
    let current = trust.published();
    let mut lost =
        ring.candidates().iter().filter(|key| *key != current && ring.vouches_for(key) && !archived(key));
    if let Some(key) = lost.next() {
        let file = format!("{}.rotated-{}", public_key.display(), key.short_fingerprint());
        let reason =
            format_args!("an earlier key is not archived at `{file}`: not every verifier can do without");
        return Check::warn(NAME, reason, "restore it from a backup of the public keys");
    }
    match trust.archived().len() {
        0 => Check::ok(NAME, format_args!("one key, {}", current.fingerprint())),
        earlier => Check::ok(
            NAME,
            format_args!("{earlier} earlier, each handed over to the next; now {}", current.fingerprint()),
        ),
    }
}

/// What is wrong about the private key, where this user can read it: only who runs the daemon can.
fn other_key(private: &Path, trust: &Trust) -> Option<String> {
    fs::File::open(private).ok()?;
    let mut source = FileKeySource::new(private, "");
    let public = source.init().and_then(|()| source.public_key());
    source.teardown();
    let shown = private.display();
    match public {
        Ok(public) if public == *trust.published() => None,
        Ok(_) => Some(format!("the published key is not that of `{shown}`")),
        Err(error) => Some(error.to_string()),
    }
}

/// A file that stands only while the key is replaced.
fn unfinished(private: &Path) -> Option<PathBuf> {
    let beside = |suffix: &&str| {
        let mut path = private.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    };
    [".rotation", ".next"].iter().map(beside).find(|path| fs::symlink_metadata(path).is_ok())
}

/// The action type of a rotation.
const KEY_ROTATE: &str = "agent.key.rotate";
