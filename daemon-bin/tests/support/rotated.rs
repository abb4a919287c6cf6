//! Chains over which the key is replaced, and the verdict over all of them.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use agent_receipts_chain::{KeyLineage, Outcome, Verdict};
use agent_receipts_core::PublicKey;
use agent_receipts_core::json::{Rules, parse};
use agent_receipts_daemon::{Disk, Surroundings};
use agent_receipts_keysource::{FileKeySource, KeySource as _, archived_public_keys, read_public_key};

use super::{Home, event, field};

/// Runs a daemon over some frames, and leaves its chains closed or open.
pub(crate) fn session(home: &mut Home, frames: &[String], close: bool) {
    home.config.shutdown_deadline = std::time::Duration::from_secs(if close { 30 } else { 0 });
    let daemon = home.start();
    let mut client = home.connect();
    frames.iter().for_each(|frame| drop(client.record(frame)));
    daemon.stop().unwrap();
}

/// The verdicts over all chains, with the published key and the archived ones that lie beside it.
pub(crate) fn verdicts(home: &Home) -> Vec<Verdict> {
    let published = read_public_key(&home.config.public_key).unwrap();
    let archived: Vec<PublicKey> =
        archived_public_keys(&home.config.public_key).unwrap().keys.into_iter().map(|(_, key)| key).collect();
    let mut lineage = KeyLineage::new(published, archived);
    home.each_by_chain(|row| lineage.observe(&row.chain_id, row.receipt_json.as_bytes()));
    home.verdicts(lineage.resolve())
}

pub(crate) fn assert_all_valid(home: &Home, chains: usize) {
    let verdicts = verdicts(home);
    assert_eq!(verdicts.len(), chains, "{verdicts:#?}");
    for verdict in verdicts {
        assert_eq!(verdict.outcome, Outcome::Valid, "{verdict:#?}");
    }
}

/// Calls as they are made: what, and the name of the file.
pub(crate) type Calls = Arc<Mutex<Vec<(&'static str, String)>>>;

/// A disk on which `fails` decides over each call, by its number.
pub(crate) fn disk(
    calls: &Calls,
    fails: impl Fn(usize) -> Option<io::ErrorKind> + Send + Sync + 'static,
) -> Disk {
    let (calls, number) = (Arc::clone(calls), AtomicUsize::new(0));
    Disk::watched(move |call| {
        let name = call.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        calls.lock().unwrap().push((call.what, name));
        fails(number.fetch_add(1, Ordering::Relaxed)).map_or(Ok(()), |kind| Err(kind.into()))
    })
}

pub(crate) fn with(home: &Home, disk: Disk) -> Surroundings {
    Surroundings { disk, ..home.surroundings() }
}

/// A closed chain, an open one, and open ones of two agents.
pub(crate) fn template() -> Home {
    let mut home = Home::new();
    session(&mut home, &[event("")], true);
    session(&mut home, &[event(""), event(r#""agent_id":"a""#), event(r#""agent_id":"b""#)], false);
    std::fs::write(home.path("anchor"), "{\"somebody\":\"else\"}\n").unwrap();
    home
}

/// The same files in a folder of its own.
pub(crate) fn copy_of(template: &Home) -> Home {
    let home = Home::new();
    for name in ["r.db", "k", "k.pub", "anchor"] {
        std::fs::copy(template.path(name), home.path(name)).unwrap();
    }
    home
}

/// What a normal start makes of whatever is there: one key everywhere, nothing left over, every chain valid, and a line in the
/// anchor log for each hand-over that happened and for no other.
pub(crate) fn assert_sound(home: &mut Home, what: &str) -> bool {
    let mode = std::fs::metadata(home.path("k")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{what}");
    session(home, &[event(""), event(r#""agent_id":"a""#)], true);
    let names: BTreeSet<_> = std::fs::read_dir(home.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let left: Vec<_> = names
        .iter()
        .filter(|name| name.contains("next") || name.contains(".rotation") || name.contains("draft"))
        .collect();
    assert!(left.is_empty(), "{what}: {left:?}");
    let mut key = FileKeySource::new(home.path("k"), "");
    key.init().unwrap();
    let published = read_public_key(&home.path("k.pub")).unwrap();
    assert_eq!(key.public_key().unwrap(), published, "{what}");
    let mode = std::fs::metadata(home.path("k.pub")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o644, "{what}");
    assert_all_valid(home, 4);
    let handed_over: BTreeSet<String> = home
        .rows()
        .into_iter()
        .filter(|stored| stored.row.action_type == "agent.key.rotate")
        .map(|stored| stored.row.receipt_json)
        .collect();
    let rotated = published != home.public_key;
    assert_eq!(handed_over.len(), if rotated { 3 } else { 0 }, "{what}");
    if rotated {
        assert!(names.iter().any(|name| name.starts_with("k.pub.rotated-")), "{what}");
    }
    assert_eq!(anchored(&home.path("anchor")), (true, handed_over.into_iter().collect()), "{what}");
    rotated
}

/// Whether somebody else's line still stands, and the receipts that ours hold.
pub(crate) fn anchored(path: &Path) -> (bool, Vec<String>) {
    let text = std::fs::read_to_string(path).unwrap();
    let (first, ours) = text.split_once('\n').unwrap();
    assert!(ours.is_empty() || ours.ends_with('\n'), "{ours}");
    let mut receipts: Vec<_> = ours
        .lines()
        .map(|line| parse(line.as_bytes(), Rules::Receipt).unwrap())
        // The daemon tells of its checkpoints here, too.
        .filter(|record| field(record, "event_type").as_str() != Some("checkpoint"))
        .map(|record| {
            assert_eq!(field(&record, "event_type").as_str(), Some("rotation"));
            field(&record, "payload").to_string()
        })
        .collect();
    receipts.sort();
    (first == "{\"somebody\":\"else\"}", receipts)
}
