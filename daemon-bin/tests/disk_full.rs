//! A disk that takes nothing more: who asked is told, nothing is half written, and the loss stands in the chain later.
//!
//! The limit on the size of files stands in for the full disk: the test lowers that of the running daemon, which then
//! fails to write exactly where it would on a full one, and raises it again. Only Linux lets one process do that to another.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use agent_receipts_chain::Status;
use agent_receipts_core::json::Value;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use support::process::{DaemonProcess, valid};
use support::{Home, event, field, wait_until};

/// Lets the daemon write no file beyond the first page.
fn fill_the_disk(daemon: &DaemonProcess) {
    limit(daemon.pid(), Some(4096));
}

fn make_room(daemon: &DaemonProcess) {
    limit(daemon.pid(), None);
}

fn limit(pid: Pid, bytes: Option<u64>) {
    // The hard limit stays as it was inherited, so that the soft one can be raised again without any privilege.
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// The code of a refusal, once it is one.
fn refused(reply: &Value) -> &str {
    assert_eq!(field(reply, "ok").as_bool(), Some(false), "{reply}");
    let error = field(reply, "error");
    assert!(!field(error, "message").as_str().unwrap().is_empty());
    field(error, "code").as_str().unwrap()
}

#[test]
fn what_a_full_disk_cost_is_told_at_once_and_in_the_chain_once_there_is_room() {
    let home = Home::new();
    let mut daemon = DaemonProcess::start(&home);
    let mut client = home.connect();
    (0..3).for_each(|_| drop(client.record(&event(""))));

    fill_the_disk(&daemon);
    let before = home.rows();
    // Five events, two of which tell of three others: eight are lost.
    for more in ["", r#""drop_count":1"#, "", r#""drop_count":2"#, ""] {
        assert_eq!(refused(&client.ask(&event(more))), "store_unavailable");
    }
    // And two of which nobody asked to hear.
    client.send(&event(""));
    client.send(&event(""));
    // The reply to this one says that the two before it were dealt with; it is the eleventh.
    assert_eq!(refused(&client.ask(&event(""))), "store_unavailable");
    assert!(daemon.is_running(), "{:?}", daemon.lines());
    wait_until("the loss in the log", || daemon.logged("events were not recorded"));
    assert_eq!(home.rows(), before, "nothing is half written");

    make_room(&daemon);
    let reply = client.record(&event(""));
    assert_eq!(field(&reply, "sequence").as_u64(), Some(5), "right behind the receipt of the loss");
    client.record(&event(""));
    daemon.stop();
    let chain = home.chain("audit");
    let told = &chain[3].subject.action;
    assert_eq!(told.kind, "agent_receipts.events_dropped");
    assert_eq!(told.emitter_metadata.as_ref().unwrap().drop_count, Some(11));
    let tellings = chain.iter().filter(|r| r.subject.action.emitter_metadata.is_some()).count();
    assert_eq!(tellings, 1, "told once");
    let verdict = valid(&home, "audit");
    assert_eq!((verdict.length, verdict.status), (7, Status::Interrupted));
}

#[test]
fn an_agents_loss_is_in_the_chain_as_well_and_its_chain_is_not_begun_by_a_failure() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let mut client = home.connect();
    client.record(&event(""));
    fill_the_disk(&daemon);
    assert_eq!(refused(&client.ask(&event(r#""agent_id":"a""#))), "store_unavailable");
    make_room(&daemon);
    // The place that the failed event had is taken by the next: the first receipt of the chain, with its delegation.
    let reply = client.record(&event(r#""agent_id":"a""#));
    assert_eq!(field(&reply, "sequence").as_u64(), Some(2));
    daemon.stop();
    let chain = home.chain("audit/agent/a");
    assert_eq!(chain[0].subject.action.emitter_metadata.as_ref().unwrap().drop_count, Some(1));
    assert!(chain[0].subject.delegation.is_some());
    assert_eq!(valid(&home, "audit/agent/a").status, Status::Interrupted);
}

#[test]
fn a_stop_on_a_full_disk_fails_loudly_and_the_next_run_goes_on() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    home.connect().record(&event(""));
    fill_the_disk(&daemon);
    daemon.signal(Signal::TERM);
    let (status, lines) = daemon.wait();
    assert_eq!(status.code(), Some(1), "{status} {lines:?}");
    assert!(lines.last().unwrap().contains(home.config.db.to_str().unwrap()), "{lines:?}");
    assert_eq!(valid(&home, "audit").status, Status::Unknown, "no half of a terminator");
    let daemon = DaemonProcess::start(&home);
    assert_eq!(field(&home.connect().record(&event("")), "sequence").as_u64(), Some(2));
    daemon.stop();
    assert_eq!(valid(&home, "audit").length, 3);
}

#[test]
fn a_disk_that_fills_under_load_and_empties_again_loses_no_acknowledged_receipt() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let refusals = || daemon.lines().iter().filter(|line| line.contains("events were not recorded")).count();
    let (mut accepted, mut lost) = (0, 0);
    for _ in 0..4 {
        let refused = refusals();
        let (recorded, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
        let outcomes: Vec<(usize, usize)> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..4)
                .map(|_| {
                    let (mut client, recorded, enough) = (home.connect(), &recorded, &enough);
                    scope.spawn(move || {
                        let (mut accepted, mut lost) = (0, 0);
                        for _ in (0..100_000).take_while(|_| !enough.load(Ordering::Relaxed)) {
                            if field(&client.ask(&event("")), "ok").as_bool() == Some(true) {
                                accepted += 1;
                                recorded.fetch_add(1, Ordering::Relaxed);
                            } else {
                                lost += 1;
                            }
                        }
                        (accepted, lost)
                    })
                })
                .collect();
            wait_until("some traffic", || recorded.load(Ordering::Relaxed) > 10);
            fill_the_disk(&daemon);
            wait_until("refusals", || refusals() > refused + 2);
            make_room(&daemon);
            let before = recorded.load(Ordering::Relaxed);
            wait_until("traffic again", || recorded.load(Ordering::Relaxed) > before + 10);
            enough.store(true, Ordering::Relaxed);
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        accepted += outcomes.iter().map(|(accepted, _)| accepted).sum::<usize>();
        lost += outcomes.iter().map(|(_, lost)| lost).sum::<usize>();
    }
    daemon.stop();
    assert!(lost > 0, "the disk was never full");
    let verdict = valid(&home, "audit");
    let chain = home.chain("audit");
    let tellings: Vec<u64> =
        chain.iter().filter_map(|r| r.subject.action.emitter_metadata.as_ref()?.drop_count).collect();
    assert_eq!(tellings.iter().sum::<u64>() as usize, lost, "every loss is told, and none twice");
    assert_eq!(verdict.length as usize, accepted + tellings.len() + 1);
}
