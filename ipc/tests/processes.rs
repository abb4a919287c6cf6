//! What shows only between processes: who a peer is, what is left of one that has gone, and life without descriptors.
//!
//! Without an argument this program is the tests; with one it is the child that a test needs.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use agent_receipts_ipc::{Limits, Listener, Peer};
use common::{PATIENCE, Recorder, RecorderHandler, Running, asks, dir, options, send};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match (arguments.get(1).map(String::as_str), arguments.get(2).map(Path::new)) {
        (Some("child-send"), Some(path)) => child_send(path),
        (Some("child-listen"), Some(path)) => child_listen(path),
        _ => run_tests(arguments.get(1).filter(|word| !word.starts_with('-')).map(String::as_str)),
    }
}

fn run_tests(filter: Option<&str>) {
    let tests: [(&str, fn()); 3] = [
        ("another_process_is_named_by_the_kernel", another_process_is_named_by_the_kernel),
        ("a_peer_that_has_gone_lends_its_name_to_nobody", a_peer_that_has_gone_lends_its_name_to_nobody),
        ("a_listener_without_descriptors_lives_on", a_listener_without_descriptors_lives_on),
    ];
    let mut passed = 0;
    for (name, test) in tests.into_iter().filter(|(name, _)| filter.is_none_or(|word| name.contains(word))) {
        println!("test {name} ...");
        test();
        println!("test {name} ... ok");
        passed += 1;
    }
    // A failure has ended the process before this line, by which the runner counts.
    println!(
        "\ntest result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; {} filtered out",
        3 - passed
    );
}

fn another_process_is_named_by_the_kernel() {
    let running = Running::start();
    let mut child = spawn("child-send", &running.path);
    let seen = running.recorder.wait("the child's frame", |seen| seen.frames == [b"from the child"]);
    let expected = Peer {
        platform: if cfg!(target_vendor = "apple") { "darwin" } else { "linux" },
        pid: child.id() as i32,
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        exe_path: std::env::current_exe().unwrap().to_str().map(str::to_owned),
    };
    assert_ne!(expected.pid, std::process::id() as i32);
    assert_eq!(seen.peers, [expected]);
    drop(child.stdin.take());
    assert!(wait(&mut child));
}

fn a_peer_that_has_gone_lends_its_name_to_nobody() {
    let dir = dir();
    let path = dir.path().join("s");
    let recorder = Arc::new(Recorder::default());
    let listener = Listener::bind(&path, options(Limits::default(), &recorder)).unwrap();
    let mut child = spawn("child-send", &path);
    let pid = child.id() as i32;
    drop(child.stdin.take());
    assert!(wait(&mut child), "the child could not send");
    // Only now is its connection accepted; its number may already be another's.
    let stop = listener.shutdown_handle();
    let handler = Arc::new(RecorderHandler(Arc::clone(&recorder)));
    let thread = std::thread::spawn(move || listener.run(handler));
    let seen = recorder.wait("the frame", |seen| seen.frames == [b"from the child"]);
    assert_eq!((seen.peers[0].pid, seen.peers[0].exe_path.as_deref()), (pid, None));
    stop.stop();
    assert_eq!(thread.join().unwrap().unfinished, 0);
}

fn a_listener_without_descriptors_lives_on() {
    let dir = dir();
    let path = dir.path().join("s");
    let mut child = spawn("child-listen", &path);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let mut idle: Vec<UnixStream> = (0..CONNECTIONS).map(|_| common::connect(&path)).collect();
    // Those that found no descriptor are closed, not left waiting; those that did are not harmed.
    let refused = idle.iter_mut().rev().map(is_ended).take_while(|ended| *ended).count();
    assert!((1..CONNECTIONS).contains(&refused), "{refused} of {CONNECTIONS} were refused");
    assert!(asks(&mut idle[0]), "a connection made before is dead");
    assert!(child.try_wait().unwrap().is_none(), "the listener is dead");
    idle.truncate(5);
    let end = Instant::now() + PATIENCE;
    while !asks(&mut common::connect(&path)) {
        assert!(Instant::now() < end, "no new connection is served");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(child.stdin.take());
    assert!(wait(&mut child), "the listener did not end well");
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let times: u64 = rest.trim().parse().unwrap();
    assert!(times as usize >= refused, "{times} times out of descriptors, {refused} refused");
}

/// Whether the listener has closed `stream`; an open one has nothing to say until it is asked.
fn is_ended(stream: &mut UnixStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let ended = !matches!(
        stream.read(&mut [0]),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock
    );
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    ended
}

/// Sends one frame, then lives until its standard input ends.
fn child_send(path: &Path) {
    send(&mut common::connect(path), b"from the child");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Listens with few descriptors until its standard input ends; then says how often there was none left.
fn child_listen(path: &Path) {
    let few = rustix::process::Rlimit { current: Some(DESCRIPTORS), maximum: Some(DESCRIPTORS) };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, few).unwrap();
    let recorder = Arc::new(Recorder::default());
    let listener = Listener::bind(path, options(Limits::default(), &recorder)).unwrap();
    let (stop, counts) = (listener.shutdown_handle(), listener.counts());
    let thread = std::thread::spawn(move || listener.run(Arc::new(RecorderHandler(recorder))));
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    stop.stop();
    assert_eq!(thread.join().unwrap().unfinished, 0);
    println!("{}", counts.totals().out_of_descriptors);
}

fn spawn(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .arg(role)
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for `child`, but not for ever; says whether it ended well.
fn wait(child: &mut Child) -> bool {
    let end = Instant::now() + PATIENCE;
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status.success(),
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            None => {
                child.kill().unwrap();
                return false;
            }
        }
    }
}

/// The reference ends with this many idle connections and that many descriptors.
const CONNECTIONS: usize = 42;
const DESCRIPTORS: u64 = 40;
