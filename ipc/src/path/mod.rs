//! Where the daemon's socket stands, and where it may stand (wire protocol §1.3).

mod policy;

use std::env::{self, VarError};
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use policy::{SocketPathError, SocketPlace, check_socket_path, looks_like_tcp_address};

/// The environment variable that names the socket, for the daemon and for emitters alike.
pub const SOCKET_VARIABLE: &str = "AGENTRECEIPTS_SOCKET";

/// No default socket path can be told; name one with `AGENTRECEIPTS_SOCKET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no default socket path on this system: set AGENTRECEIPTS_SOCKET")]
pub struct NoDefaultSocketPath;

/// The socket's path, the same for the daemon and for emitters.
///
/// `env` looks one environment variable up; an empty value counts as unset. `AGENTRECEIPTS_SOCKET` wins, then the
/// system's own place: on Linux `$XDG_RUNTIME_DIR/agentreceipts/events.sock` or `/run/agentreceipts/events.sock`, on macOS
/// `agent-receipts/events.sock` in `$XDG_DATA_HOME` or `~/.local/share`. Note the two spellings.
pub fn default_socket_path(env: &impl Fn(&str) -> Option<String>) -> Result<PathBuf, NoDefaultSocketPath> {
    match lookup(env, SOCKET_VARIABLE) {
        Some(path) => Ok(PathBuf::from(path)),
        None => Platform::here().own_path(env),
    }
}

/// Why this process does not know the daemon's socket.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SocketPathUnknown {
    /// The system has no default.
    #[error(transparent)]
    NoDefault(#[from] NoDefaultSocketPath),
    /// A variable that says where it is holds something else than text. The daemon refuses to start with it.
    #[error("the environment variable {variable} is not valid UTF-8")]
    NotUnicode {
        /// The variable's name.
        variable: &'static str,
    },
}

/// [`default_socket_path`] in this process's environment, refusing what the daemon refuses there.
///
/// # Errors
///
/// [`SocketPathUnknown`]; an emitter that guessed would talk to another daemon than its user meant.
pub fn socket_path_here() -> Result<PathBuf, SocketPathUnknown> {
    for variable in [SOCKET_VARIABLE, "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME"] {
        if let Err(VarError::NotUnicode(_)) = env::var(variable) {
            return Err(SocketPathUnknown::NotUnicode { variable });
        }
    }
    Ok(default_socket_path(&|name: &str| env::var(name).ok())?)
}

/// The systems whose places are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    Linux,
    MacOs,
    Other,
}

impl Platform {
    fn here() -> Self {
        match std::env::consts::OS {
            "linux" | "android" => Self::Linux,
            "macos" => Self::MacOs,
            _ => Self::Other,
        }
    }

    /// The path that stands when nobody named one.
    fn own_path(self, env: &impl Fn(&str) -> Option<String>) -> Result<PathBuf, NoDefaultSocketPath> {
        match self {
            Self::Linux => {
                let runtime = absolute(env, "XDG_RUNTIME_DIR").unwrap_or_else(|| "/run".into());
                Ok(runtime.join("agentreceipts/events.sock"))
            }
            Self::MacOs => Ok(data_home(env).ok_or(NoDefaultSocketPath)?.join("agent-receipts/events.sock")),
            Self::Other => Err(NoDefaultSocketPath),
        }
    }

    /// The directories below which a socket may stand without `--unsafe-socket-path`.
    fn roots(self, env: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
        let mut roots = Vec::new();
        match self {
            Self::Linux => {
                roots.extend([PathBuf::from("/run"), PathBuf::from("/var/run")]);
                roots.extend(absolute(env, "XDG_RUNTIME_DIR"));
            }
            Self::MacOs => {
                roots.push(PathBuf::from("/var/run"));
                roots.extend(absolute(env, "TMPDIR"));
                roots.extend(data_home(env).map(|home| home.join("agent-receipts")));
            }
            Self::Other => {}
        }
        roots
    }
}

pub(crate) fn data_home(env: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    absolute(env, "XDG_DATA_HOME").or_else(|| absolute(env, "HOME").map(|home| home.join(".local/share")))
}

/// A relative path in the environment would mean another place in every working directory: it is ignored.
pub(crate) fn absolute(env: &impl Fn(&str) -> Option<String>, variable: &str) -> Option<PathBuf> {
    lookup(env, variable).map(PathBuf::from).filter(|path| Path::is_absolute(path))
}

fn lookup(env: &impl Fn(&str) -> Option<String>, variable: &str) -> Option<String> {
    env(variable).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn own(platform: Platform, pairs: &[(&str, &str)]) -> Option<String> {
        platform.own_path(&with(pairs)).ok().map(|path| path.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_variable_wins_everywhere() {
        let env = [(SOCKET_VARIABLE, "/x/y.sock"), ("XDG_RUNTIME_DIR", "/run/user/7")];
        assert_eq!(default_socket_path(&with(&env)), Ok("/x/y.sock".into()));
        // Even where no home can be told.
        assert_eq!(default_socket_path(&with(&env[..1])), Ok("/x/y.sock".into()));
    }

    #[test]
    fn an_empty_variable_is_no_variable() {
        let env = [(SOCKET_VARIABLE, ""), ("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/a")];
        assert_eq!(default_socket_path(&with(&env)), Platform::here().own_path(&with(&env)));
    }

    #[test]
    fn linux_uses_the_runtime_directory_or_run() {
        let named = own(Platform::Linux, &[("XDG_RUNTIME_DIR", "/run/user/7")]);
        assert_eq!(named.as_deref(), Some("/run/user/7/agentreceipts/events.sock"));
        for env in [&[][..], &[("XDG_RUNTIME_DIR", "rel")], &[("XDG_RUNTIME_DIR", "")]] {
            assert_eq!(own(Platform::Linux, env).as_deref(), Some("/run/agentreceipts/events.sock"));
        }
    }

    #[test]
    fn macos_uses_the_data_directory() {
        let home = ("HOME", "/Users/a");
        let at_home = Some("/Users/a/.local/share/agent-receipts/events.sock");
        assert_eq!(own(Platform::MacOs, &[home]).as_deref(), at_home);
        assert_eq!(
            own(Platform::MacOs, &[home, ("TMPDIR", "/t"), ("XDG_DATA_HOME", "rel")]).as_deref(),
            at_home
        );
        let named = own(Platform::MacOs, &[home, ("XDG_DATA_HOME", "/d")]);
        assert_eq!(named.as_deref(), Some("/d/agent-receipts/events.sock"));
        assert_eq!(own(Platform::MacOs, &[]), None);
    }

    #[test]
    fn another_system_has_no_default() {
        assert_eq!(own(Platform::Other, &[("HOME", "/home/a"), ("XDG_RUNTIME_DIR", "/r")]), None);
    }

    #[test]
    fn the_systems_own_path_lies_below_its_roots() {
        let env = with(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r"), ("XDG_DATA_HOME", "/d")]);
        for platform in [Platform::Linux, Platform::MacOs] {
            let path = platform.own_path(&env).unwrap();
            assert!(platform.roots(&env).iter().any(|root| path.starts_with(root)), "{platform:?}");
        }
    }
}
