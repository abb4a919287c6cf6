//! A server behind the proxy, and what everybody saw.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::{Value, json};

use crate::daemon::{Daemon, PATIENCE, socket_in};
use crate::server;

/// The proxy, started.
pub(crate) struct Wrapped {
    folder: tempfile::TempDir,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    errors: Option<JoinHandle<String>>,
    pub(crate) daemon: Option<Daemon>,
}

/// What is left when it is over.
pub(crate) struct Over {
    pub(crate) status: ExitStatus,
    /// What was recorded, but for the session itself.
    pub(crate) frames: Vec<Value>,
    /// All that was recorded.
    pub(crate) all: Vec<Value>,
    /// Every byte that the server read.
    pub(crate) reached: String,
    /// What the proxy said on standard error.
    pub(crate) errors: String,
    /// What the server said that nobody had heard before.
    pub(crate) unheard: Vec<Vec<u8>>,
}

impl Wrapped {
    /// In front of the scripted server, with a daemon.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::begin(args, |folder| Some(Daemon::start(&socket_in(folder), false)))
    }

    /// With what `daemon` starts in the folder, if anything.
    pub(crate) fn begin(args: &[&str], daemon: impl FnOnce(&Path) -> Option<Daemon>) -> Self {
        Self::before(args, &server::command(), daemon)
    }

    /// In front of any command.
    pub(crate) fn before(
        args: &[&str],
        command: &[String],
        daemon: impl FnOnce(&Path) -> Option<Daemon>,
    ) -> Self {
        Self::by_way_of("exec \"$0\" \"$@\"", args, command, daemon)
    }

    /// The same, by a shell's script, whose parameters are the proxy's command.
    pub(crate) fn by_way_of(
        script: &str,
        args: &[&str],
        command: &[String],
        daemon: impl FnOnce(&Path) -> Option<Daemon>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        fs::create_dir(&run).unwrap();
        fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
        let daemon = daemon(folder.path());
        let mut proxy = Command::new("/bin/sh");
        proxy.args(["-c", script, env!("CARGO_BIN_EXE_agent-receipts-mcp")]);
        proxy.env_clear().env("HOME", folder.path()).env("XDG_RUNTIME_DIR", run).env("PATH", "/usr/bin:/bin");
        proxy
            .env("AGENTRECEIPTS_SOCKET", socket_in(folder.path()))
            .env(server::LOG, folder.path().join("log"));
        proxy.args(["--name", "srv", "--patience", "60000"]).args(args).arg("--").args(command);
        let mut child =
            proxy.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = channel();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if tell.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let errors = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default());
        Self { folder, input: child.stdin.take(), child, lines, errors: Some(errors), daemon }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes the bytes as they are.
    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.input.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Writes one line.
    pub(crate) fn say(&mut self, line: impl AsRef<[u8]>) {
        self.raw([line.as_ref(), b"\n"].concat());
    }

    /// Calls a tool.
    pub(crate) fn call(&mut self, id: impl Into<Value>, tool: &str, arguments: Value) {
        let message = json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}});
        self.say(message.to_string());
    }

    /// The next line that the client is sent, with its end.
    pub(crate) fn line(&self) -> Vec<u8> {
        self.lines.recv_timeout(PATIENCE).expect("the client waits in vain")
    }

    /// The next message that the client is sent.
    pub(crate) fn hear(&self) -> Value {
        serde_json::from_slice(&self.line()).unwrap()
    }

    /// What the server has read so far.
    pub(crate) fn reached(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap_or_default()).into_owned()
    }

    /// Waits until the server has read something.
    pub(crate) fn until_reached(&self, what: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.reached().contains(what) {
            assert!(Instant::now() < end, "the server never read {what}");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// The client has nothing more to say.
    pub(crate) fn leave(&mut self) {
        drop(self.input.take());
    }

    /// Leaves, and waits for the end.
    pub(crate) fn over(mut self) -> Over {
        self.leave();
        self.wait()
    }

    /// The exit code, once there is one.
    pub(crate) fn status(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the proxy does not end");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// Waits for the end, whoever brings it about.
    pub(crate) fn wait(mut self) -> Over {
        let status = self.status();
        // Whoever is told of, has been told by now.
        if let Some(daemon) = &mut self.daemon {
            daemon.stop();
        }
        let all = self.daemon.as_ref().map(Daemon::frames).unwrap_or_default();
        let frames = all.iter().filter(|frame| frame["tool"]["name"] != "session").cloned().collect();
        let errors = self.errors.take().unwrap().join().unwrap();
        let unheard = self.lines.iter().collect();
        Over { status, frames, all, reached: self.reached(), errors, unheard }
    }
}

impl Drop for Wrapped {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Over {
    /// Each receipt as tool, decision and error.
    pub(crate) fn summary(&self) -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one =
            |frame: &Value| (text(&frame["tool"]["name"]), text(&frame["decision"]), text(&frame["error"]));
        self.frames.iter().map(one).collect()
    }

    /// The receipts of one tool.
    pub(crate) fn of(&self, tool: &str) -> Vec<&Value> {
        self.frames.iter().filter(|frame| frame["tool"]["name"] == tool).collect()
    }
}

/// What a policy's ruling in a receipt says.
pub(crate) fn ruling(frame: &Value) -> Value {
    assert_eq!(frame["target_system"], "mcp-policy", "{frame}");
    serde_json::from_str(frame["target_resource"].as_str().unwrap()).unwrap()
}
