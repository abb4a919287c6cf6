//! Finds the binaries of our other programs, the daemon, the anchor, the hook and the proxy: as named, beside our own, built by `cargo` in a checkout, on the path.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, access};

use crate::environment::Environment;

/// Why there is no program to start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FindDaemonError {
    /// What was named is no executable file.
    #[error("`{}` is not an executable file", path.display())]
    NotExecutable {
        /// What was named.
        path: PathBuf,
    },
    /// Nothing was named, and it is nowhere to be found.
    #[error("no `{program}` beside `agent-receipts` nor on the PATH")]
    NotFound {
        /// The program.
        program: &'static str,
    },
    /// The checkout's program could not be built.
    #[error("could not build `{program}`: {reason}")]
    Build {
        /// The program.
        program: &'static str,
        /// What went wrong.
        reason: String,
    },
}

/// A program of ours that is a process of its own.
#[derive(Debug, Clone, Copy)]
struct Program {
    /// The binary's name, which is also its package's.
    name: &'static str,
    /// The environment variable that may name it.
    variable: &'static str,
}

const DAEMON: Program = Program { name: "agent-receipts-daemon", variable: "AGENTRECEIPTS_DAEMON_BIN" };
const ANCHOR: Program = Program { name: "agent-receipts-anchor", variable: "AGENTRECEIPTS_ANCHOR_BIN" };
const HOOK: Program = Program { name: "agent-receipts-hook", variable: "AGENTRECEIPTS_HOOK_BIN" };
const PROXY: Program = Program { name: "agent-receipts-mcp", variable: "AGENTRECEIPTS_MCP_BIN" };

/// The daemon's binary.
///
/// A daemon beside our own binary wins over one on the path: the two were installed, or built, together.
pub(crate) fn find_daemon(
    flag: Option<&Path>,
    environment: &Environment,
) -> Result<PathBuf, FindDaemonError> {
    find(DAEMON, flag, environment)
}

/// The anchor's binary, by the same rules.
pub(crate) fn find_anchor(
    flag: Option<&Path>,
    environment: &Environment,
) -> Result<PathBuf, FindDaemonError> {
    find(ANCHOR, flag, environment)
}

/// The hook's binary, by the same rules.
pub(crate) fn find_hook(flag: Option<&Path>, environment: &Environment) -> Result<PathBuf, FindDaemonError> {
    find(HOOK, flag, environment)
}

/// The MCP proxy's binary, by the same rules.
pub(crate) fn find_proxy(flag: Option<&Path>, environment: &Environment) -> Result<PathBuf, FindDaemonError> {
    find(PROXY, flag, environment)
}

/// The anchor where it is there already: named, beside this program, or on the PATH. Nothing is built.
pub(crate) fn present_anchor(environment: &Environment) -> Option<PathBuf> {
    let named = environment.path(ANCHOR.variable).filter(|path| is_executable(path));
    named.or_else(|| sibling(ANCHOR)).or_else(|| on_path(ANCHOR, environment))
}

fn find(
    program: Program,
    flag: Option<&Path>,
    environment: &Environment,
) -> Result<PathBuf, FindDaemonError> {
    let named = flag.map(Path::to_owned).or_else(|| environment.path(program.variable));
    if let Some(path) = named {
        return if is_executable(&path) { Ok(path) } else { Err(FindDaemonError::NotExecutable { path }) };
    }
    if let Some(sibling) = sibling(program) {
        return Ok(sibling);
    }
    match Checkout::started_us(environment) {
        Some(checkout) => checkout.build(program),
        None => on_path(program, environment).ok_or(FindDaemonError::NotFound { program: program.name }),
    }
}

fn sibling(program: Program) -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.with_file_name(program.name)).filter(|path| is_executable(path))
}

fn on_path(program: Program, environment: &Environment) -> Option<PathBuf> {
    // A relative entry would run whatever lies in the directory that the agent works in.
    let path = environment.os("PATH")?;
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program.name))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

/// The source tree that we were compiled from, while `cargo run` is what started us: there,
/// `cargo run --bin agent-receipts` has built our binary and no other.
struct Checkout {
    cargo: PathBuf,
}

impl Checkout {
    /// Believes the environment only where it names the folder that this binary was compiled in.
    fn started_us(environment: &Environment) -> Option<Self> {
        let manifest = environment.path("CARGO_MANIFEST_DIR")?;
        let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
        (manifest == ours).then_some(())?;
        Some(Self { cargo: environment.path("CARGO")? })
    }

    /// Builds a program with our own profile, into the same target directory, and takes cargo's word for its path.
    fn build(&self, program: Program) -> Result<PathBuf, FindDaemonError> {
        let name = program.name;
        let failed = |reason: String| FindDaemonError::Build { program: name, reason };
        crate::output::complain(&format!(
            "agent-receipts: building {name} once, as cargo built this program alone"
        ));
        let mut command = Command::new(&self.cargo);
        command.args([
            "build",
            "--quiet",
            "--package",
            name,
            "--bin",
            name,
            "--message-format",
            "json-render-diagnostics",
        ]);
        command.arg("--profile").arg(if cfg!(debug_assertions) { "dev" } else { "release" });
        command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(format!("cargo ended with {}", output.status)));
        }
        built_executable(name, &output.stdout).ok_or_else(|| failed("cargo named no executable".to_owned()))
    }
}

/// The executable in cargo's messages, one JSON object a line.
fn built_executable(name: &str, messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(directory: &Path) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = directory.join(DAEMON.name);
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn what_is_named_must_be_executable() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("plain");
        std::fs::write(&file, "").unwrap();
        let refused = Err(FindDaemonError::NotExecutable { path: file.clone() });
        assert_eq!(find_daemon(Some(&file), &Environment::of(&[])), refused);
        let daemon = executable(dir.path());
        let environment = Environment::of(&[("AGENTRECEIPTS_DAEMON_BIN", daemon.to_str().unwrap())]);
        assert_eq!(find_daemon(None, &environment), Ok(daemon));
        assert_eq!(find_daemon(Some(&file), &environment), refused);
    }

    #[test]
    fn the_path_is_searched_without_its_relative_entries() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = executable(dir.path());
        let path = format!(".:relative:/nowhere:{}", dir.path().display());
        assert_eq!(on_path(DAEMON, &Environment::of(&[("PATH", &path)])), Some(daemon));
        assert_eq!(on_path(DAEMON, &Environment::of(&[("PATH", ".:relative")])), None);
    }

    #[test]
    fn only_the_own_checkout_is_believed() {
        let ours = env!("CARGO_MANIFEST_DIR");
        assert!(
            Checkout::started_us(&Environment::of(&[("CARGO", "c"), ("CARGO_MANIFEST_DIR", ours)])).is_some()
        );
        assert!(
            Checkout::started_us(&Environment::of(&[("CARGO", "c"), ("CARGO_MANIFEST_DIR", "/x")])).is_none()
        );
        assert!(Checkout::started_us(&Environment::of(&[("CARGO", "c")])).is_none());
    }

    #[test]
    fn the_executable_is_found_among_cargos_messages() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/o"}
not json
{"reason":"compiler-artifact","target":{"name":"agent-receipts-daemon"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"agent-receipts-daemon"},"executable":"/d"}
"#;
        assert_eq!(built_executable(DAEMON.name, messages), Some(PathBuf::from("/d")));
        assert_eq!(built_executable(DAEMON.name, b"{}"), None);
    }
}
