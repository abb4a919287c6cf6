//! `daemon run`, and a daemon for other tests.

use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::house::{House, Said, daemon_binary, wait_until};

/// A daemon of a house, on its default paths; stopped by its own process id.
pub(crate) struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts it by `daemon run`, in the program's place.
    pub(crate) fn start(house: &House) -> Self {
        assert_eq!(house.say(["init"]).code, 0);
        let mut command = house.command(["daemon", "run", "--chain-id", "c"]);
        command.env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let socket = house.socket();
        wait_until("the daemon listens", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        Self { child }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

#[test]
fn the_daemon_takes_this_processs_place() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let program = std::fs::read_link(format!("/proc/{}/exe", daemon.child.id()));
    // Elsewhere than on Linux the signal in `drop` shows the same: it must reach the daemon itself.
    if let Ok(program) = program {
        assert_eq!(program.file_name(), daemon_binary().file_name());
    }
}

#[test]
fn its_flags_and_its_exit_code_are_its_own() {
    let house = House::new();
    let version = house.say_with_daemon(["daemon", "run", "--protocol-version"]);
    assert_eq!(
        (version.code, version.out.trim()),
        (0, r#"{"frame_version":{"min":1,"max":1}}"#),
        "{}",
        version.all()
    );
    assert_eq!(house.say_with_daemon(["daemon", "run", "--no-such-flag"]).code, 2);
    let no_key = house.say_with_daemon(["daemon", "run"]);
    assert!(no_key.code == 1 && no_key.err.contains("signing.key"), "{}", no_key.all());
}

#[test]
fn a_binary_that_is_none_is_refused() {
    let house = House::new();
    std::fs::write(house.path("plain"), "").unwrap();
    for binary in ["absent", "plain", "."] {
        let flag = house.say(["daemon", "run", "--daemon-bin", binary]);
        assert!(flag.code == 1 && flag.err.contains("not an executable file"), "{}", flag.all());
        let variable =
            house.command(["daemon", "run"]).env("AGENTRECEIPTS_DAEMON_BIN", binary).output().unwrap();
        assert_eq!(Said::of(&variable).err, flag.err);
    }
}
