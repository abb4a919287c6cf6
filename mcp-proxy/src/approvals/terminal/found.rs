//! Finds this user's living proxies, and sweeps away what dead ones left.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use agent_receipts_ipc::{FolderError, PrivateFolder};
use rustix::process::{Pid, test_kill_process};

use super::super::place::{ANNOUNCEMENT, FOLDER, SOCKET, TOKEN, UNFINISHED};

/// What there is.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The sockets of living proxies.
    pub(super) sockets: Vec<PathBuf>,
    /// Folders that are not believed.
    pub(super) faults: Vec<FolderError>,
}

/// Looks where proxies of this user announce themselves; `env` looks one environment variable up. Makes nothing.
pub(super) fn living(env: &impl Fn(&str) -> Option<String>) -> Found {
    let mut found = Found::default();
    for folder in PrivateFolder::usual(FOLDER, env) {
        match folder.open() {
            // It is this user's alone, so nobody else changes it while it is looked at.
            Ok(Some(_)) => found.sockets.extend(sockets(folder.path())),
            Ok(None) => {}
            Err(fault) => found.faults.push(fault),
        }
    }
    found
}

fn sockets(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().take(MOST).filter_map(|entry| entry.file_name().into_string().ok());
    let proxies: BTreeSet<String> = names.filter_map(|name| Some(proxy_of(&name)?.to_owned())).collect();
    proxies.into_iter().filter_map(|proxy| look(folder, &proxy)).collect()
}

/// The socket of one proxy; its files are removed if it is dead.
fn look(folder: &Path, proxy: &str) -> Option<PathBuf> {
    let file = |ending: &str| folder.join(format!("{proxy}.{ending}"));
    let socket = file(SOCKET);
    match fs::symlink_metadata(&socket) {
        // A link leads anywhere, and another's socket is another's.
        Ok(found) if !found.file_type().is_socket() || !is_private(&found) => return None,
        Ok(_) => match UnixStream::connect(&socket) {
            Ok(_) => return Some(socket),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(_) => return None,
        },
        // A proxy that is just beginning has no socket at its name yet.
        Err(error) if error.kind() == ErrorKind::NotFound && !begins(proxy) => {}
        Err(_) => return None,
    }
    for ending in [ANNOUNCEMENT, SOCKET, TOKEN, UNFINISHED] {
        let file = file(ending);
        if fs::symlink_metadata(&file).is_ok_and(|found| !found.is_dir() && found.uid() == own_uid()) {
            let _ = fs::remove_file(&file);
        }
    }
    None
}

fn is_private(found: &fs::Metadata) -> bool {
    found.uid() == own_uid() && found.mode() & 0o077 == 0
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the process that the name tells lives. (Another may have its number; then the files stay until that ends.)
fn begins(proxy: &str) -> bool {
    let pid = proxy.split_once('-').and_then(|(pid, _)| Pid::from_raw(pid.parse().ok()?));
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// The proxy that a file belongs to: `<pid>-<random>`, before one of our endings.
fn proxy_of(name: &str) -> Option<&str> {
    let (proxy, ending) = name.split_once('.')?;
    let (pid, random) = proxy.split_once('-')?;
    let ours = [ANNOUNCEMENT, SOCKET, TOKEN, UNFINISHED].contains(&ending)
        && (1..=10).contains(&pid.len())
        && pid.bytes().all(|byte| byte.is_ascii_digit())
        && random.len() == 12
        && random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ours.then_some(proxy)
}

/// Files that are looked at.
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            let home = Self(tempfile::tempdir().unwrap());
            fs::create_dir_all(home.folder()).unwrap();
            fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
            home
        }

        fn folder(&self) -> PathBuf {
            self.0.path().join("agentreceipts/approvals")
        }

        fn living(&self) -> Found {
            let root = self.0.path().to_str().unwrap().to_owned();
            living(&move |name| (name == "XDG_RUNTIME_DIR").then(|| root.clone()))
        }

        fn put(&self, name: &str) -> PathBuf {
            let path = self.folder().join(name);
            fs::write(&path, "x").unwrap();
            path
        }

        fn listen(&self, name: &str) -> UnixListener {
            let path = self.folder().join(name);
            let listener = UnixListener::bind(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            listener
        }
    }

    #[test]
    fn the_living_are_found_and_what_the_dead_left_is_swept() {
        let home = Home::new();
        let _alive = home.listen("1-aaaaaaaaaaaa.sock");
        drop(home.listen("2-bbbbbbbbbbbb.sock"));
        for ending in ["json", "token"] {
            home.put(&format!("1-aaaaaaaaaaaa.{ending}"));
            home.put(&format!("2-bbbbbbbbbbbb.{ending}"));
        }
        assert_eq!(home.living().sockets, [home.folder().join("1-aaaaaaaaaaaa.sock")]);
        let left = fs::read_dir(home.folder()).unwrap().count();
        assert_eq!(left, 3, "of the living, all");
    }

    #[test]
    fn files_without_a_socket_are_swept_once_their_process_is_gone() {
        let home = Home::new();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let dead = home.put(&format!("{}-cccccccccccc.token", child.id()));
        let own = home.put(&format!("{}-dddddddddddd.new", std::process::id()));
        assert_eq!(home.living().sockets, [""; 0].map(PathBuf::from));
        assert!(!dead.exists() && own.exists());
    }

    #[test]
    fn what_is_not_ours_is_neither_connected_to_nor_removed() {
        let home = Home::new();
        let elsewhere = tempfile::tempdir().unwrap();
        let _trap = UnixListener::bind(elsewhere.path().join("s")).unwrap();
        symlink(elsewhere.path().join("s"), home.folder().join("1-aaaaaaaaaaaa.sock")).unwrap();
        let _open = home.listen("2-bbbbbbbbbbbb.sock");
        let wide = home.folder().join("2-bbbbbbbbbbbb.sock");
        fs::set_permissions(wide, Permissions::from_mode(0o666)).unwrap();
        home.put("3-cccccccccccc.sock");
        for odd in
            ["notes.json", "x-aaaaaaaaaaaa.json", "4-AAAAAAAAAAAA.sock", "4-aaaaaaaaaaaa.sock.bak", "..json"]
        {
            home.put(odd);
        }
        assert_eq!(home.living().sockets, [""; 0].map(PathBuf::from));
        assert_eq!(fs::read_dir(home.folder()).unwrap().count(), 8);
    }

    #[test]
    fn a_folder_that_others_may_look_into_is_said_and_left() {
        let home = Home::new();
        let _alive = home.listen("1-aaaaaaaaaaaa.sock");
        fs::set_permissions(home.folder(), Permissions::from_mode(0o755)).unwrap();
        let found = home.living();
        assert!(found.sockets.is_empty() && matches!(found.faults.as_slice(), [FolderError::Unfit { .. }]));
    }

    #[test]
    fn looking_makes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let text = root.path().to_str().unwrap().to_owned();
        let found = living(&move |name| (name == "XDG_RUNTIME_DIR").then(|| text.clone()));
        assert!(found.sockets.is_empty() && found.faults.is_empty());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
