//! The key of a daemon at work is replaced: nothing that was acknowledged is lost, nothing is refused, no chain breaks.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_receipts_chain::{KeyLineage, Options, Outcome, RowFacts, StoreVerifier};
use agent_receipts_core::json::{Object, Value};
use agent_receipts_daemon::{Daemon, Disk};
use agent_receipts_ipc::{ControlReply, ControlRequest, ask};
use agent_receipts_keysource::{archived_public_keys, read_public_key};
use support::process::DaemonProcess;
use support::rotated::{assert_sound, copy_of, template, with};
use support::{Home, event, field, wait_until};

const PATIENCE: Duration = Duration::from_secs(120);

fn rotate(home: &Home) -> ControlReply {
    ask(&home.path("control.sock"), &ControlRequest::new("rotate"), PATIENCE, |_| true).unwrap()
}

fn done(reply: ControlReply) -> Object {
    match reply {
        ControlReply::Done(object) => object,
        refused => panic!("{refused:?}"),
    }
}

/// Every chain, without a warning and without an open question.
fn assert_strictly_valid(home: &Home) -> usize {
    let published = read_public_key(&home.config.public_key).unwrap();
    let archived = archived_public_keys(&home.config.public_key).unwrap();
    let mut lineage = KeyLineage::new(published, archived.keys.into_iter().map(|(_, key)| key));
    home.each_by_chain(|row| lineage.observe(&row.chain_id, row.receipt_json.as_bytes()));
    let options = Options { strict: true, ..Options::default() };
    let mut verifier = StoreVerifier::new(lineage.resolve(), options);
    home.each_by_chain(|row| {
        let facts = RowFacts {
            chain_id: &row.chain_id,
            sequence: row.sequence,
            receipt_id: &row.id,
            receipt_hash: &row.receipt_hash,
        };
        verifier.push(facts, row.receipt_json.as_bytes());
    });
    let (last, total) = verifier.finish();
    assert_eq!(total.outcome, Outcome::Valid, "{last:?} {total:?}");
    total.chains as usize
}

#[test]
fn emitters_under_load_notice_nothing_of_three_rotations() {
    const EMITTERS: usize = 4;
    const ROTATIONS: usize = 3;
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let ending = AtomicBool::new(false);
    let recorded = AtomicUsize::new(0);
    let acknowledged = Mutex::new(HashMap::new());
    std::thread::scope(|scope| {
        for emitter in 0..EMITTERS {
            let (home, ending, recorded, acknowledged) = (&home, &ending, &recorded, &acknowledged);
            scope.spawn(move || {
                let mut client = home.connect();
                let agent = format!(r#""agent_id":"{emitter}""#);
                let frames = [event(""), event(&agent)];
                // Bounded, whatever the other threads do.
                for at in 0..20_000 {
                    if ending.load(Ordering::Relaxed) {
                        break;
                    }
                    // `record` expects a receipt: an event that is refused fails the test.
                    let reply = client.record(&frames[at % 2]);
                    let text = |name| field(&reply, name).as_str().unwrap().to_owned();
                    acknowledged.lock().unwrap().insert(text("receipt_id"), text("receipt_hash"));
                    recorded.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut before = 0;
        for _ in 0..ROTATIONS {
            wait_until("the load to go on", || recorded.load(Ordering::Relaxed) > before + 100);
            let rotation = done(rotate(&home));
            assert_eq!(rotation.get("unfinished"), Some(&Value::Null), "{rotation:?}");
            // The root chain and that of each agent.
            assert_eq!(rotation.get("receipts").and_then(Value::as_array).unwrap().len(), EMITTERS + 1);
            let published = read_public_key(&home.config.public_key).unwrap().fingerprint().to_string();
            assert_eq!(rotation.get("incoming").and_then(Value::as_str), Some(published.as_str()));
            before = recorded.load(Ordering::Relaxed);
        }
        wait_until("the load to go on", || recorded.load(Ordering::Relaxed) > before + 100);
        ending.store(true, Ordering::Relaxed);
    });
    daemon.stop();
    let stored: HashMap<_, _> =
        home.rows().into_iter().map(|stored| (stored.row.id, stored.row.receipt_hash)).collect();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 400);
    for (id, hash) in &acknowledged {
        assert_eq!(stored.get(id), Some(hash), "{id} was acknowledged");
    }
    // Besides these only the hand-overs and the terminators.
    assert_eq!(stored.len(), acknowledged.len() + (ROTATIONS + 1) * (EMITTERS + 1));
    assert_eq!(assert_strictly_valid(&home), EMITTERS + 1);
    assert_eq!(archived_public_keys(&home.config.public_key).unwrap().keys.len(), ROTATIONS);
}

#[test]
fn two_who_ask_at_once_are_served_one_after_the_other() {
    let home = Home::new();
    let daemon = home.start();
    home.connect().record(&event(""));
    let rotations = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..2).map(|_| scope.spawn(|| done(rotate(&home)))).collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect::<Vec<_>>()
    });
    let text = |rotation: &Object, name: &str| rotation.get(name).and_then(Value::as_str).unwrap().to_owned();
    let first = usize::from(text(&rotations[0], "outgoing") != home.public_key.fingerprint().to_string());
    assert_eq!(text(&rotations[first], "incoming"), text(&rotations[1 - first], "outgoing"));
    home.connect().record(&event(""));
    daemon.stop().unwrap();
    assert_eq!(assert_strictly_valid(&home), 1);
}

#[test]
fn a_rotation_while_running_is_anchored_as_configured_or_as_asked() {
    let mut home = Home::new();
    home.config.anchor_log = Some(home.path("configured"));
    let daemon = home.start();
    done(rotate(&home));
    let mut request = ControlRequest::new("rotate");
    request.arguments.insert("anchor_log", home.path("asked").to_str().unwrap());
    let rotation = done(ask(&home.path("control.sock"), &request, PATIENCE, |_| true).unwrap());
    assert_eq!(rotation.get("anchored").and_then(Value::as_str), home.path("asked").to_str());
    daemon.stop().unwrap();
    for name in ["configured", "asked"] {
        let text = std::fs::read_to_string(home.path(name)).unwrap();
        let rotations = text.lines().filter(|line| line.contains(r#""event_type":"rotation""#));
        assert_eq!(rotations.count(), 1, "{name}: {text}");
    }
}

/// Whatever call fails, the daemon goes on recording with the key that the chains were handed over to, and the next start finds
/// everything in order. Only where nobody can tell whether the commit was made does the daemon end.
#[test]
fn whatever_call_fails_the_daemon_goes_on_with_the_right_key() {
    let template = template();
    let calls = run(&template, usize::MAX, false).calls;
    let commit = calls.iter().position(|call| *call == "commit to").unwrap();
    for (at, call) in calls.iter().enumerate() {
        for lasting in [false, true] {
            let mut ran = run(&template, at, lasting);
            let what = format!("call {at} {call}, lasting: {lasting}, {:?}", ran.reply);
            match &ran.reply {
                ControlReply::Done(rotation) => {
                    assert!(
                        at > commit + 1 && rotation.get("unfinished").unwrap().as_str().is_some(),
                        "{what}"
                    );
                }
                ControlReply::Refused { code, message } => {
                    assert!(at <= commit + 1 && code == "rotation_failed", "{what}");
                    assert!(message.contains("could not"), "{what}");
                }
            }
            let in_doubt = lasting && (commit..=commit + 1).contains(&at);
            assert_eq!(ran.recorded_after, !in_doubt, "{what}");
            assert_eq!(assert_sound(&mut ran.home, &what), at > commit, "{what}");
        }
    }
}

struct Ran {
    home: Home,
    calls: Vec<&'static str>,
    reply: ControlReply,
    recorded_after: bool,
}

/// A daemon whose key is replaced while call `at` of the rotation fails, and all that follow if that lasts.
fn run(template: &Home, at: usize, lasting: bool) -> Ran {
    let mut home = copy_of(template);
    home.config.shutdown_deadline = Duration::ZERO;
    home.config.anchor_log = Some(home.path("anchor"));
    let armed = Arc::new(AtomicBool::new(false));
    let calls: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let (is_armed, made) = (Arc::clone(&armed), Arc::clone(&calls));
    let disk = Disk::watched(move |call| {
        if !is_armed.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut made = made.lock().unwrap();
        made.push(call.what);
        let number = made.len() - 1;
        let fails = number == at || lasting && number > at;
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    });
    let daemon = Daemon::start(&home.config, with(&home, disk)).unwrap();
    let mut client = home.connect();
    client.record(&event(""));
    armed.store(true, Ordering::SeqCst);
    let reply = rotate(&home);
    armed.store(false, Ordering::SeqCst);
    let recorded_after = if daemon.wait_for(Duration::ZERO) {
        assert!(daemon.stop().unwrap_err().to_string().contains("in doubt"));
        false
    } else {
        let reply = client.ask(&event(r#""agent_id":"a""#));
        let recorded = field(&reply, "ok").as_bool() == Some(true);
        let stopped = daemon.stop();
        assert_eq!(stopped.is_ok(), recorded, "{stopped:?} {reply}");
        recorded
    };
    let calls = calls.lock().unwrap().clone();
    Ran { home, calls, reply, recorded_after }
}
