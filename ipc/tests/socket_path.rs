//! The socket-path policy, on real directories and links.

#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use agent_receipts_ipc::{
    SOCKET_VARIABLE, SocketPathError, SocketPathUnknown, SocketPlace, check_socket_path, default_socket_path,
    socket_path_here,
};
use tempfile::TempDir;

/// An allowed root, and a directory outside of it.
struct Places {
    root: TempDir,
    outside: TempDir,
}

impl Places {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), outside: tempfile::tempdir().unwrap() }
    }

    fn env(&self) -> impl Fn(&str) -> Option<String> {
        let root = self.root.path().to_str().unwrap().to_owned();
        move |name: &str| matches!(name, "XDG_RUNTIME_DIR" | "TMPDIR").then(|| root.clone())
    }

    fn check(&self, path: impl AsRef<Path>, allow_unsafe: bool) -> Result<SocketPlace, SocketPathError> {
        check_socket_path(path.as_ref(), &self.env(), allow_unsafe)
    }

    fn assert_unsafe(&self, path: impl Into<PathBuf>) {
        let path = path.into();
        let error = self.check(&path, false).unwrap_err();
        assert!(matches!(&error, SocketPathError::OutsideRoots { .. }), "{}: {error}", path.display());
        assert!(error.to_string().contains("--unsafe-socket-path"));
        assert_eq!(self.check(&path, true), Ok(SocketPlace::Unsafe));
    }
}

#[test]
fn the_default_is_safe() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap().to_owned();
    let env = move |name: &str| (name == "HOME").then(|| home.clone());
    let path = default_socket_path(&env).unwrap();
    assert_eq!(check_socket_path(&path, &env, false), Ok(SocketPlace::Safe));
}

#[test]
fn below_an_allowed_root_is_safe_whether_it_exists_or_not() {
    let places = Places::new();
    for path in ["events.sock", "a/b/events.sock"] {
        assert_eq!(places.check(places.root.path().join(path), false), Ok(SocketPlace::Safe));
    }
}

#[test]
fn elsewhere_needs_the_flag() {
    let places = Places::new();
    places.assert_unsafe(places.outside.path().join("events.sock"));
    places.assert_unsafe("/");
    places.assert_unsafe("events.sock");
    // A sibling whose name merely begins alike, and the root itself.
    places.assert_unsafe(format!("{}-more/events.sock", places.root.path().display()));
    places.assert_unsafe(places.root.path());
}

#[test]
fn a_network_address_is_refused_with_or_without_the_flag() {
    let places = Places::new();
    for address in ["tcp://127.0.0.1:9000", "localhost:9000", "[::1]:9000", ":9000"] {
        for allow_unsafe in [false, true] {
            let error = places.check(address, allow_unsafe).unwrap_err();
            assert_eq!(error, SocketPathError::NetworkAddress { path: address.into() });
        }
    }
}

#[test]
fn no_path_is_refused_with_or_without_the_flag() {
    let places = Places::new();
    assert_eq!(places.check("", true), Err(SocketPathError::Empty));
}

#[test]
fn links_are_judged_by_where_they_lead() {
    let places = Places::new();
    symlink(places.outside.path(), places.root.path().join("out")).unwrap();
    symlink(places.root.path(), places.outside.path().join("in")).unwrap();
    places.assert_unsafe(places.root.path().join("out/events.sock"));
    places.assert_unsafe(places.root.path().join("out/a/b/events.sock"));
    assert_eq!(places.check(places.outside.path().join("in/events.sock"), false), Ok(SocketPlace::Safe));
}

#[test]
fn a_link_at_the_socket_itself_is_judged_too() {
    let places = Places::new();
    let target = places.outside.path().join("target.sock");
    let link = places.root.path().join("events.sock");
    symlink(&target, &link).unwrap();
    // Into nothing for now, and then to something.
    places.assert_unsafe(&link);
    std::fs::write(&target, "").unwrap();
    places.assert_unsafe(&link);
}

#[test]
fn a_loop_of_links_is_unsafe() {
    let places = Places::new();
    let root = places.root.path();
    symlink(root.join("b"), root.join("a")).unwrap();
    symlink(root.join("a"), root.join("b")).unwrap();
    places.assert_unsafe(root.join("a/events.sock"));
    places.assert_unsafe(root.join("a"));
}

#[test]
fn steps_upward_do_not_lead_out() {
    let places = Places::new();
    let out = format!("../{}/events.sock", places.outside.path().file_name().unwrap().to_str().unwrap());
    places.assert_unsafe(places.root.path().join(&out));
    places.assert_unsafe(places.root.path().join("absent/..").join(&out));
}

#[test]
fn a_root_that_is_everything_allows_nothing() {
    let env = |name: &str| matches!(name, "XDG_RUNTIME_DIR" | "TMPDIR").then(|| "/".to_owned());
    assert!(check_socket_path(Path::new("/opt/events.sock"), &env, false).is_err());
}

#[test]
fn a_relative_root_allows_nothing() {
    let env = |name: &str| matches!(name, "XDG_RUNTIME_DIR" | "TMPDIR").then(|| ".".to_owned());
    assert!(check_socket_path(Path::new("events.sock"), &env, false).is_err());
}

const CASE: &str = "SOCKET_PATH_TEST_CASE";

/// The daemon does not start with such a variable; an emitter that passed over it would look for another daemon.
#[test]
fn a_variable_that_is_no_text_is_refused_and_named() {
    let name = "a_variable_that_is_no_text_is_refused_and_named";
    if let Ok(variable) = std::env::var(CASE) {
        let error = socket_path_here().unwrap_err();
        assert!(matches!(error, SocketPathUnknown::NotUnicode { variable: found } if found == variable));
        assert!(error.to_string().contains(&variable));
        return;
    }
    for variable in [SOCKET_VARIABLE, "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME"] {
        let mut itself = Command::new(std::env::current_exe().unwrap());
        let itself = itself.args(["--exact", name]).env(CASE, variable);
        let said = itself.env(variable, OsStr::from_bytes(b"/run/\xff")).output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && text.contains("1 passed"), "{variable}: {text}");
    }
}
