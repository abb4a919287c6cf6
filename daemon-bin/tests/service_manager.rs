//! The daemon under a service manager: a socket that is passed to it, and what it says of itself.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use agent_receipts_core::json::Value;
use agent_receipts_ipc::Peer;
use rustix::process::Signal;
use support::process::{DaemonProcess, daemon, daemon_after, valid};
use support::{Home, event, field};

/// A daemon that is started as a service manager does it: the socket is descriptor 3, and the variables say so.
fn activated(home: &Home, socket: impl Into<OwnedFd>, count: u32) -> Command {
    let pass = format!("exec 3<&0 0</dev/null; export LISTEN_FDS={count} LISTEN_PID=$$");
    let mut command = daemon_after(&pass, home);
    command.stdin(Stdio::from(socket.into()));
    command
}

fn managers_socket(home: &Home) -> UnixListener {
    let socket = UnixListener::bind(&home.config.socket).unwrap();
    fs::set_permissions(&home.config.socket, Permissions::from_mode(0o660)).unwrap();
    socket
}

/// How a daemon that must not start said no.
fn refusal(command: Command) -> String {
    let (status, lines) = DaemonProcess::spawn_with_input(command).wait();
    assert_eq!(status.code(), Some(1), "{lines:?}");
    lines.join("\n")
}

#[test]
fn a_passed_socket_is_served_and_outlives_the_daemon() {
    let home = Home::new();
    let socket = managers_socket(&home);
    for expected in 1..=2 {
        let command = activated(&home, socket.try_clone().unwrap(), 1);
        let daemon = DaemonProcess::spawn_with_input(command).listening();
        let mut client = home.connect();
        client.record(&event(""));
        // Who asks who listens hears of the daemon, not of who bound the socket.
        let listening = Peer::of(&client.0).unwrap();
        assert_eq!(listening.pid, daemon.pid().as_raw_nonzero().get());
        daemon.stop();
        assert!(home.config.socket.exists());
        assert_eq!(home.rows().len(), 2 * expected, "an event and a terminator a run");
    }
}

#[test]
fn an_event_sent_before_the_daemon_is_there_is_not_lost() {
    let home = Home::new();
    let socket = managers_socket(&home);
    let mut early = home.connect();
    early.send(&event(r#""ack":true"#));
    let daemon = DaemonProcess::spawn_with_input(activated(&home, socket, 1)).listening();
    assert_eq!(field(&early.reply(), "ok"), &Value::Bool(true));
    daemon.stop();
    valid(&home, "audit");
}

#[test]
fn a_socket_that_is_not_ours_to_serve_is_refused() {
    let home = Home::new();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(refusal(activated(&home, tcp, 1)).contains("is not a Unix socket"));
    let elsewhere = UnixListener::bind(home.path("other")).unwrap();
    assert!(refusal(activated(&home, elsewhere, 1)).contains("stands at"));
    let socket = managers_socket(&home);
    fs::set_permissions(&home.config.socket, Permissions::from_mode(0o666)).unwrap();
    assert!(refusal(activated(&home, socket.try_clone().unwrap(), 1)).contains("lets every user in"));
    assert!(refusal(activated(&home, socket, 2)).contains("2 sockets were passed"));
}

#[test]
fn a_socket_that_is_announced_and_missing_is_an_error() {
    let home = Home::new();
    let command = daemon_after("exec 3<&-; export LISTEN_FDS=1 LISTEN_PID=$$", &home);
    let mut command = command;
    command.stdin(Stdio::null());
    assert!(refusal(command).contains("descriptor 3 is not open"));
}

#[test]
fn variables_left_over_by_a_parent_are_not_meant_for_the_daemon() {
    let home = Home::new();
    let mut command = daemon(&home);
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1").env("WATCHDOG_USEC", "1").env("WATCHDOG_PID", "1");
    DaemonProcess::start_with(command).stop();
}

/// The messages that a manager hears, one by one.
struct Manager(UnixDatagram);

impl Manager {
    fn at(home: &Home) -> Self {
        let socket = UnixDatagram::bind(home.path("n")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        Self(socket)
    }

    fn hears(&self) -> String {
        let mut space = [0; 4096];
        let length = self.0.recv(&mut space).unwrap();
        String::from_utf8(space[..length].to_vec()).unwrap()
    }
}

#[test]
fn the_manager_hears_of_readiness_life_and_the_end() {
    let home = Home::new();
    let manager = Manager::at(&home);
    let mut command = daemon(&home);
    command.env("NOTIFY_SOCKET", home.path("n")).env("WATCHDOG_USEC", "30000");
    let daemon = DaemonProcess::spawn(command);
    assert_eq!(manager.hears(), "READY=1\nSTATUS=recording on chain audit");
    // Ready means ready: nobody waits here for the socket.
    home.connect().record(&event(""));
    assert_eq!(manager.hears(), "WATCHDOG=1");
    assert_eq!(manager.hears(), "WATCHDOG=1");
    daemon.signal(Signal::TERM);
    let last = std::iter::repeat_with(|| manager.hears()).find(|message| message != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1\nSTATUS=closing the open chains"));
    assert_eq!(daemon.wait().0.code(), Some(0));
}

/// A writer that hangs looks from outside like one that has nothing to do: only the watchdog can tell.
#[test]
fn a_writer_that_does_not_get_on_is_not_called_alive() {
    let home = Home::new();
    let manager = Manager::at(&home);
    let mut command = daemon(&home);
    command.env("NOTIFY_SOCKET", home.path("n")).env("WATCHDOG_USEC", "300000");
    let daemon = DaemonProcess::spawn(command);
    assert!(manager.hears().starts_with("READY=1"));
    let database = rusqlite::Connection::open(&home.config.db).unwrap();
    // Another program holds the database; the writer waits for it.
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut client = home.connect();
    client.send(&event(r#""ack":true"#));
    manager.0.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut space = [0; 64];
    let silent = (0..1000).any(|_| manager.0.recv(&mut space).is_err());
    database.execute_batch("ROLLBACK").unwrap();
    assert!(silent, "a manager is told that a writer lives which writes nothing");
    assert_eq!(field(&client.reply(), "ok"), &Value::Bool(true));
    manager.0.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    assert_eq!(manager.hears(), "WATCHDOG=1");
    daemon.stop();
}

#[test]
fn a_daemon_that_does_not_start_is_never_ready() {
    let home = Home::new();
    let manager = Manager::at(&home);
    fs::remove_file(&home.config.key).unwrap();
    let mut command = daemon(&home);
    command.env("NOTIFY_SOCKET", home.path("n")).stdin(Stdio::null());
    refusal(command);
    manager.0.set_nonblocking(true).unwrap();
    assert!(manager.0.recv(&mut [0; 64]).is_err());
}

#[test]
fn a_manager_that_cannot_be_reached_is_an_error() {
    let home = Home::new();
    let mut command = daemon(&home);
    command.env("NOTIFY_SOCKET", home.path("absent")).stdin(Stdio::null());
    assert!(refusal(command).contains("could not reach the service manager"));
}
