//! Taking a socket path: what is removed, what is respected, what is refused.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use agent_receipts_ipc::{BindError, Limits, Listener, ListenerOptions, Notice};
use common::{Recorder, RecorderHandler, Running, dir, options, send};

fn bind(path: &Path) -> Result<Listener, BindError> {
    Listener::bind(path, ListenerOptions::default())
}

/// A socket that nobody listens on any more.
fn leave_stale(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    assert!(fs::symlink_metadata(path).unwrap().file_type().is_socket());
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_fresh_path_gets_its_directories_and_modes() {
    let dir = dir();
    let path = dir.path().join("a/b/s");
    let _listener = bind(&path).unwrap();
    assert_eq!(mode(&path), 0o660);
    assert_eq!(mode(&dir.path().join("a/b")), 0o750);
    assert_eq!(mode(&dir.path().join("a")), 0o750);
}

#[test]
fn a_directory_that_exists_keeps_its_mode() {
    let dir = dir();
    let own = dir.path().join("own");
    fs::create_dir(&own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o711)).unwrap();
    let _listener = bind(&own.join("s")).unwrap();
    assert_eq!(mode(&own), 0o711);
}

#[test]
fn a_directory_that_others_may_write_is_told_of() {
    let dir = dir();
    let loose = dir.path().join("loose");
    fs::create_dir(&loose).unwrap();
    for (bits, told) in [(0o777, true), (0o770, true), (0o1777, false), (0o755, false)] {
        fs::set_permissions(&loose, fs::Permissions::from_mode(bits)).unwrap();
        let recorder = Arc::new(Recorder::default());
        drop(Listener::bind(&loose.join("s"), options(Limits::default(), &recorder)).unwrap());
        let notice = Notice::LooseDirectory { path: loose.clone() };
        assert_eq!(recorder.seen().notices.contains(&notice), told, "{bits:o}");
    }
}

#[test]
fn a_file_that_is_no_socket_stays() {
    let dir = dir();
    let path = dir.path().join("s");
    fs::write(&path, "precious").unwrap();
    let error = bind(&path).unwrap_err();
    assert!(matches!(&error, BindError::NotASocket { .. }), "{error}");
    assert!(error.to_string().contains("refusing to remove non-socket file"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_directory_at_the_path_stays() {
    let dir = dir();
    fs::create_dir(dir.path().join("s")).unwrap();
    assert!(matches!(bind(&dir.path().join("s")), Err(BindError::NotASocket { .. })));
}

#[test]
fn a_link_is_judged_as_a_link() {
    let dir = dir();
    // To a file, to a live socket, to nothing: never followed, never removed.
    fs::write(dir.path().join("file"), "precious").unwrap();
    let _live = UnixListener::bind(dir.path().join("live")).unwrap();
    for target in ["file", "live", "nothing"] {
        let path = dir.path().join(format!("to-{target}"));
        symlink(dir.path().join(target), &path).unwrap();
        assert!(matches!(bind(&path), Err(BindError::NotASocket { .. })), "{target}");
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink(), "{target}");
    }
    assert!(!dir.path().join("nothing").exists());
}

#[test]
fn a_linked_lock_file_is_not_followed() {
    let dir = dir();
    symlink(dir.path().join("victim"), dir.path().join("s.lock")).unwrap();
    assert!(matches!(bind(&dir.path().join("s")), Err(BindError::System { .. })));
    assert!(!dir.path().join("victim").exists());
}

#[test]
fn a_stale_socket_is_replaced() {
    let dir = dir();
    let path = dir.path().join("s");
    leave_stale(&path);
    let recorder = Arc::new(Recorder::default());
    let _listener = Listener::bind(&path, options(Limits::default(), &recorder)).unwrap();
    assert_eq!(recorder.seen().notices, [Notice::StaleSocketRemoved { path: path.clone() }]);
    UnixStream::connect(&path).unwrap();
}

#[test]
fn a_live_socket_is_respected() {
    let dir = dir();
    let path = dir.path().join("s");
    let live = UnixListener::bind(&path).unwrap();
    let before = fs::metadata(&path).unwrap().ino();
    let error = bind(&path).unwrap_err();
    assert_eq!(error, BindError::AlreadyListening { path: path.clone() });
    assert!(error.to_string().contains("another daemon is already listening on"));
    assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    drop(live);
}

#[test]
fn a_live_daemon_of_our_own_is_respected() {
    let running = Running::start();
    assert_eq!(bind(&running.path).unwrap_err(), BindError::AlreadyListening { path: running.path.clone() });
    running.assert_lives();
}

#[test]
fn a_socket_that_does_not_answer_is_not_taken_for_dead() {
    let dir = dir();
    let path = dir.path().join("s");
    // Bound, listening, and its queue full: alive, but too busy to answer.
    let socket =
        rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &rustix::net::SocketAddrUnix::new(&path).unwrap()).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let _queued = UnixStream::connect(&path).unwrap();
    let limits = Limits { probe: Duration::from_millis(20), ..Limits::default() };
    let error = Listener::bind(&path, options(limits, &Arc::default())).unwrap_err();
    assert!(matches!(error, BindError::Unreachable { .. }), "{error}");
    assert!(path.exists());
}

#[test]
fn of_many_that_start_at_once_one_wins() {
    for stale in [false, true] {
        let dir = dir();
        let path = dir.path().join("s");
        if stale {
            leave_stale(&path);
        }
        let start = Barrier::new(8);
        let results: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        bind(&path)
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let winners = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(winners, 1, "stale: {stale}");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error, &BindError::AlreadyListening { path: path.clone() });
        }
        UnixStream::connect(&path).unwrap();
    }
}

#[test]
fn a_path_too_long_for_a_socket_is_refused() {
    let dir = dir();
    let error = bind(&dir.path().join("x".repeat(120))).unwrap_err();
    assert!(matches!(error, BindError::System { step: "use as a socket path", .. }), "{error}");
}

#[test]
fn a_dropped_listener_removes_its_file() {
    let dir = dir();
    let path = dir.path().join("s");
    drop(bind(&path).unwrap());
    assert!(!path.exists());
    drop(bind(&path).unwrap());
}

#[test]
fn somebody_elses_file_at_the_path_stays() {
    let dir = dir();
    let path = dir.path().join("s");
    let listener = bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    drop(listener);
    assert!(path.exists(), "the other's socket was removed");
}

#[test]
fn clients_may_connect_and_send_before_run() {
    let dir = dir();
    let path = dir.path().join("s");
    let listener = bind(&path).unwrap();
    send(&mut common::connect(&path), b"early");
    let recorder = Arc::new(Recorder::default());
    let handler = Arc::new(RecorderHandler(Arc::clone(&recorder)));
    let stop = listener.shutdown_handle();
    let thread = std::thread::spawn(move || listener.run(handler));
    recorder.wait("the early frame", |seen| seen.frames == [b"early"]);
    stop.stop();
    let _ = thread.join().unwrap();
}
