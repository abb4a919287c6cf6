//! The daemon as a process of its own, and this test program as the other processes that a test needs.

use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agent_receipts_chain::{ChainVerifier, Options, Outcome, Verdict};
use agent_receipts_store::{Query, ReceiptReader as _, SqliteReader};
use rustix::process::{Pid, Signal, kill_process};

use super::{Home, wait_until};

/// A daemon in a process of its own; killed when the test ends, however it ends.
pub(crate) struct DaemonProcess {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl DaemonProcess {
    /// Starts a daemon in `home` and waits until it listens.
    pub(crate) fn start(home: &Home) -> Self {
        Self::start_with(daemon(home))
    }

    /// The same with another command, which ends by becoming the daemon.
    pub(crate) fn start_with(command: Command) -> Self {
        Self::spawn(command).listening()
    }

    /// Waits until it listens.
    pub(crate) fn listening(self) -> Self {
        let mut daemon = self;
        wait_until("the daemon to listen", || {
            let ended = daemon.child.try_wait().unwrap();
            assert!(ended.is_none(), "the daemon ended: {ended:?} {:?}", daemon.lines.lock().unwrap());
            daemon.logged("daemon: listening on")
        });
        daemon
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::spawn_with_input(command)
    }

    /// The same with whatever the command has for its standard input.
    pub(crate) fn spawn_with_input(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let reader = child.stderr.take().map(|stderr| keep_lines(stderr, Arc::clone(&lines)));
        Self { child, lines, reader }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn logged(&self, words: &str) -> bool {
        self.lines().iter().any(|line| line.contains(words))
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end, and gives the status and everything that was said.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let status = wait_for_end(&mut self.child);
        self.reader.take().unwrap().join().unwrap();
        (status, self.lines())
    }

    /// Asks for the end with SIGTERM, and expects a good one.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        let (status, lines) = self.wait();
        assert_eq!(status.code(), Some(0), "{status} {lines:?}");
    }

    /// Ends it with SIGKILL, in the midst of whatever it does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for DaemonProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The daemon's command in `home`, on the configuration file there and nothing else.
pub(crate) fn daemon(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent-receipts-daemon"));
    command.arg("--config").arg(home.path("d.toml")).env_clear();
    command
}

/// The same, started by a shell that says `first`, such as a limit.
pub(crate) fn daemon_after(first: &str, home: &Home) -> Command {
    let daemon = daemon(home);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{first}; exec \"$@\"")).arg("sh").arg(daemon.get_program());
    command.args(daemon.get_args()).env_clear();
    command
}

/// Runs one test of this program in a process of its own, with a part to play that a variable names.
pub(crate) fn play(test: &str, variable: &str, value: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(variable, value);
    command
}

/// Kills and reaps the child when the test ends, however it ends.
pub(crate) struct Kept(pub(crate) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn wait_for_end(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < end, "a process did not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The verifier's verdict over one chain of the home's database, from the stored text alone.
pub(crate) fn verdict(home: &Home, chain_id: &str) -> Verdict {
    let options = Options { expected_chain_id: Some(chain_id.to_owned()), ..Options::default() };
    let mut verifier = ChainVerifier::new(home.public_key, options);
    let reader = SqliteReader::open(&home.config.db).unwrap();
    reader
        .stream(&Query::chain(chain_id), &mut |stored| {
            verifier.push_json(stored.row.receipt_json.as_bytes());
            ControlFlow::Continue(())
        })
        .unwrap();
    verifier.finish()
}

/// Expects a valid chain, numbered from 1 without a gap, and gives its verdict.
pub(crate) fn valid(home: &Home, chain_id: &str) -> Verdict {
    let verdict = verdict(home, chain_id);
    assert_eq!(verdict.outcome, Outcome::Valid, "`{chain_id}`: {verdict:?}");
    let reader = SqliteReader::open(&home.config.db).unwrap();
    let chain = reader.chains().unwrap().into_iter().find(|chain| chain.chain_id == chain_id).unwrap();
    let ends = (chain.length, chain.first_sequence, chain.last_sequence);
    assert_eq!(ends, (verdict.length, 1, verdict.length), "`{chain_id}`");
    verdict
}

/// The chains in the home's database, in order.
pub(crate) fn chain_ids(home: &Home) -> Vec<String> {
    let reader = SqliteReader::open(&home.config.db).unwrap();
    reader.chains().unwrap().into_iter().map(|chain| chain.chain_id).collect()
}

fn keep_lines(stderr: ChildStderr, lines: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    })
}
