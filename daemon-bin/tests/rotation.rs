//! Replacing the signing key: no chain breaks over it, whatever is open, and whenever it is cut short.

#![allow(clippy::unwrap_used)]

mod support;

use agent_receipts_chain::Outcome;
use agent_receipts_daemon::{RotateError, Rotation, rotate};
use agent_receipts_keysource::read_public_key;
use support::rotated::{assert_all_valid, session, verdicts};
use support::{Home, event, field};

fn rotate_home(home: &Home, seed: u8) -> Result<Rotation, RotateError> {
    rotate(&home.config, &[seed; 32].into(), None, home.surroundings())
}

#[test]
fn a_rotated_chain_goes_on_under_the_new_key() {
    let mut home = Home::new();
    session(&mut home, &[event(""), event("")], false);
    let rotation = rotate_home(&home, 1).unwrap();
    assert_eq!(rotation.outgoing, home.public_key.fingerprint());
    assert_eq!(read_public_key(&rotation.archived).unwrap(), home.public_key);
    assert_eq!(read_public_key(&home.config.public_key).unwrap().fingerprint(), rotation.incoming);
    session(&mut home, &[event("")], true);
    assert_all_valid(&home, 1);
    let chain = home.chain("audit");
    assert_eq!(chain.len(), 5);
    let receipt = &chain[2];
    assert_eq!(
        (receipt.subject.action.kind.as_str(), receipt.subject.action.risk_level.as_str()),
        ("agent.key.rotate", "high")
    );
    assert_eq!(receipt.subject.principal.id, receipt.issuer.id);
    assert!(receipt.issuer.kind.is_none() && receipt.subject.action.tool_name.is_none());
    assert!(receipt.subject.action.peer_credential.is_none());
    assert_eq!(
        receipt.subject.key_rotation.as_ref().unwrap().new_key_fingerprint,
        rotation.incoming.to_string()
    );
}

#[test]
fn every_open_chain_is_handed_over_and_every_older_chain_stays_valid() {
    let mut home = Home::new();
    let agents = [event(""), event(r#""agent_id":"a""#), event(r#""agent_id":"b""#)];
    session(&mut home, &agents, true);
    session(&mut home, &agents, false);
    let rotation = rotate_home(&home, 1).unwrap();
    let chains: Vec<_> = rotation.receipts.iter().map(|(chain, ..)| chain.as_str()).collect();
    assert_eq!(chains, ["audit-2/agent/a", "audit-2/agent/b", "audit-2"]);
    session(&mut home, &agents, false);
    rotate_home(&home, 2).unwrap();
    session(&mut home, &agents, true);
    assert_all_valid(&home, 6);
}

#[test]
fn a_chain_that_was_handed_over_and_left_behind_is_closed_under_the_new_key() {
    let mut home = Home::new();
    session(&mut home, &[event(""), event(r#""agent_id":"a""#)], false);
    rotate_home(&home, 1).unwrap();
    home.config.chain_id = Some("elsewhere".to_owned());
    session(&mut home, &[event("")], true);
    assert_all_valid(&home, 3);
    for chain in ["audit", "audit/agent/a"] {
        assert_eq!(home.chain(chain).last().unwrap().subject.chain.terminal, Some(true), "{chain}");
    }
    // Once is enough.
    let receipts = home.rows().len();
    home.start().stop().unwrap();
    assert_eq!(home.rows().len(), receipts);
}

#[test]
fn after_a_graceful_stop_the_rotation_opens_the_next_chain() {
    let mut home = Home::new();
    session(&mut home, &[event("")], true);
    let rotation = rotate_home(&home, 1).unwrap();
    assert_eq!(rotation.receipts.len(), 1);
    assert_eq!((rotation.receipts[0].0.as_str(), rotation.receipts[0].1), ("audit-2", 1));
    session(&mut home, &[event("")], true);
    assert_eq!(home.chain("audit").len(), 2, "nothing follows the terminator");
    assert_all_valid(&home, 2);
}

#[test]
fn the_first_receipt_of_all_can_be_a_rotation() {
    let mut home = Home::new();
    let rotation = rotate_home(&home, 1).unwrap();
    assert_eq!(rotation.receipts[0].1, 1);
    let first = &home.chain("audit")[0];
    assert_eq!(first.subject.chain.previous_receipt_hash, None);
    session(&mut home, &[event("")], true);
    assert_all_valid(&home, 1);
}

#[test]
fn a_forged_archive_makes_no_chain_valid() {
    let mut home = Home::new();
    session(&mut home, &[event("")], false);
    rotate_home(&home, 1).unwrap();
    session(&mut home, &[event("")], true);
    // Somebody else's chain, and somebody else's key planted as an earlier one of ours.
    let mut forger = Home::with_seed([66; 32]);
    forger.config.chain_id = Some("forged".to_owned());
    session(&mut forger, &[event("")], true);
    std::fs::copy(forger.path("k.pub"), home.path("k.pub.rotated-0123456789abcdef")).unwrap();
    let database = rusqlite::Connection::open(&home.config.db).unwrap();
    database.execute("ATTACH ?1 AS forged", [forger.config.db.to_str().unwrap()]).unwrap();
    database.execute("INSERT INTO receipts SELECT * FROM forged.receipts", []).unwrap();
    drop(database);
    let outcomes: Vec<_> = verdicts(&home).into_iter().map(|verdict| verdict.outcome).collect();
    assert_eq!(outcomes, [Outcome::Valid, Outcome::Broken]);
}

/// A forger who can write the database ends a chain of his own with a rotation to our published key. Were it
/// continued, our signature would vouch for all that he wrote.
#[test]
fn a_chain_that_a_stranger_hands_over_is_not_continued() {
    let mut home = Home::new();
    session(&mut home, &[event("")], true);
    let mut forger = Home::with_seed([66; 32]);
    forger.config.chain_id = Some("audit-2".to_owned());
    session(&mut forger, &[event("")], false);
    // His next key is ours, of which he knows only the public half: the files of a rotation to it, without the swap.
    rotate_home(&forger, 42).unwrap();
    for archived in [false, true] {
        let rows: Vec<_> = forger.rows();
        let database = rusqlite::Connection::open(&home.config.db).unwrap();
        database.execute("DELETE FROM receipts WHERE chain_id = 'audit-2'", []).unwrap();
        database.execute("ATTACH ?1 AS forged", [forger.config.db.to_str().unwrap()]).unwrap();
        database.execute("INSERT INTO receipts SELECT * FROM forged.receipts", []).unwrap();
        drop(database);
        assert_eq!(rows.last().unwrap().row.action_type, "agent.key.rotate");
        let started = home.try_start();
        if !archived {
            let error = started.unwrap_err().to_string();
            assert!(error.contains("was not signed with this key"), "{error}");
            // Only who can write beside the published key, the daemon's own user, could make it one of ours.
            std::fs::write(home.path("k.pub.rotated-0123456789abcdef"), forger.public_key.to_pem()).unwrap();
        } else {
            started.unwrap().stop().unwrap();
        }
    }
}

#[test]
fn a_running_daemon_keeps_its_key() {
    let home = Home::new();
    let daemon = home.start();
    let before = std::fs::read(&home.config.key).unwrap();
    assert!(matches!(rotate_home(&home, 1), Err(RotateError::Running { .. })));
    // Also where the socket is elsewhere: the database is locked.
    let mut elsewhere = Home::new();
    elsewhere.config =
        agent_receipts_daemon::Config { socket: elsewhere.config.socket.clone(), ..home.config.clone() };
    let error = rotate_home(&elsewhere, 1).unwrap_err().to_string();
    assert!(error.contains("another daemon is writing"), "{error}");
    assert_eq!(std::fs::read(&home.config.key).unwrap(), before);
    home.connect().record(&event(""));
    daemon.stop().unwrap();
}

#[test]
fn the_anchor_log_gets_one_line_a_rotation() {
    let home = Home::new();
    let anchor = home.path("anchor.ndjson");
    rotate(&home.config, &[1; 32].into(), Some(&anchor), home.surroundings()).unwrap();
    let text = std::fs::read_to_string(&anchor).unwrap();
    let record = agent_receipts_core::json::parse(
        text.trim_end().as_bytes(),
        agent_receipts_core::json::Rules::Receipt,
    )
    .unwrap();
    assert_eq!(text.lines().count(), 1);
    assert_eq!(field(&record, "event_type").as_str(), Some("rotation"));
    assert_eq!(field(&record, "anchored_at").as_str(), Some("2026-11-22T03:39:59.000000000Z"));
    assert_eq!(field(&record, "payload").to_string(), home.rows()[0].row.receipt_json);
}

#[test]
fn an_anchor_that_cannot_be_written_leaves_everything_as_it_was() {
    let mut home = Home::new();
    session(&mut home, &[event("")], false);
    let everything = |home: &Home| {
        let files = [&home.config.key, &home.config.public_key].map(|file| std::fs::read(file).unwrap());
        (files, home.rows())
    };
    let before = everything(&home);
    std::os::unix::fs::symlink(home.path("elsewhere"), home.path("link")).unwrap();
    for (anchor, words) in
        [("no/such/folder/anchor", "No such file"), (".", "directory"), ("link", "symbolic links")]
    {
        let anchor = home.path(anchor);
        let refused = rotate(&home.config, &[1; 32].into(), Some(&anchor), home.surroundings()).unwrap_err();
        assert!(refused.to_string().contains(anchor.to_str().unwrap()), "{refused}");
        assert!(refused.to_string().contains(words), "{refused}");
        assert_eq!(everything(&home), before, "{refused}");
    }
    assert!(!home.path("elsewhere").exists());
    let names: Vec<_> = std::fs::read_dir(home.folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.contains("next") || name.contains("rotated")), "{names:?}");
    session(&mut home, &[event("")], true);
    assert_all_valid(&home, 1);
}

/// The files as a crash leaves them at each step, put together from a rotation that was carried out on a copy.
#[test]
fn a_rotation_cut_short_anywhere_is_finished_or_undone_by_the_next_start() {
    for step in ["keys made", "receipts written", "key installed"] {
        let mut home = Home::new();
        session(&mut home, &[event(""), event(r#""agent_id":"a""#)], false);
        let old_key = std::fs::read(home.path("k")).unwrap();
        let old_public = std::fs::read(home.path("k.pub")).unwrap();
        let old_database = std::fs::read(home.path("r.db")).unwrap();
        rotate_home(&home, 1).unwrap();
        let put = |name: &str, contents: &[u8], mode: u32| {
            std::fs::write(home.path(name), contents).unwrap();
            std::fs::set_permissions(home.path(name), std::os::unix::fs::PermissionsExt::from_mode(mode))
                .unwrap();
        };
        put("k.pub.next", &std::fs::read(home.path("k.pub")).unwrap(), 0o644);
        put("k.pub", &old_public, 0o644);
        if step != "key installed" {
            put("k.next", &std::fs::read(home.path("k")).unwrap(), 0o600);
            put("k", &old_key, 0o600);
        }
        if step == "keys made" {
            put("r.db", &old_database, 0o640);
        }
        session(&mut home, &[event(""), event(r#""agent_id":"a""#)], true);
        assert!(!home.path("k.next").exists() && !home.path("k.pub.next").exists(), "{step}");
        let rotated = read_public_key(&home.config.public_key).unwrap() != home.public_key;
        assert_eq!(rotated, step != "keys made", "{step}");
        assert_all_valid(&home, 2);
    }
}
