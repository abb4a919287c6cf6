//! Refusals to start, as the operator meets them: the exit code, and the path and the mend on standard error.
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use support::process::{DaemonProcess, daemon};
use support::{Home, event, wait_until};

/// Runs a daemon that must refuse to start, and gives what it said.
fn refusal(command: Command) -> String {
    let (status, lines) = DaemonProcess::spawn(command).wait();
    let said = lines.join("\n");
    assert!(matches!(status.code(), Some(1 | 2)), "{status} {said}");
    assert!(!said.contains("daemon: listening on"), "{said}");
    said
}

/// Expects a refusal in which all of `words` stand.
fn refused(home: &Home, arguments: &[&str], words: &[&str]) {
    let mut command = daemon(home);
    command.args(arguments);
    let said = refusal(command);
    words.iter().for_each(|word| assert!(said.contains(word), "no `{word}` in: {said}"));
}

fn text(home: &Home, name: &str) -> String {
    home.path(name).to_str().unwrap().to_owned()
}

fn set_mode(home: &Home, name: &str, mode: u32) {
    std::fs::set_permissions(home.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A home whose database holds one open chain.
fn recorded() -> Home {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    home.connect().record(&event(""));
    daemon.kill();
    home
}

#[test]
fn a_key_that_did_not_sign_the_chain() {
    let home = recorded();
    let before = home.rows();
    let other = Home::with_seed([43; 32]);
    let (key, public) = (text(&other, "k"), text(&other, "k.pub"));
    refused(
        &home,
        &["--key", &key, "--public-key", &public],
        &["`audit`", "was not signed with this key", "--db"],
    );
    assert_eq!(home.rows(), before, "a refusal changes no receipt");
}

#[test]
fn a_key_that_others_can_read() {
    let home = Home::new();
    for mode in [0o640, 0o604, 0o620, 0o666] {
        set_mode(&home, "k", mode);
        refused(&home, &[], &[&text(&home, "k"), "chmod 600"]);
    }
    assert!(!home.config.db.exists(), "nothing is created without a key");
}

#[test]
fn a_key_behind_a_link_a_missing_key_and_no_key_at_all() {
    let home = Home::new();
    std::fs::rename(home.path("k"), home.path("real")).unwrap();
    refused(&home, &[], &[&text(&home, "k")]);
    symlink(home.path("real"), home.path("k")).unwrap();
    refused(&home, &[], &[&text(&home, "k"), "symbolic link"]);
    std::fs::remove_file(home.path("k")).unwrap();
    std::fs::create_dir(home.path("k")).unwrap();
    refused(&home, &[], &[&text(&home, "k")]);
    std::fs::remove_dir(home.path("k")).unwrap();
    std::fs::write(home.path("k"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    set_mode(&home, "k", 0o600);
    refused(&home, &[], &[&text(&home, "k")]);
    assert!(!home.config.db.exists() && !home.config.socket.exists());
}

#[test]
fn a_socket_or_a_database_that_another_daemon_has() {
    let home = Home::new();
    let running = DaemonProcess::start(&home);
    home.connect().record(&event(""));
    let (socket, db) = (text(&home, "s"), text(&home, "r.db"));
    // The socket alone, the database alone, and both.
    refused(&home, &["--db", &text(&home, "other.db")], &["another daemon is already listening", &socket]);
    refused(&home, &["--socket", &text(&home, "s2")], &["another daemon is writing to", &db]);
    refused(&home, &[], &["another daemon"]);
    // By another name it is the same database.
    symlink(home.folder.path(), home.path("here")).unwrap();
    let alias = home.path("here/r.db");
    refused(
        &home,
        &["--socket", &text(&home, "s2"), "--db", alias.to_str().unwrap()],
        &["another daemon is writing to"],
    );
    assert!(!home.path("s2").exists());
    home.connect().record(&event(""));
    running.stop();
}

#[test]
fn a_database_that_is_damaged_foreign_or_newer() {
    let home = recorded();
    let db = text(&home, "r.db");
    let connection = rusqlite::Connection::open(&home.config.db).unwrap();
    connection.execute("UPDATE ar_meta SET value = '99' WHERE key = 'schema_version'", []).unwrap();
    refused(&home, &[], &[&db, "schema version `99`", "upgrade"]);
    connection.execute("UPDATE ar_meta SET value = '1' WHERE key = 'schema_version'", []).unwrap();
    connection
        .execute_batch("CREATE TRIGGER t AFTER INSERT ON receipts BEGIN DELETE FROM receipts; END")
        .unwrap();
    refused(&home, &[], &[&db, "trigger `t`"]);
    connection.execute_batch("DROP TRIGGER t; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(connection);

    let whole = std::fs::read(&home.config.db).unwrap();
    for (what, from, words) in [("header", 0, "is not a database"), ("pages", 4096, "damaged")] {
        let mut bytes = whole.clone();
        bytes[from..].fill(0xa5);
        std::fs::write(&home.config.db, &bytes).unwrap();
        refused(&home, &[], &[&db, words]);
        assert!(std::fs::read(&home.config.db).unwrap() == bytes, "{what}: evidence is not touched");
    }
    std::fs::write(&home.config.db, &whole).unwrap();
    DaemonProcess::start(&home).stop();
}

#[test]
fn something_else_at_the_sockets_place() {
    let home = Home::new();
    let socket = text(&home, "s");
    std::fs::write(&home.config.socket, "precious").unwrap();
    refused(&home, &[], &[&socket, "AGENTRECEIPTS_SOCKET"]);
    assert_eq!(std::fs::read(&home.config.socket).unwrap(), b"precious");
    std::fs::remove_file(&home.config.socket).unwrap();
    symlink(home.path("nowhere"), &home.config.socket).unwrap();
    refused(&home, &[], &[&socket]);
    assert!(home.config.socket.is_symlink());
}

#[test]
fn a_stale_socket_is_no_reason() {
    let home = Home::new();
    drop(UnixListener::bind(&home.config.socket).unwrap());
    assert!(home.config.socket.exists());
    let daemon = DaemonProcess::start(&home);
    assert!(daemon.logged("stale socket"), "{:?}", daemon.lines());
    daemon.stop();
}

#[test]
fn a_socket_outside_the_safe_folders() {
    let home = Home::new();
    let socket = text(&home, "s");
    refused(&home, &["--unsafe-socket-path=false"], &[&socket, "--unsafe-socket-path"]);
    // With the flag it starts, and says what is wrong with it.
    let daemon = DaemonProcess::start(&home);
    assert!(daemon.logged("WARNING") && daemon.logged("outside the safe folders"), "{:?}", daemon.lines());
    daemon.stop();
}

#[test]
fn a_network_address_whatever_the_flag() {
    let home = Home::new();
    for address in ["localhost:9000", "tcp://0.0.0.0:1", "127.0.0.1:80", ":8080", "[::1]:80"] {
        refused(&home, &["--socket", address], &[address, "looks like a network address"]);
    }
}

#[test]
fn a_folder_that_cannot_be_made_or_written() {
    let home = Home::new();
    std::fs::write(home.path("file"), "").unwrap();
    let under = home.path("file/r.db");
    refused(&home, &["--db", under.to_str().unwrap()], &[&text(&home, "file")]);
    let under = home.path("file/s");
    refused(&home, &["--socket", under.to_str().unwrap()], &[&text(&home, "file")]);
    // Not even root can make a file here.
    refused(&home, &["--db", "/proc/r.db"], &["/proc"]);
}

#[test]
fn a_published_key_that_is_another() {
    let home = Home::new();
    let other = Home::with_seed([9; 32]);
    std::fs::copy(other.path("k.pub"), home.path("k.pub")).unwrap();
    refused(&home, &[], &[&text(&home, "k.pub")]);
    assert_eq!(std::fs::read(home.path("k.pub")).unwrap(), std::fs::read(other.path("k.pub")).unwrap());
}

#[test]
fn a_configuration_that_says_more_than_is_understood() {
    let home = Home::new();
    for (line, word) in [
        ("sockett = \"/s\"", "sockett"),
        ("shutdown_deadline = \"soon\"", "soon"),
        ("db = 7", "line 1"),
        ("=", "d.toml"),
    ] {
        std::fs::write(home.path("d.toml"), format!("{line}\n")).unwrap();
        refused(&home, &[], &[word]);
    }
    std::fs::remove_file(home.path("d.toml")).unwrap();
    refused(&home, &[], &[&text(&home, "d.toml")]);
}

#[test]
fn of_two_processes_that_start_at_once_one_wins() {
    let home = Home::new();
    for _ in 0..5 {
        let mut pair = [(); 2].map(|()| DaemonProcess::spawn(daemon(&home)));
        wait_until("one to lose", || pair.iter_mut().any(|daemon| !daemon.is_running()));
        let (mut winners, losers): (Vec<_>, Vec<_>) =
            pair.into_iter().map(|mut d| (d.is_running(), d)).partition(|d| d.0);
        assert_eq!((winners.len(), losers.len()), (1, 1), "{:?}", losers[0].1.lines());
        let (status, lines) = losers.into_iter().next().unwrap().1.wait();
        assert_eq!(status.code(), Some(1));
        assert!(lines.iter().any(|line| line.contains("another daemon")), "{lines:?}");
        let winner = winners.remove(0).1;
        wait_until("the winner to listen", || winner.logged("daemon: listening on"));
        home.connect().record(&event(""));
        winner.stop();
    }
}
