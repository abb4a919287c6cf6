//! Judges a socket path before anything is created there.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use super::Platform;

/// What is known of a path that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketPlace {
    /// The system's own path, or one below an allowed directory, judged by where its links lead.
    Safe,
    /// Somewhere else, allowed by the operator's flag: to be warned of at start and again and again.
    Unsafe,
}

/// Why a socket path is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SocketPathError {
    /// No path at all.
    #[error("the socket path is empty: set AGENTRECEIPTS_SOCKET")]
    Empty,
    /// A network address. No flag allows it: a network peer has no credential that a kernel attests.
    #[error("`{path}` looks like a network address: the daemon listens on a Unix socket only")]
    NetworkAddress {
        /// The path given.
        path: String,
    },
    /// Outside the allowed directories, or not to be resolved.
    #[error(
        "socket path `{}` is outside the allowed directories ({}): choose one below them, \
         or pass --unsafe-socket-path",
        path.display(),
        shown(roots)
    )]
    OutsideRoots {
        /// The path given.
        path: PathBuf,
        /// The directories allowed on this system.
        roots: Vec<PathBuf>,
    },
}

/// Judges `path` by the policy of wire protocol §1.3; `env` looks one environment variable up.
///
/// The path and the allowed directories are compared by where they really lead: the longest part that exists is
/// resolved through its links. What cannot be resolved (a loop, a link into nothing, no permission) is unsafe.
pub fn check_socket_path(
    path: &Path,
    env: &impl Fn(&str) -> Option<String>,
    allow_unsafe: bool,
) -> Result<SocketPlace, SocketPathError> {
    if path.as_os_str().is_empty() {
        return Err(SocketPathError::Empty);
    }
    let text = path.to_string_lossy();
    if looks_like_tcp_address(&text) {
        return Err(SocketPathError::NetworkAddress { path: text.into_owned() });
    }
    let platform = Platform::here();
    let roots = platform.roots(env);
    if is_below(path, &roots) {
        Ok(SocketPlace::Safe)
    } else if allow_unsafe {
        Ok(SocketPlace::Unsafe)
    } else {
        Err(SocketPathError::OutsideRoots { path: path.to_owned(), roots })
    }
}

/// Whether `text` is a network address rather than a path: a URL, a `tcp:` or `udp:` prefix, or `host:port`.
pub fn looks_like_tcp_address(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let scheme = lower.split_once(':').map(|(scheme, _)| scheme);
    if lower.contains("://") || scheme.is_some_and(|name| NETWORK_SCHEMES.contains(&name)) {
        return true;
    }
    // A path may hold a colon and digits; a bare `host:port` holds no slash.
    !lower.contains('/')
        && lower
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_below(path: &Path, roots: &[PathBuf]) -> bool {
    let Ok(real) = resolve(path) else { return false };
    roots.iter().filter_map(|root| resolve(root).ok()).any(|root| {
        // A root that resolves to `/` would allow every path there is.
        root.parent().is_some() && real.starts_with(&root) && real != root
    })
}

/// `path` with the longest part that exists resolved, and the rest appended as it is.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut existing = std::path::absolute(path)?;
    let mut rest: Vec<OsString> = Vec::new();
    loop {
        match fs::symlink_metadata(&existing) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(Component::Normal(name)) = existing.components().next_back() else {
                    return Err(error);
                };
                rest.push(name.to_owned());
                existing.pop();
            }
            Err(error) => return Err(error),
        }
    }
    // A link into nothing exists as a link and fails here, so that it cannot pass for a plain name below a root.
    let mut real = fs::canonicalize(&existing)?;
    real.extend(rest.iter().rev());
    Ok(real)
}

fn shown(roots: &[PathBuf]) -> String {
    roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ")
}

const NETWORK_SCHEMES: [&str; 8] = ["tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "http", "https"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for address in [
            "tcp://127.0.0.1:9000",
            "TCP://x",
            "localhost:9000",
            "127.0.0.1:80",
            "[::1]:8080",
            ":8080",
            "tcp:/x",
            "udp6:x",
            "http://host/path",
            "host:0",
            " 10.0.0.1:5 ",
        ] {
            assert!(looks_like_tcp_address(address), "{address}");
        }
        for path in [
            "/run/a.sock",
            "a.sock",
            "/run/a:80",
            "./host:80",
            "host:",
            "c:rest",
            "/tcp",
            "tcp",
            "a:8x",
            "",
            ":",
        ] {
            assert!(!looks_like_tcp_address(path), "{path}");
        }
    }

    #[test]
    fn what_does_not_exist_keeps_its_name_and_what_exists_is_resolved() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        assert_eq!(resolve(&real.join("link/a/b.sock")).unwrap(), real.join("a/b.sock"));
    }

    #[test]
    fn loops_dangling_links_and_upward_steps_fail() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path().join("b"), dir.path().join("a")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("a"), dir.path().join("b")).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", dir.path().join("dangling")).unwrap();
        assert!(resolve(&dir.path().join("a/x.sock")).is_err());
        assert!(resolve(&dir.path().join("dangling")).is_err());
        assert!(resolve(&dir.path().join("dangling/x.sock")).is_err());
        assert!(resolve(&dir.path().join("absent/../../x.sock")).is_err());
    }
}
