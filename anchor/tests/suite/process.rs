//! The program: its options, exit codes and signals, and its death by `kill -9`.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::server::{Reply, Server, closed_port};
use crate::station::{Station, notes};

const FILE: &str = "[[sink]]\nname = 'paper'\nkind = 'file'\n";

fn command(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent-receipts-anchor"));
    command.env_clear().arg("--config").arg(config).stdin(Stdio::null());
    command
}

fn say(config: &Path, words: &[&str]) -> Output {
    command(config).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn start(config: &Path) -> Child {
    command(config).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn once_delivers_what_there_is_and_its_exit_code_says_whether_that_was_all() {
    let mut station = Station::new();
    let note = station.log.grow(2);
    let good = station.configure(FILE);
    let output = say(&good, &["--once"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(notes(&station.evidence("paper").join("checkpoints.ndjson")), [note]);
    let dead = format!(
        "{FILE}[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = 'http://127.0.0.1:{}'\ncertificates = 'CERTIFICATES'\n",
        closed_port()
    );
    let bad = station.configure(&dead);
    let output = say(&bad, &["--once"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("sink `t`: attempt 1: not reachable"), "{}", text(&output.stderr));
}

#[test]
fn status_tells_how_far_each_sink_is_and_what_failed() {
    let mut station = Station::new();
    station.log.grow(2);
    let dead = format!(
        "{FILE}[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = 'http://127.0.0.1:{}'\ncertificates = 'CERTIFICATES'\n",
        closed_port()
    );
    let config = station.configure(&dead);
    let output = say(&config, &["--status"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("paper (file): 0 receipts, 0 checkpoints delivered, 1 waiting"));
    assert!(!station.path("state").exists(), "a question has created something");
    say(&config, &["--once"]);
    station.log.grow(1);
    let output = say(&config, &["--status", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&status["ok"], &status["newest"]), (&false.into(), &3.into()));
    let [paper, t] = [&status["sinks"][0], &status["sinks"][1]];
    assert_eq!((&paper["size"], &paper["delivered"], &paper["pending"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(paper.get("error"), None);
    assert_eq!((&t["size"], &t["pending"], &t["failures"]), (&0.into(), &2.into(), &1.into()));
    assert!(t["error"].as_str().unwrap().starts_with("not reachable"));
    let config = station.configure(FILE);
    say(&config, &["--once"]);
    let output = say(&config, &["--status"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn check_finds_what_is_wrong_and_sends_and_creates_nothing() {
    let mut station = Station::new();
    station.log.grow(1);
    let server = Server::start(|_| Reply::of(500, ""));
    let sinks = format!(
        "{FILE}[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = '{}'\ncertificates = 'CERTIFICATES'\n",
        server.url()
    );
    let output = say(&station.configure(&sinks), &["--check"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "2 sinks, nothing wrong\n"));
    assert!(server.asked().is_empty() && !station.path("state").exists());
    let broken = format!("{sinks}ca_file = '/nowhere/ca.pem'\n");
    let output = say(&station.configure(&broken), &["--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("sink `t`: cannot read the certificates in `/nowhere/ca.pem`"));
}

#[test]
fn a_wrong_configuration_is_usage() {
    let station = Station::new();
    for (words, code) in
        [(&["--nonsense"][..], 2), (&["--once", "--status"], 2), (&["--json"], 2), (&["--help"], 0)]
    {
        assert_eq!(say(&station.configure(FILE), words).status.code(), Some(code), "{words:?}");
    }
    assert_eq!(say(&station.configure(""), &["--once"]).status.code(), Some(2));
    let output = say(&station.path("missing.toml"), &["--once"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("missing.toml"));
}

#[test]
fn sigterm_ends_it_well_also_in_the_midst_of_an_attempt() {
    let mut station = Station::new();
    station.log.grow(1);
    let silent = Server::start(|_| Reply::Silence);
    let sinks = format!(
        "{FILE}[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = '{}'\ncertificates = 'CERTIFICATES'\ntimeout = '1h'\n",
        silent.url()
    );
    let mut child = start(&station.configure(&sinks));
    let path = station.evidence("paper").join("checkpoints.ndjson");
    wait_until("the file has the checkpoint", || path.exists() && !std::fs::read(&path).unwrap().is_empty());
    wait_until("the attempt is under way", || !silent.asked().is_empty());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn thirty_kills_lose_no_checkpoint_and_double_none() {
    let mut station = Station::new();
    let config = station.configure(FILE);
    let path = station.evidence("paper").join("checkpoints.ndjson");
    let mut written = Vec::new();
    for round in 0..30 {
        let mut child = start(&config);
        for _ in 0..4 {
            written.push(station.log.grow(1));
        }
        // Killed at another point each time: after so many bytes of the log have arrived.
        let least = std::fs::metadata(&path).map_or(0, |metadata| metadata.len()) + round * 23;
        let deadline = Instant::now() + Duration::from_secs(20);
        let length = || std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        while length() < least && Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = say(&config, &["--once"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(notes(&path), written);
}
