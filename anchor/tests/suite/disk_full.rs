//! A full disk, and state that something has damaged: a clear error, and nothing is lost.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use agent_receipts_anchor::{Disk, Effect};

use crate::station::{Station, notes};
use crate::witness::{Witness, sink};

const FILE: &str = "[[sink]]\nname = 'paper'\nkind = 'file'\n";
const ENOSPC: i32 = 28;

/// A disk that is full for one effect, and has room again for the next.
fn full_once(at: usize) -> (Disk, Arc<AtomicBool>) {
    let count = AtomicUsize::new(0);
    let happened = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&happened);
    let disk = Disk::watched(move |effect| {
        if count.fetch_add(1, Ordering::SeqCst) != at {
            return Ok(());
        }
        note.store(true, Ordering::SeqCst);
        if let Effect::Write(file, bytes) = effect {
            (&mut &**file).write_all(&bytes[..bytes.len() / 3]).unwrap();
        }
        Err(io::Error::from_raw_os_error(ENOSPC))
    });
    (disk, happened)
}

#[test]
fn a_disk_that_is_full_at_any_step_is_told_and_costs_nothing() {
    for steps in 0.. {
        let mut station = Station::new();
        let written = [station.log.grow(1), station.log.grow(2)];
        let (disk, happened) = full_once(steps);
        let all = station.once_on(FILE, disk);
        if !happened.load(Ordering::SeqCst) {
            assert!(all && steps > 20, "only {steps} steps were tried");
            break;
        }
        let said = station.said();
        assert!(!all && said.contains("No space left on device"), "step {steps}: {said}");
        assert!(said.contains(&station.path("state").display().to_string()), "the file is not named: {said}");
        assert!(station.once(FILE), "step {steps}: {}", station.said());
        assert_eq!(notes(&station.evidence("paper").join("checkpoints.ndjson")), written, "step {steps}");
    }
}

#[test]
fn a_damaged_cursor_is_named_and_its_sink_left_out_while_the_others_go_on() {
    let mut station = Station::new();
    let both = format!("{FILE}[[sink]]\nname = 'ink'\nkind = 'file'\n");
    let first = station.log.grow(1);
    assert!(station.once(&both));
    let cursor = station.path("state/cursors/paper.json");
    let good = std::fs::read_to_string(&cursor).unwrap();
    let second = station.log.grow(1);
    let damages = [
        String::new(),
        "garbage".to_owned(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"format\":1", "\"format\":2"),
        good.replace("paper", "ink"),
        good.replace("\"size\":1", "\"size\":-1"),
        good.replace("\"size\"", "\"sighs\""),
        "x".repeat(1 << 20),
    ];
    for damaged in damages {
        std::fs::write(&cursor, &damaged).unwrap();
        assert!(!station.once(&both), "{damaged:?}");
        let said = station.said();
        assert!(said.contains("sink `paper`: ") && said.contains("cursors/paper.json"), "{said}");
        let read_back = std::fs::read_to_string(&cursor).unwrap();
        assert_eq!(read_back, damaged, "the damage was papered over");
        assert_eq!(
            notes(&station.evidence("paper").join("checkpoints.ndjson")),
            std::slice::from_ref(&first)
        );
    }
    assert_eq!(notes(&station.evidence("ink").join("checkpoints.ndjson")), [first.clone(), second.clone()]);
    std::fs::write(&cursor, good).unwrap();
    assert!(station.once(&both), "{}", station.said());
    assert_eq!(notes(&station.evidence("paper").join("checkpoints.ndjson")), [first, second]);
}

#[test]
fn a_cursor_that_is_gone_is_no_fresh_start() {
    let mut station = Station::new();
    let witness = Witness::default();
    let server = witness.serve(station.log.key());
    station.log.grow(1);
    station.log.grow(1);
    assert!(station.once(&sink(&server)));
    std::fs::remove_file(station.path("state/cursors/w1.json")).unwrap();
    server.asked();
    assert!(!station.once(&sink(&server)));
    let said = station.said();
    assert!(said.contains("cursors/w1.json` is missing, and there is evidence"), "{said}");
    assert!(server.asked().is_empty());
}

#[test]
fn a_state_folder_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut station = Station::new();
    station.log.grow(1);
    assert!(station.once(FILE));
    std::fs::set_permissions(station.path("state"), std::fs::Permissions::from_mode(0o750)).unwrap();
    assert!(!station.once(FILE));
    assert!(station.said().contains("open to other users (mode 750): `chmod 700` it"));
}

#[test]
fn a_trace_of_the_last_trouble_that_is_damaged_matters_to_nobody() {
    let mut station = Station::new();
    station.log.grow(1);
    assert!(station.once(FILE));
    std::fs::write(station.path("state/trouble/paper.json"), "garbage").unwrap();
    station.log.grow(1);
    assert!(station.once(FILE));
    assert!(!station.path("state/trouble/paper.json").exists());
}
