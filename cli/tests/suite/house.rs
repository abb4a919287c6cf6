//! A private home for one test, and the program in it.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A home, a data directory and a runtime directory that nobody else uses. Paths are short enough for sockets.
pub(crate) struct House {
    dir: TempDir,
}

/// What a command line came to.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl House {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("ar").tempdir_in("/tmp").unwrap();
        std::fs::create_dir(dir.path().join("r")).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.path("d/agent-receipts").join(name)
    }

    /// Where the daemon listens by default.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path("r/agentreceipts/events.sock")
    }

    /// The program with arguments, in an environment of this house alone.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.of(env!("CARGO_BIN_EXE_agent-receipts"));
        command.args(arguments);
        command
    }

    /// A script, in the same environment.
    pub(crate) fn shell(&self, script: &str) -> Said {
        Said::of(&self.of("sh").args(["-c", script]).output().unwrap())
    }

    pub(crate) fn of(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path("h")).env("XDG_DATA_HOME", self.path("d"));
        command.env("XDG_RUNTIME_DIR", self.path("r"));
        command
    }

    /// A script of the shell's.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let draft = self.path("draft");
        std::fs::write(&draft, format!("#!/bin/sh\n{text}\n")).unwrap();
        self.program(&draft, name)
    }

    /// A copy of a program.
    pub(crate) fn program(&self, from: &Path, name: &str) -> PathBuf {
        let path = self.path(name);
        copy_program(from, &path);
        path
    }

    pub(crate) fn say<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Said {
        Said::of(&self.command(arguments).output().unwrap())
    }

    /// As [`House::say`], with the daemon's binary named.
    pub(crate) fn say_with_daemon<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Said {
        Said::of(&self.command(arguments).env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary()).output().unwrap())
    }
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both streams, for the message of a failed assertion.
    pub(crate) fn all(&self) -> String {
        format!("exit {}\n--- out\n{}--- err\n{}", self.code, self.out, self.err)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.all()))
    }
}

/// Copies a program. Another process does it: what this one has open for writing, a child that another test starts at that moment has
/// open too, and nobody may execute it.
pub(crate) fn copy_program(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg(from).arg(to).status().unwrap().success());
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The daemon's binary, built once where nobody has built it yet.
pub(crate) fn daemon_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("agent-receipts-daemon"))
}

/// The anchor's binary, likewise.
pub(crate) fn anchor_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("agent-receipts-anchor"))
}

/// The hook's binary, likewise.
pub(crate) fn hook_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("agent-receipts-hook"))
}

/// The MCP proxy's binary, likewise.
pub(crate) fn proxy_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("agent-receipts-mcp"))
}

fn built(program: &str) -> PathBuf {
    let ours = Path::new(env!("CARGO_BIN_EXE_agent-receipts"));
    let binary = ours.with_file_name(program);
    if !binary.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let profile =
            if ours.parent().is_some_and(|folder| folder.ends_with("debug")) { "dev" } else { "release" };
        let target = ours.ancestors().nth(2).unwrap();
        let built = Command::new(cargo)
            .args(["build", "--package", program, "--profile", profile, "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(built.success(), "`{program}` does not build");
    }
    binary
}

/// Waits for something that is bound to come. The deadline is there only to end a test that hangs.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
