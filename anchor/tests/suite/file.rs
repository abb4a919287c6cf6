//! The append-only file.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;

use agent_receipts_chain::checkpoint::{Head, HeadList};

use agent_receipts_anchor::{Anchor, Disk, Stop, Until};

use crate::several::wait_until;
use crate::station::{Station, credentials, notes};

const SINK: &str = "[[sink]]\nname = 'paper'\nkind = 'file'\n";

#[test]
fn every_checkpoint_is_a_line_in_the_shape_of_the_reference() {
    let mut station = Station::new();
    let first = station.log.grow(3);
    let second = station.log.grow(4);
    assert!(station.once(SINK), "{}", station.said());
    let path = station.evidence("paper").join("checkpoints.ndjson");
    assert_eq!(notes(&path), [first, second]);
    let text = std::fs::read_to_string(&path).unwrap();
    let record: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let members: Vec<_> = record.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["anchored_at", "event_type", "payload"]);
    assert_eq!(record["event_type"], "checkpoint");
    assert_eq!(record["anchored_at"], "2030-03-17T17:46:40.000000000Z");
    let payload = &record["payload"];
    assert_eq!((&payload["chain_id"], &payload["seq"]), (&"audit".into(), &3.into()));
    assert_eq!(payload["tip_hash"], station.log.hash(3).to_string());
    assert_eq!(payload["public_key_fingerprint"], station.log.key().fingerprint().to_string());
    let tip = station.log.hash(3);
    let heads = HeadList::parse(record["payload"]["heads"].as_str().unwrap()).unwrap();
    assert_eq!(heads.heads(), [Head { chain_id: "audit".into(), sequence: 3, tip }]);
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn later_rounds_append_what_is_new_and_nothing_else() {
    let mut station = Station::new();
    let path = station.evidence("paper").join("checkpoints.ndjson");
    let mut written = Vec::new();
    for _ in 0..3 {
        written.push(station.log.grow(1));
        assert!(station.once(SINK));
        assert!(station.once(SINK));
        assert_eq!(notes(&path), written);
    }
}

#[test]
fn a_torn_line_is_taken_back_and_written_whole() {
    let mut station = Station::new();
    let first = station.log.grow(1);
    assert!(station.once(SINK));
    let path = station.evidence("paper").join("checkpoints.ndjson");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"anchored_at\":\"2030-").unwrap();
    let second = station.log.grow(1);
    assert!(station.once(SINK));
    assert_eq!(notes(&path), [first, second]);
    let said = station.said();
    assert!(said.contains("a line that was cut short by a crash is taken back, 21 bytes"), "{said}");
}

#[test]
fn a_file_that_was_cut_is_an_alarm_and_is_left_alone() {
    let mut station = Station::new();
    station.log.grow(1);
    station.log.grow(1);
    assert!(station.once(SINK));
    let path = station.evidence("paper").join("checkpoints.ndjson");
    let text = std::fs::read_to_string(&path).unwrap();
    let cut: String = text.lines().take(1).map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, &cut).unwrap();
    station.log.grow(1);
    assert!(!station.once(SINK));
    let said = station.said();
    assert!(said.contains("ALARM") && said.contains("it was cut"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), cut);
}

#[test]
fn a_link_or_a_device_in_the_files_place_is_refused() {
    let mut station = Station::new();
    station.log.grow(1);
    let path = station.path("paper.ndjson");
    let sink = format!("{SINK}path = '{}'\n", path.display());
    let target = station.path("precious");
    std::fs::write(&target, "precious").unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    assert!(!station.once(&sink));
    assert!(station.said().contains("cannot open"));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(!station.once(&sink));
    assert!(station.once(&format!("{SINK}path = '{}'\n", station.path("other.ndjson").display())));
}

#[test]
fn a_cursor_that_is_gone_writes_nothing_twice() {
    let mut station = Station::new();
    let notes_written = [station.log.grow(1), station.log.grow(1), station.log.grow(1)];
    assert!(station.once(SINK));
    std::fs::remove_file(station.path("state/cursors/paper.json")).unwrap();
    assert!(station.once(SINK), "{}", station.said());
    assert_eq!(notes(&station.evidence("paper").join("checkpoints.ndjson")), notes_written);
}

/// Runs an anchor with one sink while `meanwhile` does something to it.
fn while_it_runs(station: &mut Station, sink: &str, meanwhile: impl FnOnce(&mut Station, &Path)) {
    let anchor = Anchor::start(&station.config(sink), &credentials, station.world(Disk::system())).unwrap();
    let stop = Stop::default();
    let end = stop.clone();
    let running = thread::spawn(move || anchor.run(Until::Stopped, &end).unwrap());
    let path = station.evidence("paper").join("checkpoints.ndjson");
    meanwhile(station, &path);
    stop.stop();
    running.join().unwrap();
}

const EAGER: &str = "[[sink]]\nname = 'paper'\nkind = 'file'\nretry_first = '10ms'\nretry_longest = '20ms'\n";

#[test]
fn a_file_that_is_cut_or_taken_away_while_the_anchor_runs_is_an_alarm() {
    type Damage = fn(&Path);
    let damages: [Damage; 3] = [
        |path| fs::write(path, "").unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| {
            let text = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(path, &text[..text.len() / 2]).unwrap();
        },
    ];
    for damage in damages {
        let mut station = Station::new();
        let first = station.log.grow(1);
        while_it_runs(&mut station, EAGER, |station, path| {
            wait_until("the first is there", || path.exists() && notes(path) == [first.as_str()]);
            // The cursor is what says that the delivery is over.
            wait_until("it is noted", || station.path("state/cursors/paper.json").exists());
            damage(path);
            station.log.grow(1);
            let mut said = String::new();
            wait_until("there is an alarm", || {
                said += &station.said();
                said.contains("ALARM")
            });
            assert!(said.contains("it was cut"), "{said}");
        });
    }
}

#[test]
fn a_line_whose_delivery_cannot_be_noted_is_written_once() {
    let mut station = Station::new();
    let first = station.log.grow(1);
    assert!(station.once(EAGER));
    let in_the_way = station.path("state/cursors/paper.json.next");
    fs::create_dir(&in_the_way).unwrap();
    let second = station.log.grow(1);
    while_it_runs(&mut station, EAGER, |station, path| {
        let mut said = String::new();
        wait_until("it was tried a few times", || {
            said += &station.said();
            said.contains("attempt 5:")
        });
        assert_eq!(notes(path), [first.as_str(), &second]);
        fs::remove_dir(&in_the_way).unwrap();
        wait_until("it works again", || {
            said += &station.said();
            said.contains("works again")
        });
        assert_eq!(notes(path), [first.as_str(), &second]);
    });
}
