//! A socket that takes frames, and the hook run against it.

use std::io::{ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use agent_receipts_ipc::read_frame;
use serde_json::Value;

/// Somebody who listens where the daemon would, in a folder that is also the hook's home.
pub(crate) struct Receiver {
    folder: tempfile::TempDir,
    listener: UnixListener,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        Self { folder, listener }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// Runs the hook with `input`, and gives what it says and the frame that it sent.
    ///
    /// With patience: how soon a busy machine lets a megabyte through is not what is asked here.
    pub(crate) fn hook(&self, args: &[&str], input: &[u8]) -> (Output, Value) {
        let args = &[&["--patience", "60000"], args].concat();
        std::thread::scope(|scope| {
            let frames = scope.spawn(|| self.frames());
            let output = self.run(args, input);
            let mut frames = frames.join().unwrap();
            assert_eq!(frames.len(), 1, "one event a call: {output:?}");
            (output, frames.remove(0))
        })
    }

    /// All that one connection sends, read as it comes.
    fn frames(&self) -> Vec<Value> {
        let mut connection = self.accept();
        let (mut frames, mut body) = (Vec::new(), Vec::new());
        while let Ok(Some(())) = read_frame(&mut connection, &mut body) {
            frames.push(serde_json::from_slice(&body).unwrap());
        }
        frames
    }

    /// Whoever connects. A hook that sends nothing is a failure, and not a wait without end.
    fn accept(&self) -> UnixStream {
        self.listener.set_nonblocking(true).unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            match self.listener.accept() {
                Ok((connection, _)) => {
                    connection.set_nonblocking(false).unwrap();
                    return connection;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("the hook did not connect: {error}"),
            }
        }
    }

    /// The hook in an environment of this receiver alone.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agent-receipts-hook"));
        let home = self.folder.path();
        command.env_clear().env("HOME", home).env("XDG_RUNTIME_DIR", home.join("run"));
        command.env("AGENTRECEIPTS_SOCKET", self.socket());
        command
    }

    /// Runs the hook with `input`, whatever comes of it.
    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = self.command();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A hook that reads no further closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.stdout, b"", "hosts read standard output as a decision");
        output
    }
}
