//! The client in a process that has no descriptor left: it says so, in the system's words.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use agent_receipts_ipc::{ControlRequest, Decision, EmitError, Emitter, EventToSend, ask};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn a_client_without_descriptors_says_so() {
    if std::env::var_os(CHILD).is_none() {
        // The limit is the whole process's: other tests and their threads shall not have it.
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_client_without_descriptors_says_so", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = String::from_utf8_lossy(&output.stderr);
        return assert!(output.status.success() && said.contains(" 1 passed"), "{said}{failed}");
    }
    let socket = Path::new("/nonexistent/s");
    let emitter = Emitter::builder().socket_path(socket).session_id("s").no_drop_folder().build().unwrap();
    let emit = || emitter.emit(&EventToSend::new("sdk", "tool", Decision::Allowed)).unwrap_err();
    let rotate =
        || ask(socket, &ControlRequest::new("rotate"), Duration::from_secs(30), |_| true).unwrap_err();

    let usual = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), maximum: usual.maximum }).unwrap();
    let (event, again, question) = (emit(), emit(), rotate());
    setrlimit(Resource::Nofile, usual).unwrap();
    let said = "cannot reach the daemon at `/nonexistent/s`: Too many open files";
    assert!(event.to_string().starts_with(said), "{event}");
    let said = "no daemon answers at `/nonexistent/s`: Too many open files";
    assert!(question.to_string().starts_with(said), "{question}");
    assert!(!question.is_absent(), "{question}");

    // Errors compare by what the system said; what std has a name for is told by that, and is another error.
    let absent: EmitError = emit();
    assert_eq!(event, again);
    assert_ne!(event, absent);
    assert_eq!(absent.to_string(), "cannot reach the daemon at `/nonexistent/s`: entity not found");
    assert!(rotate().is_absent());
}

const CHILD: &str = "AGENT_RECEIPTS_TEST_WITHOUT_DESCRIPTORS";
