//! What is unsafe is said at the start and again and again, by the very loop that the daemon's process waits in.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;
use std::time::Duration;

use agent_receipts_daemon::{Config, Surroundings, run};
use support::process::{DaemonProcess, play};
use support::{Home, event, wait_until};

/// Names the configuration file to the process that plays the daemon.
const CONFIG: &str = "WARNINGS_TEST_CONFIG";

#[test]
fn an_unsafe_socket_is_warned_of_at_the_start_and_at_every_interval() {
    let home = Home::new();
    let daemon = DaemonProcess::start_with(impatient(&home));
    let warnings = || daemon.lines().iter().filter(|line| line.contains("WARNING: socket")).count();
    assert!(warnings() >= 1, "{:?}", daemon.lines());
    let of_the_start = daemon.lines().iter().position(|line| line.contains("WARNING: socket"));
    let listening = daemon.lines().iter().position(|line| line.contains("daemon: listening on"));
    assert!(of_the_start < listening, "the first warning comes before anybody can connect");
    wait_until("more warnings", || warnings() >= 5);
    // Nobody has to do anything for them, and the daemon works on.
    home.connect().record(&event(""));
    let before = warnings();
    wait_until("still more", || warnings() >= before + 3);
    daemon.stop();
}

#[test]
fn a_safe_socket_is_never_warned_of() {
    let home = Home::new();
    let mut command = impatient(&home);
    command.env(if cfg!(target_os = "macos") { "TMPDIR" } else { "XDG_RUNTIME_DIR" }, home.folder.path());
    let daemon = DaemonProcess::start_with(command);
    (0..100).for_each(|_| drop(home.connect().record(&event(""))));
    daemon.signal(rustix::process::Signal::TERM);
    let (status, lines) = daemon.wait();
    assert_eq!(status.code(), Some(0), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("WARNING")), "{lines:?}");
}

#[test]
fn the_daemon_warns_once_a_minute() {
    assert_eq!(Surroundings::system().warning_interval, Duration::from_secs(60));
}

/// The daemon as its program runs it, for whom a minute is a millisecond.
fn impatient(home: &Home) -> Command {
    play("run_as_an_impatient_daemon", CONFIG, home.path("d.toml"))
}

#[test]
fn run_as_an_impatient_daemon() {
    // Only does something as a child of the tests above: signals and limits are a whole process's.
    let Ok(file) = std::env::var(CONFIG) else { return };
    let config = Config::load(file.as_ref(), &|_: &str| None).unwrap();
    run(&config, Surroundings { warning_interval: Duration::from_millis(1), ..Surroundings::system() })
        .unwrap();
}
