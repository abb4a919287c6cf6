//! An emitter in a forked child, in a process that is killed, and as a user who may write nowhere.
//!
//! Each test runs itself in a process of its own: a fork takes no thread along, and should find none but its test's.

#![allow(clippy::unwrap_used, unsafe_code)]

mod common;

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agent_receipts_ipc::{
    Decision, Emitter, EmitterBuilder, Event, EventToSend, Handler, Limits, Listener, Next, Peer,
    ReplyWriter, Session, ShutdownHandle, Stopped, Untold,
};
use common::PATIENCE;
use tempfile::TempDir;

#[test]
fn a_child_has_a_connection_and_a_count_of_its_own() {
    alone("a_child_has_a_connection_and_a_count_of_its_own", || {
        let place = Place::new();
        let emitter = place.emitter();
        (0..3).for_each(|_| assert!(emitter.emit(&event("lost")).is_err()));
        let forked = fork(|| {
            assert_eq!(emitter.dropped(), 0);
            (0..2).for_each(|_| assert!(emitter.emit(&event("lost")).is_err()));
            assert_eq!(emitter.dropped(), 2);
            emitter.close()
        });
        assert_eq!(forked.result(), Some(2));
        assert_eq!(emitter.dropped(), 3);
        assert_eq!(place.emitter().left_behind(), Ok(2));
        let daemon = Daemon::start(&place.socket());
        emitter.emit(&event("parent")).unwrap();
        let child = fork(|| {
            emitter.emit(&event("child")).unwrap();
            emitter.emit(&event("child")).unwrap();
            Untold::Nothing
        });
        let pid = child.pid;
        assert_eq!(child.result(), Some(0));
        emitter.emit(&event("parent")).unwrap();
        let own = std::process::id() as i32;
        // The parent looked before the first child left its count; the second child finds it, and has none of its own.
        let expected = [
            heard(own, "parent", 3),
            heard(own, "parent", 0),
            heard(pid, "child", 2),
            heard(pid, "child", 0),
        ];
        assert_eq!(daemon.stop().heard_of([own, pid]), expected);
    });
}

#[test]
fn a_child_that_ends_leaves_its_parent_alone() {
    alone("a_child_that_ends_leaves_its_parent_alone", || {
        let place = Place::new();
        let lost = place.emitter();
        assert!(lost.emit(&event("lost")).is_err());
        let daemon = Daemon::start(&place.socket());
        let emitter = place.emitter();
        emitter.emit(&event("before")).unwrap();
        // One child drops both without having used them, one closes what its parent goes on using.
        let mut emitters = Some((lost, emitter));
        let dropping = fork(|| {
            drop(emitters.take());
            Untold::Nothing
        });
        assert_eq!(dropping.result(), Some(0));
        let (lost, emitter) = emitters.unwrap();
        assert_eq!(fork(|| emitter.close()).result(), Some(0));
        assert_eq!((lost.dropped(), lost.left_behind()), (1, Ok(0)));
        emitter.emit(&event("after")).unwrap();
        let own = std::process::id() as i32;
        let log = daemon.stop();
        assert_eq!(log.heard, [heard(own, "before", 0), heard(own, "after", 0)]);
        assert_eq!(log.peers, [own], "the parent had to dial again");
    });
}

#[test]
fn a_child_of_a_child_is_on_its_own_too() {
    alone("a_child_of_a_child_is_on_its_own_too", || {
        let place = Place::new();
        let daemon = Daemon::start(&place.socket());
        let emitter = place.emitter();
        emitter.emit(&event("parent")).unwrap();
        let child = fork(|| {
            emitter.emit(&event("child")).unwrap();
            let grandchild = fork(|| {
                emitter.emit(&event("grandchild")).unwrap();
                Untold::Nothing
            });
            assert_eq!(grandchild.result(), Some(0));
            emitter.emit(&event("child")).unwrap();
            Untold::Nothing
        });
        assert_eq!(child.result(), Some(0));
        let log = daemon.stop();
        assert_eq!((log.peers.len(), log.heard.len()), (3, 4));
        let of = |channel: &str| -> Vec<i32> {
            log.heard.iter().filter(|heard| heard.channel == channel).map(|heard| heard.pid).collect()
        };
        let (child, grandchild) = (of("child"), of("grandchild"));
        assert_eq!((of("parent"), child.len(), grandchild.len()), (vec![std::process::id() as i32], 2, 1));
        assert_eq!(child[0], child[1]);
        assert!(grandchild[0] != child[0] && log.peers.contains(&grandchild[0]));
    });
}

#[test]
fn a_child_waits_for_no_thread_of_its_parent() {
    alone("a_child_waits_for_no_thread_of_its_parent", || {
        let place = Place::new();
        let stalled = UnixListener::bind(place.socket()).unwrap();
        let emitter = Arc::new(place.builder().write_timeout(PATIENCE * 10).build().unwrap());
        let sending = Arc::clone(&emitter);
        let thread = std::thread::spawn(move || {
            let big = format!("\"{}\"", "x".repeat(1_000_000));
            sending.emit(&EventToSend { input: Some(&big), ..event("big") })
        });
        // It has begun, and cannot end: the thread holds the connection, and the child has only its parent's word for it.
        let (mut first, _) = stalled.accept().unwrap();
        first.read_exact(&mut [0; 4]).unwrap();
        let child = fork(|| {
            emitter.emit(&event("child")).unwrap();
            Untold::Nothing
        });
        let (second, _) = stalled.accept().unwrap();
        assert_eq!(next(&second).channel, "child");
        assert_eq!(child.result(), Some(0));
        std::thread::spawn(move || std::io::copy(&mut first, &mut std::io::sink()));
        assert_eq!(thread.join().unwrap(), Ok(()));
    });
}

#[test]
fn children_of_a_busy_parent_all_get_through() {
    alone("children_of_a_busy_parent_all_get_through", || {
        let place = Place::new();
        let daemon = Daemon::start(&place.socket());
        let (emitter, enough) = (Arc::new(place.emitter()), Arc::new(AtomicBool::new(false)));
        let busy: Vec<_> = (0..4)
            .map(|_| {
                let (emitter, enough) = (Arc::clone(&emitter), Arc::clone(&enough));
                std::thread::spawn(move || {
                    let mut sent = 0;
                    while !enough.load(Ordering::Relaxed) {
                        emitter.emit(&event("parent")).unwrap();
                        sent += 1;
                    }
                    sent
                })
            })
            .collect();
        // Again and again, so that some fork falls between taking a lock and giving it back.
        for _ in 0..CHILDREN {
            let child = fork(|| {
                (0..3).for_each(|_| emitter.emit(&event("child")).unwrap());
                Untold::Nothing
            });
            assert_eq!(child.result(), Some(0));
        }
        enough.store(true, Ordering::Relaxed);
        let sent: usize = busy.into_iter().map(|thread| thread.join().unwrap()).sum();
        let (heard, own) = (daemon.stop().heard, std::process::id() as i32);
        assert_eq!(heard.iter().filter(|heard| heard.pid == own && heard.channel == "parent").count(), sent);
        assert_eq!(
            heard.iter().filter(|heard| heard.pid != own && heard.channel == "child").count(),
            3 * CHILDREN
        );
        assert_eq!(heard.len(), sent + 3 * CHILDREN);
    });
}

#[test]
fn a_parent_that_closes_is_gone_for_the_daemon() {
    alone("a_parent_that_closes_is_gone_for_the_daemon", || {
        let place = Place::new();
        let daemon = UnixListener::bind(place.socket()).unwrap();
        let emitter = place.emitter();
        emitter.emit(&event("parent")).unwrap();
        let (mut connection, _) = daemon.accept().unwrap();
        assert_eq!(next(&connection).channel, "parent");
        let (pause, resume) = UnixStream::pair().unwrap();
        // A child that lives on with a copy of the connection, and has not used it.
        let child = fork(|| {
            let _ = (&resume).read(&mut [0]);
            Untold::Nothing
        });
        assert_eq!(emitter.close(), Untold::Nothing);
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(connection.read(&mut [0]).unwrap(), 0);
        drop(pause);
        drop(resume);
        drop(child);
    });
}

#[test]
fn a_process_that_is_killed_while_it_tells_loses_no_count() {
    alone("a_process_that_is_killed_while_it_tells_loses_no_count", || {
        let place = Place::new();
        let lost = place.emitter();
        (0..4).for_each(|_| assert!(lost.emit(&event("lost")).is_err()));
        assert!(matches!(lost.close(), Untold::Left { count: 4, .. }));
        let stalled = UnixListener::bind(place.socket()).unwrap();
        let child = fork(|| {
            let big = format!("\"{}\"", "x".repeat(1_000_000));
            let emitter = place.builder().write_timeout(PATIENCE * 10).build().unwrap();
            let _ = emitter.emit(&EventToSend { input: Some(&big), ..event("big") });
            Untold::Nothing
        });
        let (mut half, _) = stalled.accept().unwrap();
        half.read_exact(&mut [0; 4]).unwrap();
        // It holds the file, and half of the frame that tells of it is out.
        drop(child);
        drop((stalled, half));
        fs::remove_file(place.socket()).unwrap();
        let daemon = Daemon::start(&place.socket());
        place.emitter().emit(&event("next")).unwrap();
        assert_eq!(daemon.stop().heard, [heard(std::process::id() as i32, "next", 4)]);
    });
}

#[test]
fn who_may_write_nowhere_can_emit_and_hears_what_is_lost() {
    alone("who_may_write_nowhere_can_emit_and_hears_what_is_lost", || {
        let place = Place::new();
        let daemon = Daemon::start(&place.socket());
        let base = place.dir.path();
        fs::set_permissions(place.socket(), Permissions::from_mode(0o777)).unwrap();
        fs::create_dir(base.join("home")).unwrap();
        fs::create_dir(base.join("drops")).unwrap();
        let is_root = rustix::process::geteuid().is_root();
        if is_root {
            // Root may write everywhere: somebody else then, whose folder that is.
            [base.join("home"), base.join("drops")]
                .iter()
                .for_each(|path| chown(path, Some(NOBODY), None).unwrap());
        }
        fs::set_permissions(base.join("home"), Permissions::from_mode(0o500)).unwrap();
        fs::set_permissions(base.join("drops"), Permissions::from_mode(0o500)).unwrap();
        fs::set_permissions(base, Permissions::from_mode(0o755)).unwrap();
        let child = fork(|| {
            if is_root {
                // SAFETY: changes this process alone, which has one thread.
                assert_eq!(unsafe { libc::setuid(NOBODY) }, 0);
            }
            // SAFETY: as above.
            unsafe {
                std::env::set_var("HOME", base.join("home"));
                std::env::remove_var("XDG_RUNTIME_DIR");
                std::env::remove_var("XDG_DATA_HOME");
            }
            let usual = Emitter::builder().socket_path(place.socket()).session_id("s").build().unwrap();
            for emitter in [place.emitter(), usual] {
                emitter.emit(&event("child")).unwrap();
                assert_eq!(emitter.close(), Untold::Nothing);
            }
            let usual = Emitter::builder().socket_path("/nowhere/s").session_id("s").build().unwrap();
            let named = place.builder().socket_path("/nowhere/s").build().unwrap();
            for emitter in [usual, named] {
                assert!(emitter.emit(&event("lost")).is_err());
                assert!(matches!(emitter.close(), Untold::Lost { count: 1, .. }));
                assert_eq!(emitter.dropped(), 1);
            }
            Untold::Nothing
        });
        assert_eq!(child.result(), Some(0));
        assert_eq!(daemon.stop().heard.len(), 2);
        for folder in ["home", "drops"] {
            assert_eq!(fs::read_dir(base.join(folder)).unwrap().count(), 0);
            fs::set_permissions(base.join(folder), Permissions::from_mode(0o700)).unwrap();
        }
    });
}

/// Runs `test` in a process of its own, so that no other test's thread is there when it forks.
fn alone(name: &str, test: fn()) {
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let said = command.args(["--exact", name, "--test-threads=1"]).env(ALONE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&said.stderr)
    );
}

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: common::dir() }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    fn builder(&self) -> EmitterBuilder {
        Emitter::builder()
            .socket_path(self.socket())
            .session_id("s")
            .drop_folder(self.dir.path().join("drops"))
            .dial_timeout(PATIENCE)
            .write_timeout(PATIENCE)
    }

    fn emitter(&self) -> Emitter {
        self.builder().build().unwrap()
    }
}

fn event(channel: &str) -> EventToSend<'_> {
    EventToSend::new(channel, "tool", Decision::Allowed)
}

fn next(connection: &UnixStream) -> Event {
    let mut body = Vec::new();
    let mut connection = connection;
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    agent_receipts_ipc::read_frame(&mut connection, &mut body).unwrap();
    Event::decode(&body).unwrap()
}

/// A forked child that has yet to be waited for.
struct Forked {
    pid: i32,
}

/// Runs `life` in a forked child, which then ends at once, without this program's own end.
fn fork(life: impl FnOnce() -> Untold) -> Forked {
    // SAFETY: the child uses what `life` uses, allocates (which the C library prepares for) and ends without unwinding.
    match unsafe { libc::fork() } {
        0 => {
            let life = std::panic::AssertUnwindSafe(life);
            let code = match std::panic::catch_unwind(life) {
                Ok(Untold::Nothing) => 0,
                Ok(Untold::Left { count, .. }) => count as i32,
                Ok(Untold::Lost { .. }) => 100,
                Err(_) => 101,
            };
            // SAFETY: ends the process.
            unsafe { libc::_exit(code) }
        }
        pid => {
            assert!(pid > 0, "no child");
            Forked { pid }
        }
    }
}

impl Forked {
    /// The child's exit code; `None` if it did not end in time, or not by itself.
    fn result(self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let mut status = 0;
            // SAFETY: `status` is a place for a number.
            match unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG) } {
                0 => std::thread::sleep(Duration::from_millis(2)),
                pid => {
                    assert_eq!(pid, self.pid);
                    std::mem::forget(self);
                    return libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
                }
            }
        }
        None
    }
}

/// No child outlives its test, however that ends.
impl Drop for Forked {
    fn drop(&mut self) {
        // SAFETY: a child of ours that nobody has waited for, so the number is still its.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, &mut 0, 0);
        }
    }
}

/// What arrived, and from whom.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    pid: i32,
    channel: String,
    drop_count: u64,
}

fn heard(pid: i32, channel: &str, drop_count: u64) -> Heard {
    Heard { pid, channel: channel.to_owned(), drop_count }
}

/// What arrived, in the order of each connection, and the process behind each.
#[derive(Default)]
struct Log {
    heard: Vec<Heard>,
    peers: Vec<i32>,
}

impl Log {
    /// One process's after the other's: connections are served side by side.
    fn heard_of<const N: usize>(self, pids: [i32; N]) -> Vec<Heard> {
        let mut heard = self.heard;
        heard.sort_by_key(|heard| pids.iter().position(|pid| *pid == heard.pid));
        heard
    }
}

struct Listening(Arc<Mutex<Log>>);

struct Hearing(Arc<Mutex<Log>>, i32);

impl Handler for Listening {
    fn connected(&self, peer: &Peer, _: ReplyWriter) -> Box<dyn Session> {
        self.0.lock().unwrap().peers.push(peer.pid);
        Box::new(Hearing(Arc::clone(&self.0), peer.pid))
    }
}

impl Session for Hearing {
    fn frame(&mut self, body: &[u8]) -> Next {
        let event = Event::decode(body).unwrap();
        self.0.lock().unwrap().heard.push(heard(self.1, &event.channel, event.drop_count));
        Next::Continue
    }
}

struct Daemon {
    log: Arc<Mutex<Log>>,
    stop: ShutdownHandle,
    thread: JoinHandle<Stopped>,
}

impl Daemon {
    fn start(path: &Path) -> Self {
        let log = Arc::default();
        let listener = Listener::bind(path, common::options(Limits::default(), &Arc::default())).unwrap();
        let (stop, handler) = (listener.shutdown_handle(), Arc::new(Listening(Arc::clone(&log))));
        Self { log, stop, thread: std::thread::spawn(move || listener.run(handler)) }
    }

    /// Stops, which hands over first what was sent.
    fn stop(self) -> Log {
        self.stop.stop();
        assert_eq!(self.thread.join().unwrap().unfinished, 0);
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

const ALONE: &str = "FORK_TEST_ALONE";
const CHILDREN: usize = 100;
const NOBODY: u32 = 65534;
