//! What a confined daemon can still do, and what it cannot.
//!
//! The attempts are made by this program itself, in a process of its own that confines itself as the daemon does. A kernel
//! without Landlock or seccomp fails here.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

mod support;

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use agent_receipts_daemon::{Config, confine};
use agent_receipts_ipc::Peer;
use agent_receipts_store::SqliteStore;
use rustix::io::Errno;
use support::process::{DaemonProcess, daemon, play, valid};
use support::{Home, event};

/// Names the configuration file in the process that confines itself.
const PART: &str = "AGENT_RECEIPTS_CONFINED";

/// Runs `attempt` in a confined process; what it asserts there fails this test.
fn confined(test: &str, attempt: impl FnOnce(&Config, &[String])) {
    if let Some(file) = std::env::var_os(PART) {
        let config = Config::load(Path::new(&file), &|_| None).unwrap();
        let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&lines);
        drop(confine(&config, &(Arc::new(move |line: &str| log.lock().unwrap().push(line.to_owned())) as _)));
        let lines = lines.lock().unwrap().clone();
        return attempt(&config, &lines);
    }
    let home = Home::new();
    fs::write(home.path("r.db"), "content").unwrap();
    let Output { status, stdout, stderr } = play(test, PART, home.path("d.toml")).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success() && said.contains("1 passed"), "{said}");
}

fn refused<T>(outcome: std::io::Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

/// Not implemented, as far as a confined process can tell.
fn unknown<T>(outcome: std::io::Result<T>) -> bool {
    outcome.err().and_then(|error| error.raw_os_error()) == Some(Errno::NOSYS.raw_os_error())
}

#[test]
fn both_walls_stand_and_the_log_says_so() {
    confined("both_walls_stand_and_the_log_says_so", |_, lines| {
        assert!(lines.iter().any(|line| line.starts_with("sandbox: Landlock")), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("sandbox: seccomp leaves")), "{lines:?}");
    });
}

#[test]
fn other_files_are_out_of_reach_and_the_own_are_not() {
    confined("other_files_are_out_of_reach_and_the_own_are_not", |config, _| {
        let home = config.db.parent().unwrap();
        for path in [Path::new("/proc/1/environ"), Path::new("/var/log"), Path::new("/root"), Path::new("/")]
        {
            let looked =
                if path.is_dir() { refused(fs::read_dir(path)) } else { refused(fs::File::open(path)) };
            assert_eq!(looked, Some(ErrorKind::PermissionDenied), "{}", path.display());
        }
        // Where anybody may write, and this process as well, were it not confined.
        assert_eq!(refused(fs::read_dir("/tmp")), Some(ErrorKind::PermissionDenied));
        assert_eq!(refused(fs::write("/tmp/agent-receipts-escaped", "")), Some(ErrorKind::PermissionDenied));
        assert_eq!(refused(fs::write("/etc/agent-receipts-escaped", "")), Some(ErrorKind::PermissionDenied));
        assert_eq!(fs::read_to_string(&config.db).unwrap(), "content");
        assert_eq!(fs::read_dir(home).unwrap().count(), 4);
        fs::write(home.join("r.db-wal"), "side").unwrap();
        fs::rename(home.join("r.db-wal"), home.join("x")).unwrap();
        fs::remove_file(home.join("x")).unwrap();
    });
}

#[test]
fn no_network_is_left() {
    confined("no_network_is_left", |config, _| {
        assert!(unknown(TcpListener::bind("127.0.0.1:0")));
        assert!(unknown(TcpStream::connect("127.0.0.1:9")));
        assert!(unknown(UdpSocket::bind("127.0.0.1:0")));
        // Unix sockets are what it lives by.
        let path = config.db.with_file_name("u");
        let listening = UnixListener::bind(&path).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        listening.accept().unwrap();
    });
}

#[test]
fn no_other_program_is_started_and_no_other_process_touched() {
    confined("no_other_program_is_started_and_no_other_process_touched", |_, _| {
        assert!(unknown(Command::new("/bin/true").status()));
        assert_eq!(
            rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable),
            Err(Errno::NOSYS)
        );
        let parent = rustix::process::getppid().unwrap();
        assert_eq!(rustix::process::kill_process(parent, rustix::process::Signal::CONT), Err(Errno::NOSYS));
        assert_eq!(rustix::process::chdir("/").err(), Some(Errno::NOSYS));
        // Threads are another matter.
        assert_eq!(std::thread::spawn(|| 42).join().unwrap(), 42);
    });
}

#[test]
fn users_are_still_known_by_name() {
    confined("users_are_still_known_by_name", |_, _| {
        let root = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(0)).unwrap().unwrap();
        assert_eq!(root.name, "root");
    });
}

#[test]
fn the_confined_threads_cannot_tell_an_executable_and_the_attester_can() {
    if let Some(file) = std::env::var_os(PART) {
        let config = Config::load(Path::new(&file), &|_| None).unwrap();
        let socket = UnixListener::bind(config.db.with_file_name("u")).unwrap();
        let attest = confine(&config, &(Arc::new(|_: &str| ()) as _));
        let (stream, _) = socket.accept().unwrap();
        assert_eq!(Peer::of(&stream).unwrap().exe_path, None);
        let (_, peer) = attest(stream.into()).unwrap();
        assert_eq!(peer.pid, rustix::process::getppid().unwrap().as_raw_nonzero().get());
        assert!(peer.exe_path.is_some());
        return;
    }
    let home = Home::new();
    let test = "the_confined_threads_cannot_tell_an_executable_and_the_attester_can";
    let mut child = support::process::Kept(play(test, PART, home.path("d.toml")).spawn().unwrap());
    support::wait_until("the child to listen", || UnixStream::connect(home.path("u")).is_ok());
    assert!(support::process::wait_for_end(&mut child.0).success());
}

/// Each thread's own word, as the kernel keeps it.
fn thread_statuses(pid: rustix::process::Pid) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
    tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok()).collect()
}

#[test]
fn every_thread_of_a_running_daemon_is_confined() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let mut client = home.connect();
    client.record(&event(""));
    let statuses = thread_statuses(daemon.pid());
    assert!(statuses.len() >= 5, "{}", statuses.len());
    for status in &statuses {
        assert!(status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2"), "{status}");
    }
    // And still it says who is speaking.
    let receipts = home.receipts();
    let peer = receipts[0].subject.action.peer_credential.clone().unwrap();
    let own = std::env::current_exe().unwrap();
    assert_eq!(peer.exe_path.map(OsString::from), Some(own.into_os_string()));
    assert_eq!(receipts[0].subject.principal.id, format!("did:user:{}", login()));
    daemon.stop();
    valid(&home, "audit");
}

fn login() -> String {
    nix::unistd::User::from_uid(nix::unistd::Uid::effective()).unwrap().unwrap().name
}

#[test]
fn without_the_sandbox_the_log_says_so() {
    let home = Home::new();
    let mut command = daemon(&home);
    command.arg("--no-sandbox");
    let daemon = DaemonProcess::start_with(command);
    assert!(daemon.logged("sandbox: NOT confined"));
    let statuses = thread_statuses(daemon.pid());
    assert!(statuses.iter().all(|status| status.contains("Seccomp:\t0")), "{statuses:?}");
    daemon.stop();
}

/// What SQLite keeps to undo a statement goes to a file in a folder for everybody once it is long, which takes one large page.
#[test]
fn a_database_of_large_pages_is_written_without_a_temporary_file() {
    let home = Home::new();
    drop(SqliteStore::create(&home.config.db).unwrap());
    let database = rusqlite::Connection::open(&home.config.db).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA page_size = 65536; VACUUM; PRAGMA journal_mode = WAL",
        )
        .unwrap();
    drop(database);
    let daemon = DaemonProcess::start(&home);
    let mut client = home.connect();
    (0..500).for_each(|_| client.send(&event("")));
    client.record(&event(""));
    daemon.stop();
    assert_eq!(valid(&home, "audit").length, 502);
}
