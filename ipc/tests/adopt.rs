//! Taking over a socket that a service manager bound: what is checked, and whose it stays.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;

use agent_receipts_ipc::{BindError, Limits, Listener, ListenerOptions, Notice, PassedFault};
use common::{Recorder, RecorderHandler, connect, dir, options, send};

fn adopt(socket: impl Into<OwnedFd>, path: &Path) -> Result<Listener, BindError> {
    Listener::adopt(socket.into(), path, ListenerOptions::default())
}

/// What a service manager passes: bound, listening, for owner and group.
fn bound(path: &Path) -> UnixListener {
    let socket = UnixListener::bind(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o660)).unwrap();
    socket
}

fn fault(outcome: Result<Listener, BindError>) -> PassedFault {
    match outcome.unwrap_err() {
        BindError::Passed { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

#[test]
fn a_passed_socket_is_served_and_stays_for_the_next() {
    let dir = dir();
    let path = dir.path().join("s");
    let managers = bound(&path);
    for round in 0..2 {
        let recorder = Arc::new(Recorder::default());
        let passed = managers.try_clone().unwrap();
        let listener = Listener::adopt(passed.into(), &path, options(Limits::default(), &recorder)).unwrap();
        let stop = listener.shutdown_handle();
        let handler = Arc::new(RecorderHandler(Arc::clone(&recorder)));
        let thread = std::thread::spawn(move || listener.run(handler));
        send(&mut connect(&path), b"hello");
        recorder.wait("the frame", |seen| seen.frames == [b"hello"]);
        stop.stop();
        assert_eq!(thread.join().unwrap().unfinished, 0);
        assert!(path.exists(), "round {round}");
    }
}

#[test]
fn who_waits_while_one_daemon_stops_is_served_by_the_next() {
    let dir = dir();
    let path = dir.path().join("s");
    let managers = bound(&path);
    let recorder = Arc::new(Recorder::default());
    let adopt = || {
        let passed = managers.try_clone().unwrap();
        Listener::adopt(passed.into(), &path, options(Limits::default(), &recorder)).unwrap()
    };
    let handler = || Arc::new(RecorderHandler(Arc::clone(&recorder)));
    let first = adopt();
    first.shutdown_handle().stop();
    send(&mut connect(&path), b"between");
    assert_eq!(first.run(handler()).unfinished, 0);
    assert_eq!(recorder.seen().frames.len(), 0);
    let second = adopt();
    let stop = second.shutdown_handle();
    let thread = std::thread::spawn({
        let handler = handler();
        move || second.run(handler)
    });
    recorder.wait("the frame", |seen| seen.frames == [b"between"]);
    stop.stop();
    let _ = thread.join().unwrap();
}

#[test]
fn what_is_no_listening_unix_stream_socket_is_refused() {
    let dir = dir();
    let at = |name: &str| dir.path().join(name);
    let file = fs::File::create(at("file")).unwrap();
    assert_eq!(fault(adopt(file, &at("file"))), PassedFault::NotUnix);
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(fault(adopt(tcp, &at("t"))), PassedFault::NotUnix);
    let datagrams = UnixDatagram::bind(at("d")).unwrap();
    assert_eq!(fault(adopt(datagrams, &at("d"))), PassedFault::NotStream);
    let _listener = bound(&at("l"));
    let connection = UnixStream::connect(at("l")).unwrap();
    assert_eq!(fault(adopt(connection, &at("l"))), PassedFault::NotListening);
}

#[test]
fn another_place_than_the_configured_one_is_refused() {
    let dir = dir();
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    assert_eq!(fault(adopt(bound(&here), &there)), PassedFault::Elsewhere { actual: here.clone() });
    // Another spelling of the same place is the same place.
    std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
    adopt(bound(&there), &dir.path().join("link/there")).unwrap();
}

#[test]
fn an_abstract_name_is_refused() {
    use std::os::linux::net::SocketAddrExt as _;
    let dir = dir();
    let name = format!("agent-receipts-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
    let socket = UnixListener::bind_addr(&address).unwrap();
    assert_eq!(fault(adopt(socket, &dir.path().join("s"))), PassedFault::Elsewhere { actual: "".into() });
}

#[test]
fn a_lost_file_and_a_loose_one_are_refused() {
    let dir = dir();
    let path = dir.path().join("s");
    let socket = bound(&path);
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let loose = adopt(socket.try_clone().unwrap(), &path);
    assert_eq!(fault(loose), PassedFault::LooseMode { mode: 0o666 });
    fs::remove_file(&path).unwrap();
    assert_eq!(fault(adopt(socket.try_clone().unwrap(), &path)), PassedFault::FileGone);
    fs::write(&path, "").unwrap();
    assert_eq!(fault(adopt(socket, &path)), PassedFault::FileGone);
}

#[test]
fn a_directory_that_others_may_write_is_told_of() {
    let dir = dir();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    let path = dir.path().join("s");
    let recorder = Arc::new(Recorder::default());
    let _listener =
        Listener::adopt(bound(&path).into(), &path, options(Limits::default(), &recorder)).unwrap();
    let told = recorder.seen().notices;
    assert_eq!(told, [Notice::LooseDirectory { path: dir.path().to_owned() }]);
}
