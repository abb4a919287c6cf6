//! The operator's command that asks somebody.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use agent_receipts_mcp::{Answer, Approver, Desk, Endpoint, Way};

use crate::place::{Place, at_socket, parts, request, say};

/// A desk whose command is a shell's `script`, with `$D` naming the place's folder.
fn desk(place: &Place, endpoint: Endpoint, script: &str) -> Desk {
    let mut options = Place::options(endpoint);
    let script = format!("D='{}'; {script}", place.folder.path().display());
    options.command = ["/bin/sh", "-c", &script].map(OsString::from).into();
    place.desk(&options)
}

fn by_command() -> Approver {
    Approver { way: Way::Command, peer: None }
}

fn wait_for(what: &str, there: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !there() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process lives; one that has ended and was not waited for does not.
fn lives(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.starts_with(" Z"))
}

/// Denies over the socket, which ends the question and waits for nothing else.
fn deny(place: &Place, id: &agent_receipts_mcp::ApprovalId) {
    let line = format!("POST /api/tool-calls/{id}/deny");
    let answer = say(at_socket(&place.file(".sock")), &request(&line, &["Host: localhost"]));
    assert_eq!(parts(&answer).0, 200);
}

#[test]
fn the_first_line_decides() {
    for (script, answer) in [
        ("echo approve", Answer::Approved(by_command())),
        ("echo deny", Answer::Denied(by_command())),
        ("printf ' approve \\r\\n'; echo deny; echo more", Answer::Approved(by_command())),
        ("printf deny", Answer::Denied(by_command())),
        ("cat > /dev/null; echo approve", Answer::Approved(by_command())),
        ("exec 0<&-; echo approve", Answer::Approved(by_command())),
    ] {
        let place = Place::new();
        let desk = desk(&place, Endpoint::Off, script);
        let id = place.ask(&desk, "t");
        assert_eq!(place.told(), (id, answer), "{script}");
    }
}

#[test]
fn it_is_told_what_is_asked() {
    let place = Place::new();
    let desk = desk(&place, Endpoint::Off, "cat > $D/q; echo $AGENTRECEIPTS_APPROVAL_ID > $D/id; echo deny");
    let id = place.ask(&desk, "rm \u{1b}[2J'\"$(touch x)");
    place.told();
    let told = fs::read_to_string(place.folder.path().join("q")).unwrap();
    assert_eq!(told.matches('\n').count(), 1, "a line: {told}");
    for part in [r#""tool_name":"rm \u001b[2J'\"$(touch x)""#, r#""risk_score":55"#, id.as_str()] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(fs::read_to_string(place.folder.path().join("id")).unwrap().trim(), id.as_str());
}

#[test]
fn whatever_else_it_does_decides_nothing_and_others_may() {
    for script in [
        "echo approve; exit 1",
        "echo Approve",
        "echo approved",
        "echo 'approve it'",
        "echo; echo approve",
        "true",
        "echo approve; kill -9 $$",
        "printf '%0200d' 0; echo; echo approve",
        "yes approve",
        "echo approve; head -c 2000000 /dev/zero",
        "/nowhere/at/all",
    ] {
        let place = Place::new();
        let script = format!("touch $D/begun; {script}");
        let desk = desk(&place, Endpoint::Socket, &script);
        let id = place.ask(&desk, "t");
        wait_for("the command begins", || place.folder.path().join("begun").exists());
        std::thread::sleep(Duration::from_millis(30));
        assert!(place.nothing_told(), "{script}");
        deny(&place, &id);
        assert!(matches!(place.told().1, Answer::Denied(by) if by.way == Way::Socket), "{script}");
    }
}

#[test]
fn a_program_that_is_not_there_leaves_the_socket() {
    let place = Place::new();
    let mut options = Place::options(Endpoint::Socket);
    options.command = vec!["/nowhere/at/all".into()];
    let desk = place.desk(&options);
    let id = place.ask(&desk, "t");
    deny(&place, &id);
    assert_eq!(place.told().0, id);
}

#[test]
fn one_that_hangs_ends_with_its_question_and_so_does_what_it_started() {
    let place = Place::new();
    let script = "sleep 3600 & echo $! > $D/child; echo $$ > $D/pid.new; mv $D/pid.new $D/pid; wait";
    let desk = desk(&place, Endpoint::Socket, script);
    let id = place.ask(&desk, "t");
    let pids = ["pid", "child"].map(|name| place.folder.path().join(name));
    wait_for("the command begins", || pids[0].exists());
    let pids = pids.map(|path: PathBuf| fs::read_to_string(path).unwrap().trim().to_owned());
    assert!(pids.iter().all(|pid| lives(pid)));
    deny(&place, &id);
    place.told();
    wait_for("both end", || !pids.iter().any(|pid| lives(pid)));
}

#[test]
fn one_that_hangs_ends_when_the_desk_closes() {
    let place = Place::new();
    let script = "echo $$ > $D/pid.new; mv $D/pid.new $D/pid; sleep 3600";
    let desk = desk(&place, Endpoint::Off, script);
    let id = place.ask(&desk, "t");
    let pid = place.folder.path().join("pid");
    wait_for("the command begins", || pid.exists());
    let pid = fs::read_to_string(pid).unwrap().trim().to_owned();
    desk.close();
    assert_eq!(place.told(), (id, Answer::Withdrawn));
    wait_for("it ends", || !lives(&pid));
}

#[test]
fn many_questions_have_few_commands_at_once_and_all_are_asked() {
    let place = Place::new();
    // Each counts who runs beside it.
    let script =
        "mkdir -p $D/on; touch $D/on/$$; ls $D/on | wc -l >> $D/most; sleep 0.05; rm $D/on/$$; echo approve";
    let desk = desk(&place, Endpoint::Off, script);
    let ids: Vec<_> = (0..30).map(|_| place.ask(&desk, "t")).collect();
    for _ in &ids {
        assert_eq!(place.told().1, Answer::Approved(by_command()));
    }
    let most = fs::read_to_string(place.folder.path().join("most")).unwrap();
    let most = most.lines().map(|line| line.trim().parse::<u32>().unwrap()).max().unwrap();
    assert!(most <= 8, "{most}");
}
