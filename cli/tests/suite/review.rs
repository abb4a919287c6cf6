//! What somebody with a hand on the database, the export or the terminal could try.

use std::path::Path;
use std::process::{Command, Stdio};

use agent_receipts_store::Row;
use rusqlite::Connection;

use crate::chains::{Chain, Key, database, lines};
use crate::house::{House, Said, wait_until};

fn house(key: &Key, rows: &[Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    key.publish(&house.data("signing.key.pub"));
    house
}

fn alter(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// A database without any constraint, as nobody but a forger makes it.
fn loosen(path: &Path) {
    alter(
        path,
        "ALTER TABLE receipts RENAME TO strict;
         CREATE TABLE receipts (id, chain_id, sequence, action_type, tool_name, risk_level, status, timestamp,
             issuer_id, principal_id, receipt_json, receipt_hash, previous_receipt_hash, created_at);
         INSERT INTO receipts SELECT * FROM strict; DROP TABLE strict;",
    );
}

fn assert_row_mismatch(house: &House, what: &str) {
    let said = house.say(["verify"]);
    assert!(
        said.code == 0 && said.out.contains("Advisory:") && said.out.contains("error   row_mismatch"),
        "{what}: {}",
        said.all()
    );
    let said = house.say(["verify", "--strict"]);
    assert!(said.code == 1 && said.out.contains("BROKEN"), "{what}: {}", said.all());
    assert!(said.out.contains("cause: row_mismatch"), "{what}: {}", said.all());
    let report = house.say(["verify", "--strict", "--json"]).json();
    assert_eq!(report["chains"][0]["finding_counts"]["row_mismatch"], 1, "{what}: {report}");
}

#[test]
fn every_column_that_lies_is_told_and_breaks_a_strict_verification() {
    for lie in [
        "UPDATE receipts SET id = 'urn:receipt:00000000-0000-4000-8000-000000000000' WHERE sequence = 2",
        "UPDATE receipts SET sequence = 9 WHERE sequence = 3",
        "UPDATE receipts SET action_type = 'x' WHERE sequence = 2",
        "UPDATE receipts SET tool_name = 'x' WHERE sequence = 2",
        "UPDATE receipts SET risk_level = 'critical' WHERE sequence = 2",
        "UPDATE receipts SET status = 'failure' WHERE sequence = 2",
        "UPDATE receipts SET timestamp = '1970-01-01T00:00:00Z' WHERE sequence = 2",
        "UPDATE receipts SET issuer_id = 'x' WHERE sequence = 2",
        "UPDATE receipts SET principal_id = 'did:user:you' WHERE sequence = 2",
        "UPDATE receipts SET receipt_hash = 'sha256:00' WHERE sequence = 2",
        "UPDATE receipts SET previous_receipt_hash = NULL WHERE sequence = 2",
        "INSERT INTO ar_session_names VALUES (99, 'another', 1);
         UPDATE ar_session_receipts SET session = 99 WHERE receipt_rowid = 2",
    ] {
        let key = Key::new(1);
        let house = house(&key, &Chain::new("a").rows(&key, 3));
        assert_eq!(house.say(["verify", "--strict"]).code, 0);
        alter(&house.data("receipts.db"), lie);
        assert_row_mismatch(&house, lie);
    }
}

#[test]
fn a_receipt_filed_under_another_id_is_not_verified_under_it() {
    let key = Key::new(1);
    let house = house(&key, &Chain::new("a").rows(&key, 3));
    let wanted = "urn:receipt:11111111-0000-4000-8000-000000000000";
    alter(&house.data("receipts.db"), &format!("UPDATE receipts SET id = '{wanted}' WHERE sequence = 2"));
    let said = house.say(["verify-event", "--id", wanted]);
    assert!(said.code == 1 && said.out.contains("[FAIL] chain context"), "{}", said.all());
    assert!(said.out.ends_with("=> FAILED — receipt is suspect; investigate\n"), "{}", said.all());
}

/// Inserts a row behind the back of one index, which then has no entry for it.
fn insert_past_index(path: &Path, index: &str, row: &Row) {
    let connection = Connection::open(path).unwrap();
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
    let (rootpage, sql): (i64, String) = connection
        .query_row("SELECT rootpage, sql FROM sqlite_schema WHERE name = ?1", [index], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let forget = format!(
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '{index}';
         PRAGMA writable_schema = RESET;"
    );
    connection.execute_batch(&forget).unwrap();
    let insert =
        "INSERT INTO receipts (id, chain_id, sequence, action_type, tool_name, risk_level, status, timestamp,
        issuer_id, receipt_json, receipt_hash, previous_receipt_hash)
        VALUES (?1, ?2, ?3, ?4, ?5, 'low', 'success', ?6, ?7, ?8, ?9, ?10)";
    let values = rusqlite::params![
        row.id,
        row.chain_id,
        row.sequence as i64,
        row.action_type,
        row.tool_name,
        row.timestamp,
        row.issuer_id,
        row.receipt_json,
        row.receipt_hash,
        row.previous_receipt_hash
    ];
    connection.execute(insert, values).unwrap();
    connection.execute_batch("PRAGMA writable_schema = ON").unwrap();
    let remember = "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('index', ?1, 'receipts', ?2, ?3)";
    connection.execute(remember, rusqlite::params![index, rootpage, sql]).unwrap();
}

/// `list` walks another index and shows the forged row, `verify` would never see it.
#[test]
fn a_row_that_the_chains_index_leaves_out_is_not_passed_over() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let house = house(&key, &chain.rows(&key, 3));
    let forged = chain.row(&Key::new(9), |receipt| receipt.subject.action.kind = "forged".into());
    insert_past_index(&house.data("receipts.db"), "idx_receipts_chain", &forged);
    assert!(house.say(["list"]).out.contains("forged"), "the forged row is not in the list");
    let since = ["verify-event", "--since", "2020-01-01T00:00:00Z"];
    for line in [&["verify"][..], &["verify", "--chain-id", "a"], &["verify-event", "--chain-head"], &since] {
        let said = house.say(line);
        assert!(said.code == 2 && said.err.contains("damaged"), "{line:?} {}", said.all());
    }
}

/// The other way round: a genuine row that no list shows.
#[test]
fn a_row_that_the_lists_index_leaves_out_is_told_by_verify() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let house = house(&key, &chain.rows(&key, 3));
    let hidden = chain.row(&key, |receipt| receipt.subject.action.kind = "hidden".into());
    // An index as the reference makes it.
    alter(&house.data("receipts.db"), "CREATE INDEX idx_receipts_action ON receipts(action_type)");
    insert_past_index(&house.data("receipts.db"), "idx_receipts_action", &hidden);
    assert!(!house.say(["list", "--action-type", "hidden"]).out.contains("hidden"), "the row is in the list");
    let said = house.say(["verify"]);
    assert!(said.code == 2 && said.err.contains("idx_receipts_action"), "{}", said.all());
}

#[test]
fn rows_with_values_that_cannot_stand_there_are_never_skipped() {
    for damage in [
        "UPDATE receipts SET sequence = NULL WHERE sequence = 3",
        "UPDATE receipts SET sequence = -3 WHERE sequence = 3",
        "UPDATE receipts SET sequence = '3' WHERE sequence = 3",
        "UPDATE receipts SET sequence = 3.5 WHERE sequence = 3",
        "UPDATE receipts SET chain_id = NULL WHERE sequence = 3",
        "UPDATE receipts SET chain_id = CAST('a' AS BLOB) WHERE sequence = 3",
        "UPDATE receipts SET receipt_json = CAST(receipt_json AS BLOB) WHERE sequence = 3",
        "UPDATE receipts SET receipt_json = NULL WHERE sequence = 3",
        "UPDATE receipts SET id = NULL WHERE sequence = 3",
        "UPDATE receipts SET receipt_json = CAST(x'ff' AS TEXT) WHERE sequence = 3",
        "UPDATE receipts SET receipt_json = '' WHERE sequence = 3",
        "UPDATE receipts SET sequence = 0 WHERE sequence = 3",
        "UPDATE receipts SET sequence = 2 WHERE sequence = 3",
        "INSERT INTO receipts SELECT * FROM receipts WHERE sequence = 3",
        "UPDATE receipts SET sequence = 9223372036854775807 WHERE sequence = 2",
    ] {
        let key = Key::new(1);
        let house = house(&key, &Chain::new("a").rows(&key, 3));
        loosen(&house.data("receipts.db"));
        assert_eq!(house.say(["verify"]).code, 0);
        alter(&house.data("receipts.db"), damage);
        for line in [&["verify"][..], &["verify", "--json"], &["verify", "--chain-id", "a"]] {
            let said = house.say(line);
            assert!(matches!(said.code, 1 | 2), "{damage}: {}", said.all());
            assert!(said.code == 1 || !said.err.is_empty(), "{damage}: {}", said.all());
        }
    }
}

/// Receipts and garbage that would steer a terminal: C1 controls, direction marks, escape sequences.
#[test]
fn json_answers_do_not_steer_a_terminal_either() {
    let key = Key::new(1);
    let mut chain = Chain::new("a\u{9b}2J");
    let row = chain.row(&key, |receipt| {
        receipt.subject.action.tool_name = Some("x\u{9b}2J\u{202e}\u{61c}\u{7f}".into());
    });
    let mut garbage = chain.row(&key, |_| ());
    garbage.receipt_json = "\u{1b}[2J\u{1b}[1;32mVALID".into();
    let house = house(&key, &[row.clone(), garbage]);
    let steers = |said: &Said| {
        let text = format!("{}{}", said.out, said.err);
        text.chars().any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{61c}'))
    };
    let chain_id = row.chain_id.as_str();
    for line in [
        &["list"][..],
        &["list", "--json"],
        &["show", "1", "--chain-id", chain_id],
        &["show", "1", "--chain-id", chain_id, "--json"],
        &["show", "2", "--chain-id", chain_id],
        &["show", "2", "--chain-id", chain_id, "--json"],
        &["tail", "--no-follow"],
        &["tail", "--no-follow", "--json"],
        &["verify"],
        &["verify", "--json"],
        &["verify", "--file", "\u{1b}[2J"],
        &["verify-event", "--id", &row.id],
        &["verify-event", "--id", &row.id, "--json"],
    ] {
        let said = house.say(line);
        assert!(!steers(&said), "{line:?} {}", said.all().escape_debug());
        if line.contains(&"--json") && !line.contains(&"tail") {
            let _ = said.json();
        }
    }
    // What is escaped is still the value that was signed.
    let shown = house.say(["show", "1", "--chain-id", chain_id, "--json"]).json();
    assert_eq!(shown["credentialSubject"]["action"]["tool_name"], "x\u{9b}2J\u{202e}\u{61c}\u{7f}");
}

/// As a `tail --json` has written them: chain by chain no more, and still every hand-over is seen.
#[test]
fn interleaved_chains_of_a_file_keep_their_rotations() {
    let (old, new) = (Key::new(1), Key::new(2));
    let (mut root, mut agent) = (Chain::new("a"), Chain::new("b"));
    let mut rows = root.rows(&old, 1);
    rows.extend(agent.rows(&old, 2));
    rows.push(root.rotation(&old, &new));
    rows.extend(Chain::new("c").rows(&old, 1));
    rows.extend(root.rows(&new, 2));
    let house = House::new();
    let key = new.publish(&house.path("k.pub"));
    old.publish(&house.path("k.pub.rotated-1"));
    std::fs::write(house.path("x.jsonl"), lines(&rows)).unwrap();
    let said = house.say(["verify", "--file", "x.jsonl", "--public-key", key.to_str().unwrap()]);
    assert!(said.code == 0 && said.out.starts_with("VALID: 3 chains"), "{}", said.all());
}

#[test]
fn a_key_that_is_known_from_elsewhere_can_be_trusted_by_name() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&old, 2);
    rows.push(chain.rotation(&old, &new));
    rows.extend(Chain::new("b").rows(&new, 2));
    rows.extend(Chain::new("c").rows(&Key::new(3), 1));
    let house = house(&new, &rows);
    old.publish(&house.path("old.pub"));
    std::fs::write(house.path("x.jsonl"), lines(&rows)).unwrap();
    let file = ["verify", "--file", "x.jsonl", "--public-key", "d/agent-receipts/signing.key.pub"];
    for (chain_id, before, after) in [("a", 1, 0), ("b", 0, 0), ("c", 1, 1)] {
        for line in [&["verify"][..], &file] {
            let said = house.say([line, &["--chain-id", chain_id]].concat());
            assert_eq!(said.code, before, "{chain_id}: {}", said.all());
            let said = house.say([line, &["--chain-id", chain_id, "--trust-key", "old.pub"]].concat());
            assert_eq!(said.code, after, "{chain_id}: {}", said.all());
        }
    }
    for named in ["absent.pub", "x.jsonl"] {
        let said = house.say(["verify", "--trust-key", named]);
        assert!(said.code == 2 && said.err.contains(named), "{}", said.all());
    }
}

#[test]
fn rotations_that_were_not_looked_at_are_told_of_a_file_too() {
    let (key, strangers) = (Key::new(1), (Key::new(7), Key::new(8)));
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&key, 1);
    rows.extend((0..1100).map(|_| chain.rotation(&strangers.0, &strangers.1)));
    let house = house(&key, &rows);
    std::fs::write(house.path("x.jsonl"), lines(&rows)).unwrap();
    let file = ["verify", "--file", "x.jsonl", "--public-key", "d/agent-receipts/signing.key.pub"];
    for line in [&["verify"][..], &file] {
        let said = house.say(line);
        assert!(said.out.contains("76 key rotations were not looked at"), "{}", said.all());
    }
}

/// A broken pipe on our own streams is no verdict on the command.
#[test]
fn a_command_keeps_its_exit_code_whoever_stops_reading() {
    let house = House::new();
    for line in [
        &["run", "--", "sh", "-c", "exit 7"][..],
        &["run", "--json", "--", "sh", "-c", "exit 7"],
        &["exec", "--", "sh", "-c", "exit 7"],
        &["exec", "--json", "--", "sh", "-c", "exit 7"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command: Command = house.command(line);
        command.env("AGENTRECEIPTS_DAEMON_BIN", crate::house::daemon_binary());
        command.stdout(writer.try_clone().unwrap()).stderr(writer).stdin(Stdio::null());
        assert_eq!(command.status().unwrap().code(), Some(7), "{line:?}");
    }
}

/// While the command runs, signals are its own; when it and the daemon have ended, nothing holds us any more.
#[test]
fn after_the_command_a_signal_ends_us() {
    let house = House::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    // A pipe that is full: the report blocks as long as nobody reads.
    while std::io::Write::write(&mut writer, &[b' '; 4096]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    // The socket is there for a moment only; what the command leaves behind stays.
    let done = house.path("done");
    let mut command = house.command(["run", "--json", "--", "touch", done.to_str().unwrap()]);
    command.env("AGENTRECEIPTS_DAEMON_BIN", crate::house::daemon_binary());
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    drop(command);
    wait_until("the command has run", || done.exists());
    wait_until("the daemon has gone", || !house.socket().exists());
    let mut ended = None;
    wait_until("a signal ends it", || {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&child),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    drop(reader);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.unwrap()), Some(15));
}
