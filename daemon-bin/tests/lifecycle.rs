//! Starting, stopping, and taking up where the last run ended.

mod support;

use std::os::unix::fs::PermissionsExt as _;

use agent_receipts_chain::Status;
use agent_receipts_daemon::StartError;
use support::process::{DaemonProcess, valid};
use support::{Home, event, field};

#[test]
fn a_graceful_stop_closes_the_chain_as_interrupted() {
    let home = Home::new();
    let daemon = home.start();
    home.connect().record(&event(""));
    daemon.stop().unwrap();
    let chain = home.chain("audit");
    let last = chain.last().unwrap();
    assert_eq!(
        (last.subject.chain.terminal, last.subject.chain.status.as_deref()),
        (Some(true), Some("interrupted"))
    );
    assert_eq!(last.subject.action.kind, "agent_receipts.chain_interrupted");
    assert_eq!(
        (last.subject.action.tool_name.as_deref(), last.subject.action.risk_level.as_str()),
        (Some("chain_interrupted"), "low")
    );
    assert_eq!(last.subject.principal.id, "did:user:unknown");
    assert!(last.subject.action.peer_credential.is_none() && last.issuer.session_id.is_none());
}

#[test]
fn a_stop_without_receipts_writes_none() {
    let home = Home::new();
    home.start().stop().unwrap();
    assert_eq!(home.rows().len(), 0);
}

#[test]
fn all_open_chains_are_closed_and_the_root_last() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(""));
    for agent in ["a", "b", "c"] {
        client.record(&event(&format!(r#""agent_id":"{agent}""#)));
    }
    daemon.stop().unwrap();
    let rows = home.rows();
    let closed: Vec<_> = rows[4..].iter().map(|row| row.row.chain_id.as_str()).collect();
    assert_eq!(closed, ["audit/agent/a", "audit/agent/b", "audit/agent/c", "audit"]);
}

#[test]
fn a_shutdown_deadline_that_has_passed_leaves_the_chain_open() {
    let mut home = Home::new();
    home.config.shutdown_deadline = std::time::Duration::ZERO;
    let daemon = home.start();
    home.connect().record(&event(""));
    daemon.stop().unwrap();
    assert_eq!(home.chain("audit").len(), 1);
    assert_eq!(valid(&home, "audit").status, Status::Unknown);
    assert!(home.logged("deadline"));
    // The next run continues it.
    let daemon = home.start();
    assert_eq!(field(&home.connect().record(&event("")), "sequence").as_u64(), Some(2));
    daemon.stop().unwrap();
}

#[test]
fn a_closed_chain_is_followed_by_a_new_one_and_stays_as_it_was() {
    let home = Home::new();
    let mut before = Vec::new();
    for expected in ["audit", "audit-2", "audit-3"] {
        let daemon = home.start();
        assert_eq!(daemon.chain_id(), expected);
        let reply = home.connect().record(&event(""));
        assert_eq!(
            (field(&reply, "chain_id").as_str(), field(&reply, "sequence").as_u64()),
            (Some(expected), Some(1))
        );
        daemon.stop().unwrap();
        // The event and the terminator, behind rows in which no byte has changed.
        let rows = home.rows();
        assert_eq!(rows.len(), before.len() + 2, "`{expected}`");
        assert!(rows.starts_with(&before), "`{expected}`");
        before = rows;
        let verdict = valid(&home, expected);
        assert_eq!((verdict.length, verdict.status), (2, Status::Interrupted), "`{expected}`");
    }
}

#[test]
fn the_successor_of_a_date_is_not_another_date() {
    let mut home = Home::new();
    home.config.chain_id = None;
    for expected in ["2026-11-22", "2026-11-22-2", "2026-11-22-3"] {
        let daemon = home.start();
        assert_eq!(daemon.chain_id(), expected);
        home.connect().record(&event(""));
        daemon.stop().unwrap();
    }
}

#[test]
fn an_agents_closed_chain_is_not_written_to_again() {
    let home = Home::new();
    for _ in 0..2 {
        let daemon = home.start();
        home.connect().record(&event(r#""agent_id":"a""#));
        daemon.stop().unwrap();
    }
    // The root had no receipt, so the same root is used again: only the agent's chain was closed.
    assert_eq!(home.chain("audit/agent/a").len(), 2);
    assert_eq!(home.chain("audit/agent/a/2").len(), 2);
}

#[test]
fn a_run_that_ends_uncleanly_is_continued_without_a_gap() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    (0..3).for_each(|_| drop(client.record(&event(r#""agent_id":"a""#))));
    client.record(&event(""));
    // As much of a kill as one process can do: the files stay as they are, in the midst of a run.
    let copy = Home::new();
    for name in ["r.db", "r.db-wal", "k", "k.pub"] {
        std::fs::copy(home.path(name), copy.path(name)).unwrap();
    }
    daemon.stop().unwrap();
    let daemon = copy.start();
    let mut client = copy.connect();
    assert_eq!(field(&client.record(&event("")), "sequence").as_u64(), Some(2));
    assert_eq!(field(&client.record(&event(r#""agent_id":"a""#)), "sequence").as_u64(), Some(4));
    daemon.stop().unwrap();
    assert_eq!(copy.chain("audit").len(), 3);
    assert_eq!(copy.chain("audit/agent/a").len(), 5);
}

#[test]
fn an_idle_client_does_not_delay_the_stop() {
    let home = Home::new();
    let daemon = home.start();
    let _idle = home.connect();
    let mut half = home.connect();
    std::io::Write::write_all(&mut half.0, &[0, 0]).unwrap();
    home.connect().record(&event(""));
    daemon.stop().unwrap();
    let kinds: Vec<_> = home.chain("audit").into_iter().map(|receipt| receipt.subject.action.kind).collect();
    assert_eq!(kinds.first().map(String::as_str), Some("sdk.t"));
    assert_eq!(kinds.last().map(String::as_str), Some("agent_receipts.chain_interrupted"));
}

#[test]
fn what_was_received_before_the_stop_is_recorded() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    (0..200).for_each(|_| client.send(&event("")));
    daemon.stop().unwrap();
    let chain = home.chain("audit");
    assert_eq!(chain.len(), 201);
    assert_eq!(chain[200].subject.chain.terminal, Some(true), "nothing follows the terminator");
}

#[test]
fn two_daemons_never_share_a_socket_or_a_database() {
    let home = Home::new();
    let daemon = home.start();
    let error = home.try_start().unwrap_err().to_string();
    assert!(error.contains("another daemon"), "{error}");
    let mut other = Home::new();
    other.config.db = home.config.db.clone();
    other.config.key = home.config.key.clone();
    other.config.public_key = home.config.public_key.clone();
    let error = other.try_start().unwrap_err().to_string();
    assert!(error.contains("another daemon is writing"), "{error}");
    home.connect().record(&event(""));
    daemon.stop().unwrap();
}

#[test]
fn of_two_daemons_that_start_at_once_exactly_one_wins() {
    let home = Home::new();
    let results: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..2).map(|_| scope.spawn(|| home.try_start())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 1));
    assert!(lost[0].as_ref().unwrap_err().to_string().contains("another daemon"));
    won.into_iter().for_each(|daemon| daemon.unwrap().stop().unwrap());
}

#[test]
fn another_key_than_the_chains_is_refused() {
    let home = Home::new();
    let daemon = home.start();
    home.connect().record(&event(""));
    let thief = Home::with_seed([43; 32]);
    for name in ["r.db", "r.db-wal"] {
        std::fs::copy(home.path(name), thief.path(name)).unwrap();
    }
    daemon.stop().unwrap();
    let error = thief.try_start().unwrap_err();
    assert!(matches!(error, StartError::Resume(_)), "{error}");
    assert!(error.to_string().contains("was not signed with this key"), "{error}");
}

#[test]
fn an_altered_tail_is_refused() {
    for (sql, word) in [
        ("UPDATE receipts SET receipt_hash = 'sha256:00'", "receipt_hash"),
        ("UPDATE receipts SET sequence = 7", "sequence"),
        ("UPDATE receipts SET id = 'urn:receipt:x'", "(id)"),
        ("UPDATE receipts SET receipt_json = '{}'", "cannot be read"),
        ("UPDATE receipts SET receipt_json = replace(receipt_json, 'sdk.t', 'sdk.u')", "not signed"),
    ] {
        let mut home = Home::new();
        home.config.shutdown_deadline = std::time::Duration::ZERO;
        let daemon = home.start();
        home.connect().record(&event(""));
        daemon.stop().unwrap();
        rusqlite::Connection::open(&home.config.db).unwrap().execute(sql, []).unwrap();
        let error = home.try_start().unwrap_err().to_string();
        assert!(error.contains(word), "{sql}: {error}");
    }
}

#[test]
fn a_missing_loose_or_linked_key_is_refused_and_nothing_is_created() {
    let home = Home::new();
    std::fs::remove_file(home.path("k.pub")).unwrap();
    let refuse = |words: &str| {
        let error = home.try_start().unwrap_err();
        assert!(matches!(error, StartError::Key(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        // Nor is any key published.
        for name in ["r.db", "s", "k.pub"] {
            assert!(!home.path(name).exists(), "{name}");
        }
    };
    std::fs::set_permissions(&home.config.key, std::fs::Permissions::from_mode(0o640)).unwrap();
    refuse("chmod 600");
    std::fs::rename(&home.config.key, home.path("elsewhere")).unwrap();
    refuse(home.config.key.to_str().unwrap());
    std::os::unix::fs::symlink(home.path("elsewhere"), &home.config.key).unwrap();
    refuse("symbolic link");
}

#[test]
fn a_different_published_key_is_never_overwritten() {
    let home = Home::new();
    let other = Home::with_seed([9; 32]);
    std::fs::copy(other.path("k.pub"), home.path("k.pub")).unwrap();
    let error = home.try_start().unwrap_err();
    assert!(matches!(error, StartError::Publish(_)), "{error}");
    assert_eq!(std::fs::read(home.path("k.pub")).unwrap(), std::fs::read(other.path("k.pub")).unwrap());
}

#[test]
fn the_published_key_and_the_database_have_their_modes() {
    let home = Home::new();
    std::fs::remove_file(home.path("k.pub")).unwrap();
    // The process, for its umask is stricter than these modes are.
    let daemon = DaemonProcess::start(&home);
    home.connect().record(&event(""));
    let mode = |name: &str| std::fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("k.pub"), 0o644);
    assert_eq!(mode("s"), 0o660);
    for name in ["r.db", "r.db-wal", "r.db-shm"] {
        assert_eq!(mode(name) & !0o640, 0, "{name}: {:o}", mode(name));
    }
    daemon.stop();
}
