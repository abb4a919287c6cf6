//! A crash at every single step on the disk: the next start repairs what is left, and nothing is lost.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use agent_receipts_anchor::{Disk, Effect};

use crate::station::{Station, lines, notes};
use crate::witness::{Witness, sink};

const FILE: &str = "[[sink]]\nname = 'paper'\nkind = 'file'\n";

/// A disk that stops at the effect with this number, from 0, and says whether it came that far. A write is torn in half.
fn dying(at: usize) -> (Disk, Arc<Mutex<Option<String>>>) {
    let count = AtomicUsize::new(0);
    let died = Arc::new(Mutex::new(None));
    let note = Arc::clone(&died);
    let disk = Disk::watched(move |effect| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        if number < at {
            return Ok(());
        }
        if number == at {
            if let Effect::Write(file, bytes) = effect {
                (&mut &**file).write_all(&bytes[..bytes.len() / 2]).unwrap();
            }
            *note.lock().unwrap() = Some(format!("{effect:?}").chars().take(60).collect());
        }
        Err(io::Error::other("the machine is off"))
    });
    (disk, died)
}

#[test]
fn a_file_is_whole_after_a_crash_at_any_step() {
    let mut steps = 0;
    loop {
        let mut station = Station::new();
        let written = [station.log.grow(1), station.log.grow(2), station.log.grow(3)];
        let (disk, died) = dying(steps);
        let all = station.once_on(FILE, disk);
        let Some(at) = died.lock().unwrap().take() else {
            assert!(all);
            break;
        };
        assert!(!all, "step {steps}, {at}: a crash that nobody noticed");
        assert!(station.once(FILE), "step {steps}, {at}: {}", station.said());
        let path = station.evidence("paper").join("checkpoints.ndjson");
        assert_eq!(notes(&path), written, "step {steps}, {at}: lost, doubled or out of order");
        steps += 1;
    }
    assert!(steps > 30, "only {steps} steps were tried");
}

#[test]
fn a_second_crash_in_the_repair_changes_nothing() {
    let mut deepest = 0;
    for first in [9, 12, 15, 18] {
        for second in 0.. {
            let mut station = Station::new();
            let written = [station.log.grow(1), station.log.grow(2)];
            station.once_on(FILE, dying(first).0);
            let (disk, died) = dying(second);
            station.once_on(FILE, disk);
            assert!(station.once(FILE), "{first}, {second}: {}", station.said());
            assert_eq!(
                notes(&station.evidence("paper").join("checkpoints.ndjson")),
                written,
                "{first}, {second}"
            );
            if died.lock().unwrap().is_none() {
                break;
            }
            deepest = deepest.max(second);
        }
    }
    assert!(deepest > 10, "the repair was never interrupted deeper than {deepest}");
}

#[test]
fn a_witness_cosigns_every_checkpoint_whatever_step_a_crash_was_at() {
    let mut steps = 0;
    loop {
        let mut station = Station::new();
        let witness = Witness::default();
        let server = witness.serve(station.log.key());
        let written = [station.log.grow(1), station.log.grow(2), station.log.grow(3)];
        let (disk, died) = dying(steps);
        let all = station.once_on(&sink(&server), disk);
        let Some(at) = died.lock().unwrap().take() else {
            assert!(all);
            break;
        };
        assert!(!all, "step {steps}, {at}: a crash that nobody noticed");
        assert!(station.once(&sink(&server)), "step {steps}, {at}: {}", station.said());
        assert_eq!(station.names("w1"), ["000000000001.note", "000000000003.note", "000000000006.note"]);
        for (name, note) in station.names("w1").iter().zip(&written) {
            let cosigned = station.read("w1", name);
            assert!(cosigned.starts_with(note), "step {steps}, {at}");
            assert_eq!(lines(&station.evidence("w1").join(name)).len(), note.lines().count() + 1);
        }
        steps += 1;
    }
    assert!(steps > 30, "only {steps} steps were tried");
}
