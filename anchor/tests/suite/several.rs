//! Several sinks at once: none holds up another, and each is tried again until it has everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use agent_receipts_anchor::{Anchor, Disk, Stop, Until};

use crate::server::{Reply, Server};
use crate::station::{Station, credentials, notes};
use crate::witness::{Witness, sink};

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_sink_that_never_answers_holds_up_neither_the_others_nor_the_end() {
    let mut station = Station::new();
    let silent = Server::start(|_| Reply::Silence);
    let witness = Witness::default();
    let server = witness.serve(station.log.key());
    let sinks = format!(
        "[[sink]]\nname = 'silent'\nkind = 'timestamp'\nurl = '{}'\ncertificates = 'CERTIFICATES'\ntimeout = '1h'\n\
         [[sink]]\nname = 'paper'\nkind = 'file'\n{}",
        silent.url(),
        sink(&server)
    );
    let mut written = vec![station.log.grow(1)];
    let anchor = Anchor::start(&station.config(&sinks), &credentials, station.world(Disk::system())).unwrap();
    let stop = Stop::default();
    let told = stop.clone();
    let running = thread::spawn(move || anchor.run(Until::Stopped, &told).unwrap());
    let path = station.evidence("paper").join("checkpoints.ndjson");
    for size in 2..5 {
        wait_until("the file has all", || path.exists() && notes(&path) == written);
        wait_until("the witness has all", || station.names("w1").len() == written.len());
        assert_eq!(station.names("silent"), [""; 0]);
        written.push(station.log.grow(size));
    }
    stop.stop();
    running.join().unwrap();
    let said = station.said();
    assert!(said.contains("an attempt is under way and abandoned"), "{said}");
}

#[test]
fn a_sink_is_tried_again_until_it_works() {
    let mut station = Station::new();
    let witness = Witness::default();
    let good = witness.serve(station.log.key());
    let refusals = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refusals);
    let bad = Server::start(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Reply::of(500, "not now")
    });
    let settings = "retry_first = '10ms'\nretry_longest = '30ms'\n";
    let failing = format!(
        "[[sink]]\nname = 'never'\nkind = 'timestamp'\nurl = '{}'\ncertificates = 'CERTIFICATES'\n{settings}",
        bad.url()
    );
    station.log.grow(1);
    let sinks = format!("{failing}{}", sink(&good));
    let anchor = Anchor::start(&station.config(&sinks), &credentials, station.world(Disk::system())).unwrap();
    let stop = Stop::default();
    let told = stop.clone();
    let running = thread::spawn(move || anchor.run(Until::Stopped, &told).unwrap());
    wait_until("it was tried five times", || refusals.load(Ordering::SeqCst) >= 5);
    wait_until("the other has it", || station.names("w1").len() == 1);
    stop.stop();
    assert!(!running.join().unwrap());
    let said = station.said();
    assert!(said.contains("sink `never`: attempt 5: refused with status 500: `not now`"), "{said}");
}

#[test]
fn two_anchors_on_one_state_are_one_too_many() {
    let mut station = Station::new();
    station.log.grow(1);
    let sinks = "[[sink]]\nname = 'paper'\nkind = 'file'\n";
    let config = station.config(sinks);
    let first = Anchor::start(&config, &credentials, station.world(Disk::system())).unwrap();
    assert!(!station.once(sinks));
    assert!(station.said().contains("another anchor uses the state folder"));
    drop(first);
    assert!(station.once(sinks));
}
