//! The daemon away, sockets and files that are not as they should be.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::Diagnosis;
use crate::chains::{Chain, Key, database};
use crate::daemon::Daemon;
use crate::house::{House, Said};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_daemon_that_is_away_fails_with_a_mend_and_the_rest_is_still_judged() {
    let house = House::new();
    drop(Daemon::start(&house));
    let diagnosis = Diagnosis::of::<&str>(&house, []);
    assert_eq!((diagnosis.code, diagnosis.ok), (1, false));
    diagnosis.assert("daemon process", "fail", "there is no socket");
    assert!(
        diagnosis.finding("daemon process").fix.as_deref().unwrap().contains("agent-receipts daemon run")
    );
    diagnosis.assert("round-trip", "fail", "cannot reach the daemon");
    diagnosis.assert("key separation", "warn", "nobody can tell");
    for name in ["db permissions", "schema/version", "peer credentials", "emitter dial path"] {
        assert_eq!(diagnosis.finding(name).status, "ok", "{name}");
    }
    assert!(!house.socket().exists(), "the doctor starts no daemon");
}

#[test]
fn what_stands_in_the_sockets_place_is_named() {
    let house = House::new();
    drop(UnixListener::bind(house.path("dead")).unwrap());
    Diagnosis::of(&house, ["--socket", "dead"]).assert("daemon process", "fail", "its daemon has died");
    fs::write(house.path("file"), "").unwrap();
    Diagnosis::of(&house, ["--socket", "file"]).assert("socket", "fail", "is not a socket");
    let long = "x".repeat(300);
    assert_eq!(Diagnosis::of(&house, ["--socket", &long]).finding("daemon process").status, "fail");
}

#[test]
fn a_socket_that_everybody_may_use_fails() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    assert_eq!(house.say(["emit", "--tool", "t"]).code, 0);
    for mode in [0o666, 0o662] {
        chmod(&house.socket(), mode);
        let diagnosis = Diagnosis::of(&house, ["--no-roundtrip"]);
        diagnosis.assert("socket", "fail", &format!("mode 0{mode:o}"));
        assert!(diagnosis.finding("socket").fix.as_deref().unwrap().contains("chmod 660"));
        assert_eq!(diagnosis.code, 1);
    }
    chmod(&house.socket(), 0o660);
    chmod(house.socket().parent().unwrap(), 0o777);
    Diagnosis::of(&house, ["--no-roundtrip"]).assert("socket", "warn", "mode 0777");
}

#[test]
fn a_database_that_others_may_read_or_write_fails() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    assert_eq!(house.say(["emit", "--tool", "t"]).code, 0);
    for (name, mode) in [
        ("receipts.db", 0o644),
        ("receipts.db", 0o660),
        ("receipts.db-wal", 0o666),
        ("receipts.db-shm", 0o642),
    ] {
        let file = house.data(name);
        let before = fs::metadata(&file).unwrap().permissions();
        chmod(&file, mode);
        let diagnosis = Diagnosis::of(&house, ["--no-roundtrip"]);
        diagnosis.assert("db permissions", "fail", &format!("{name}` has mode 0{mode:o}"));
        assert!(diagnosis.finding("db permissions").fix.as_deref().unwrap().contains("chmod 640"));
        assert_eq!(diagnosis.code, 1);
        fs::set_permissions(&file, before).unwrap();
    }
    let folder = house.data("");
    chmod(&folder, 0o777);
    Diagnosis::of(&house, ["--no-roundtrip"]).assert("db permissions", "fail", "others can replace");
    chmod(&folder, 0o750);
    Diagnosis::of(&house, ["--no-roundtrip"]).assert("db permissions", "ok", "receipts.db 0600");
}

#[test]
fn a_database_that_is_no_plain_file_fails() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("c").rows(&Key::new(1), 1));
    symlink(house.data("receipts.db"), house.path("link.db")).unwrap();
    for db in ["link.db", ".", "absent.db", ":memory:"] {
        let diagnosis = Diagnosis::of(&house, ["--no-roundtrip", "--db", db]);
        for name in ["db permissions", "schema/version"] {
            assert_eq!(diagnosis.finding(name).status, "fail", "{db} {name}");
        }
    }
    assert!(!house.path("absent.db").exists());
}

#[test]
fn emitters_that_dial_another_socket_fail() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let socket = house.socket();
    let asked = |variable: &str, flag: &Path| {
        let mut command = house.command(["doctor", "--json", "--socket"]);
        command.arg(flag).env("AGENTRECEIPTS_SOCKET", variable);
        Diagnosis::read(&Said::of(&command.output().unwrap()))
    };
    let diagnosis = asked("/nowhere/events.sock", &socket);
    assert_eq!(diagnosis.code, 1);
    diagnosis.assert("emitter dial path", "fail", "dial `/nowhere/events.sock`");
    let mend = format!("set AGENTRECEIPTS_SOCKET to `{}`", socket.display());
    assert!(diagnosis.finding("emitter dial path").fix.as_deref().unwrap().contains(&mend));
    // The daemon itself is well.
    for name in ["daemon process", "socket", "round-trip"] {
        assert_eq!(diagnosis.finding(name).status, "ok", "{name}");
    }
    symlink(&socket, house.path("link")).unwrap();
    let by_another_name = asked(house.path("link").to_str().unwrap(), &socket);
    by_another_name.assert("emitter dial path", "ok", "which is the daemon's");
    asked("link", &socket).assert("emitter dial path", "warn", "a relative path");
}

/// The configuration file is the daemon's alone: no emitter reads it.
#[test]
fn a_socket_that_only_the_configuration_names_is_unknown_to_emitters() {
    let house = House::new();
    fs::create_dir_all(house.data("")).unwrap();
    fs::write(house.data("daemon.toml"), format!("socket = '{}'", house.path("r/x.sock").display())).unwrap();
    let diagnosis = Diagnosis::of(&house, ["--no-roundtrip"]);
    diagnosis.assert("emitter dial path", "fail", "the daemon's is");
}
