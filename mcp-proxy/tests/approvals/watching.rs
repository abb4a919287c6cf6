//! `approvals` in a terminal, where somebody types.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use agent_receipts_mcp::Answer;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::place::Place;
use crate::receiver::Receiver;

/// The program in a terminal of its own.
struct Terminal {
    keys: File,
    shown: Arc<Mutex<String>>,
    child: Child,
}

impl Terminal {
    fn new(place: &Place, daemon: &str) -> Self {
        Self::with(place, daemon, Path::new("/nowhere/at/all"))
    }

    /// One whose user's data are in `data`.
    fn with(place: &Place, daemon: &str, data: &Path) -> Self {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"));
        command.env_clear().env("XDG_RUNTIME_DIR", place.folder.path()).env("XDG_DATA_HOME", data);
        command.args(["approvals", "--socket", daemon]);
        command.stdin(slave.try_clone().unwrap()).stderr(slave.try_clone().unwrap()).stdout(slave);
        let child = command.spawn().unwrap();
        drop(command);
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut screen, seen) = (File::from(master.try_clone().unwrap()), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal that nobody holds any more is an error.
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                seen.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        Self { keys: master.into(), shown, child }
    }

    fn types(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until `text` was shown `times` times.
    fn shows(&self, text: &str, times: usize) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.shown.lock().unwrap().matches(text).count() < times {
            assert!(Instant::now() < end, "{text}: {:?}", self.shown.lock().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PROMPT: &str = "approve? [y]es, [n]o, [s]kip: ";

#[test]
fn calls_are_shown_as_they_come_and_each_is_asked_about() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let desk = place.with_socket();
    let mut terminal = Terminal::new(&place, receiver.socket());
    terminal.shows("Ctrl-D ends", 1);
    let one = place.ask(&desk, "delete_file");
    terminal.shows("files: delete_file", 1);
    terminal.shows(PROMPT, 1);
    terminal.types("what?\n");
    terminal.shows(PROMPT, 2);
    terminal.types("\n");
    terminal.shows(PROMPT, 3);
    assert!(place.nothing_told(), "only a yes is a yes");
    terminal.types("Y\n");
    assert!(matches!(place.told(), (id, Answer::Approved(_)) if id == one));
    let two = place.ask(&desk, "send_mail");
    terminal.shows(PROMPT, 4);
    terminal.types("n\n");
    assert!(matches!(place.told(), (id, Answer::Denied(_)) if id == two));
    let three = place.ask(&desk, "t");
    terminal.shows(PROMPT, 5);
    terminal.types("s\n");
    let four = place.ask(&desk, "u");
    terminal.shows(PROMPT, 6);
    desk.withdraw(&four);
    terminal.shows("it does not wait any more", 1);
    place.told();
    terminal.types("\u{4}");
    assert!(terminal.child.wait().unwrap().success());
    assert!(place.nothing_told(), "{three} still waits");
}

#[test]
fn what_was_typed_before_a_call_was_shown_is_no_answer_to_it() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let desk = place.with_socket();
    let mut terminal = Terminal::new(&place, receiver.socket());
    terminal.shows("Ctrl-D ends", 1);
    let one = place.ask(&desk, "t");
    terminal.shows(PROMPT, 1);
    // The first answers the call that is shown; the others were typed for whatever comes next.
    terminal.types("n\ny\ny\n");
    let two = place.ask(&desk, "u");
    assert!(matches!(place.told(), (id, Answer::Denied(_)) if id == one));
    terminal.shows(PROMPT, 2);
    terminal.types("n\n");
    assert!(matches!(place.told(), (id, Answer::Denied(_)) if id == two));
}

#[test]
fn what_cannot_be_recorded_is_not_approved_here_either() {
    let place = Place::new();
    let desk = place.with_socket();
    let mut terminal = Terminal::new(&place, "/nowhere/at/all");
    place.ask(&desk, "t");
    terminal.shows(PROMPT, 1);
    terminal.types("y\n");
    terminal.shows("not approved", 1);
    assert!(place.nothing_told());
}

#[test]
fn what_is_wrong_all_the_time_is_said_once() {
    let place = Place::new();
    let desk = place.with_socket();
    let open = place.folder.path().join("agent-receipts/approvals");
    std::fs::create_dir_all(&open).unwrap();
    let terminal = Terminal::with(&place, "/nowhere/at/all", place.folder.path());
    for round in 1..4 {
        let id = place.ask(&desk, "t");
        terminal.shows(PROMPT, round);
        desk.withdraw(&id);
        terminal.shows("it does not wait any more", round);
    }
    assert_eq!(terminal.shown.lock().unwrap().matches("chmod 700").count(), 1);
}
