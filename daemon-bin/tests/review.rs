//! What somebody tries who wants to forge, lose or hide receipts, or to bring the daemon down.

#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use agent_receipts_core::Timestamp;
use agent_receipts_daemon::{Daemon, Surroundings, rotate};
use agent_receipts_store::SqliteStore;
use support::{Home, event, field};

/// Longer than anything here takes; only a failing test waits for it.
const LONG: Duration = Duration::from_secs(60);

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T03:39:59Z").unwrap()
}

/// Waits for something that another thread will bring about.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn code(reply: &agent_receipts_core::json::Value) -> Option<&str> {
    field(field(reply, "error"), "code").as_str()
}

/// The sum of all that `events_dropped` receipts tell.
fn told_as_dropped(home: &Home) -> u64 {
    let told = |receipt: agent_receipts_core::Receipt| {
        receipt.subject.action.emitter_metadata.and_then(|metadata| metadata.drop_count).unwrap_or(0)
    };
    home.receipts().into_iter().map(told).sum()
}

fn events_of(home: &Home) -> u64 {
    home.receipts().iter().filter(|receipt| receipt.subject.action.kind == "sdk.t").count() as u64
}

/// A daemon whose writer is gone takes frames in and records none: it must end, and say that it failed.
#[test]
fn a_writer_that_panics_ends_the_daemon() {
    let home = Home::new();
    let broken = Arc::new(AtomicBool::new(false));
    let surroundings = Surroundings {
        clock: Arc::new({
            let broken = Arc::clone(&broken);
            move || if broken.load(Ordering::SeqCst) { panic!("no clock") } else { now() }
        }),
        ..home.surroundings()
    };
    let daemon = Daemon::start(&home.config, surroundings).unwrap();
    home.connect().record(&event(""));
    assert!(!daemon.wait_for(Duration::ZERO));
    broken.store(true, Ordering::SeqCst);
    home.connect().send(&event(""));
    assert!(daemon.wait_for(LONG), "the daemon serves nothing and does not end");
    assert!(daemon.stop().unwrap_err().to_string().contains("writer panicked"));
    assert!(!home.config.socket.exists());
    // What was acknowledged is there, and the chain goes on.
    home.start().stop().unwrap();
    assert_eq!(events_of(&home), 1);
}

/// Without its replier the daemon would record and tell nobody.
#[test]
fn a_replier_that_panics_ends_the_daemon() {
    let home = Home::new();
    let surroundings = Surroundings {
        log: Arc::new(|line| assert!(!line.contains("does not read its replies"), "no log")),
        ..home.surroundings()
    };
    let daemon = Daemon::start(&home.config, surroundings).unwrap();
    let mut deaf = home.connect();
    let frame = event(r#""ack":true"#);
    // Until the daemon gives up on us, and shuts the connection down.
    let sending = thread::spawn(move || {
        use std::io::Write as _;
        let framed = [&(frame.len() as u32).to_be_bytes()[..], frame.as_bytes()].concat();
        (0..100_000).find(|_| deaf.0.write_all(&framed).is_err())
    });
    assert!(daemon.wait_for(LONG), "the daemon answers nobody and does not end");
    assert!(daemon.stop().unwrap_err().to_string().contains("replier panicked"));
    sending.join().unwrap();
}

/// A frame whose handling panics has left no receipt; it is lost like any other.
#[test]
fn a_frame_whose_handling_panics_is_counted() {
    let home = Home::new();
    let surroundings = Surroundings {
        log: Arc::new(|line| assert!(!line.contains("unknown keys"), "no log")),
        ..home.surroundings()
    };
    let daemon = Daemon::start(&home.config, surroundings).unwrap();
    let mut unlucky = home.connect();
    unlucky.send(&event(r#""nonsense":1"#));
    // The connection is closed over it.
    assert_eq!(std::io::Read::read(&mut unlucky.0, &mut [0]).unwrap(), 0);
    eventually("the loss is told", || {
        home.connect().record(&event(""));
        told_as_dropped(&home) == 1
    });
    daemon.stop().unwrap();
    assert_eq!(told_as_dropped(&home), 1);
}

/// A daemon whose writer is held up at its first receipt until it is let go.
struct Held {
    daemon: Daemon,
    held: Arc<AtomicBool>,
    reached: Arc<AtomicBool>,
}

impl Held {
    fn start(home: &Home) -> Self {
        let (held, reached) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let clock = {
            let (held, reached) = (Arc::clone(&held), Arc::clone(&reached));
            move || {
                reached.store(true, Ordering::SeqCst);
                while held.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
                now()
            }
        };
        let surroundings = Surroundings { clock: Arc::new(clock), ..home.surroundings() };
        Self { daemon: Daemon::start(&home.config, surroundings).unwrap(), held, reached }
    }
}

/// A stop that cannot wait any longer refuses what is still coming in. Such a refusal must not arrive before the answers to
/// what came earlier: a client that takes answers in order would believe an event recorded that was refused.
#[test]
fn a_hurried_stop_answers_in_order_and_counts_what_it_leaves_behind() {
    // The writer holds one and the queue 1,024; the rest waits on the connection.
    const SENT: u64 = 1100;
    let home = Home::new();
    let Held { daemon, held, reached } = Held::start(&home);
    let mut client = home.connect();
    let frame = event(r#""ack":true"#);
    client.send(&frame);
    eventually("the writer is held up with one event", || reached.load(Ordering::SeqCst));
    // In one piece, since every write takes room in the socket beside its bytes.
    let framed = [&(frame.len() as u32).to_be_bytes()[..], frame.as_bytes()].concat();
    std::io::Write::write_all(&mut client.0, &framed.repeat(SENT as usize - 1)).unwrap();
    let stopping = thread::spawn(move || daemon.stop());
    eventually("the stop gives up on the connection", || home.logged("cut off"));
    // What is turned away is turned away now, while the writer still holds all that came before.
    client.0.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let early = std::io::Read::read(&mut client.0, &mut [0; 4]);
    held.store(false, Ordering::SeqCst);
    assert!(early.is_err(), "an answer overtook the answers to earlier frames");
    for sequence in 1..=1025 {
        let reply = client.reply();
        assert_eq!(field(&reply, "sequence").as_u64(), Some(sequence), "{reply}");
    }
    stopping.join().unwrap().unwrap();
    let recorded = events_of(&home);
    assert!((1025..SENT).contains(&recorded), "{recorded}");
    assert_eq!(recorded + told_as_dropped(&home), SENT, "some were neither recorded nor counted");
}

/// The reference daemon knows nothing of our lock. If it is run on our database with our key and stopped, it closes the
/// chain on which we are at work.
#[test]
fn nothing_is_written_behind_a_terminator_that_somebody_else_wrote() {
    let home = Home::new();
    let daemon = home.start();
    home.connect().record(&event(""));
    let other = Home::new();
    let copy = |name: &str| std::fs::copy(home.path(name), other.path(name)).unwrap();
    copy("r.db");
    copy("r.db-wal");
    other.start().stop().unwrap();
    let database = rusqlite::Connection::open(&home.config.db).unwrap();
    database.execute("ATTACH ?1 AS other", [other.config.db.to_str().unwrap()]).unwrap();
    let written = "INSERT INTO receipts SELECT * FROM other.receipts WHERE sequence = 2";
    assert_eq!(database.execute(written, []).unwrap(), 1);
    drop(database);
    let reply = home.connect().ask(&event(""));
    assert_eq!(code(&reply), Some("chain_unavailable"), "{reply}");
    // Nothing can be recorded on this chain any more; the next start takes the next one.
    assert!(daemon.wait_for(LONG), "the daemon goes on refusing all");
    assert!(daemon.stop().is_err());
    assert_eq!(home.chain("audit").len(), 2);
    let daemon = home.start();
    assert_eq!(daemon.chain_id(), "audit-2");
    home.connect().record(&event(""));
    daemon.stop().unwrap();
}

/// A receipt of a kind that only the daemon writes must be the daemon's.
#[test]
fn an_emitter_cannot_pass_its_events_off_as_the_daemons() {
    let home = Home::new();
    let daemon = home.start();
    for kind in ["agent_receipts.events_dropped", "agent_receipts.chain_interrupted", "agent.key.rotate"] {
        let reply = home.connect().ask(&event(&format!(r#""action_type":"{kind}""#)));
        assert_eq!(code(&reply), Some("invalid_frame"), "{reply}");
        // Nor by way of the parts that a type is made of.
        let (channel, tool) = kind.rsplit_once('.').unwrap();
        let parts = event("")
            .replace(r#""sdk""#, &format!(r#""{channel}""#))
            .replace(r#""name":"t""#, &format!(r#""name":"{tool}""#));
        assert_eq!(code(&home.connect().ask(&parts)), Some("invalid_frame"), "{parts}");
    }
    home.connect().record(&event(r#""action_type":"agent_receipts.other""#));
    daemon.stop().unwrap();
    assert_eq!(told_as_dropped(&home), 6);
}

/// One user's connections, each with a frame of numbers, each number two bytes on the wire and far more in memory.
#[test]
fn many_large_frames_at_once_do_not_fill_the_memory() {
    let home = Home::new();
    let before = resident_peak();
    let Held { daemon, held, .. } = Held::start(&home);
    let usage = format!(r#""usage":[{}0]"#, "0,".repeat(500_000));
    let frame = Arc::new(event(&usage));
    let sent = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..64)
        .map(|_| {
            let (frame, sent) = (Arc::clone(&frame), Arc::clone(&sent));
            let mut client = home.connect();
            thread::spawn(move || {
                client.send(&frame);
                sent.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    eventually("all frames are read", || sent.load(Ordering::SeqCst) == 64);
    // They are parsed now, as far as the daemon lets them.
    let mut last = 0;
    eventually("the memory settles", || {
        thread::sleep(Duration::from_millis(300));
        std::mem::replace(&mut last, resident_peak()) == last
    });
    held.store(false, Ordering::SeqCst);
    clients.into_iter().for_each(|client| client.join().unwrap());
    eventually("all are recorded", || home.rows().len() == 64);
    daemon.stop().unwrap();
    let grown = resident_peak() - before;
    assert!(grown < 512 << 20, "{} MiB for 64 frames of 1 MiB", grown >> 20);
}

/// The most bytes of memory that this process has had.
fn resident_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    kibibytes.map_or(0, |count| count.parse::<u64>().unwrap()) << 10
}

/// The published key of a rotation under way looks like that of one cut short. Only the lock on the database tells.
#[test]
fn a_second_start_leaves_the_files_of_a_rotation_under_way_alone() {
    let home = Home::new();
    home.start().stop().unwrap();
    let rotating = SqliteStore::open(&home.config.db).unwrap();
    let next = home.path("k.pub.next");
    std::fs::write(&next, Home::with_seed([7; 32]).public_key.to_pem()).unwrap();
    let error = home.try_start().unwrap_err().to_string();
    assert!(error.contains("another daemon is writing"), "{error}");
    assert!(next.exists(), "the next public key was taken from under the rotation");
    drop(rotating);
    home.start().stop().unwrap();
    assert!(!next.exists());
}

/// The anchor may stand where others can write. A FIFO there would hold the rotation, and with it the database, for ever.
#[test]
fn an_anchor_that_is_no_file_is_refused() {
    let home = Arc::new(Home::new());
    let anchor = home.path("anchor");
    let made = std::process::Command::new("mkfifo").arg(&anchor).status().unwrap();
    assert!(made.success());
    // With a reader and without one.
    for with_reader in [false, true] {
        let reader =
            with_reader.then(|| std::fs::OpenOptions::new().read(true).write(true).open(&anchor).unwrap());
        let (done, outcome) = mpsc::channel();
        let (home_of, anchor) = (Arc::clone(&home), anchor.clone());
        thread::spawn(move || {
            let outcome = rotate(&home_of.config, &[1; 32].into(), Some(&anchor), home_of.surroundings());
            done.send(outcome.map(drop)).unwrap();
        });
        let outcome = outcome.recv_timeout(LONG).expect("the rotation hangs");
        assert!(outcome.unwrap_err().to_string().contains("anchor"));
        drop(reader);
    }
    assert!(home.rows().is_empty());
    let mode = std::fs::metadata(home.path("k")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!home.path("k.next").exists());
}

/// Whoever can write the database, while a rotation lies cut short, can name the next key in a receipt of his own.
#[test]
fn a_hand_over_that_our_key_did_not_sign_installs_no_key() {
    let home = Home::new();
    home.start().stop().unwrap();
    let mut forger = Home::with_seed([66; 32]);
    forger.config.chain_id = Some("forged".to_owned());
    rotate(&forger.config, &[9; 32].into(), None, forger.surroundings()).unwrap();
    let database = rusqlite::Connection::open(&home.config.db).unwrap();
    database.execute("ATTACH ?1 AS forged", [forger.config.db.to_str().unwrap()]).unwrap();
    assert_eq!(database.execute("INSERT INTO receipts SELECT * FROM forged.receipts", []).unwrap(), 1);
    drop(database);
    let ours = std::fs::read(home.path("k")).unwrap();
    std::fs::copy(forger.path("k"), home.path("k.next")).unwrap();
    std::fs::copy(forger.path("k.pub"), home.path("k.pub.next")).unwrap();
    home.start().stop().unwrap();
    assert_eq!(std::fs::read(home.path("k")).unwrap(), ours, "our key was destroyed");
    assert!(!home.path("k.next").exists() && !home.path("k.pub.next").exists());
}

/// After a conflict, the root's tail may be a stranger's. Looking for an agent's chain must not go round for ever then.
#[test]
fn a_stranger_on_the_root_chain_ends_the_daemon() {
    for agent in ["", r#""agent_id":"a""#] {
        let home = Home::new();
        let daemon = home.start();
        home.connect().record(&event(""));
        home.connect().record(&event(r#""agent_id":"a""#));
        let stranger = Home::with_seed([66; 32]);
        let session = stranger.start();
        for more in ["", "", r#""agent_id":"a""#, r#""agent_id":"a""#] {
            stranger.connect().record(&event(more));
        }
        session.stop().unwrap();
        let database = rusqlite::Connection::open(&home.config.db).unwrap();
        database.execute("ATTACH ?1 AS other", [stranger.config.db.to_str().unwrap()]).unwrap();
        let written = "INSERT INTO receipts SELECT * FROM other.receipts WHERE sequence = 2";
        assert_eq!(database.execute(written, []).unwrap(), 2);
        drop(database);
        home.connect().send(&event(agent));
        assert!(daemon.wait_for(LONG), "the daemon goes round or refuses for ever");
        assert!(daemon.stop().is_err());
        assert_eq!(home.rows().len(), 4);
    }
}

/// The daemon has taken over what a refused event told. If the emitter told it again, every further try would add to it.
#[test]
fn drops_that_a_refused_event_told_of_are_counted_once() {
    use agent_receipts_ipc::{Ack, Decision, Emitter, EventToSend};
    let home = Home::new();
    let daemon = home.start();
    home.connect().record(&event(r#""agent_id":"a""#));
    daemon.stop().unwrap();
    let database = rusqlite::Connection::open(&home.config.db).unwrap();
    let opened = "DELETE FROM receipts WHERE action_type = 'agent_receipts.chain_interrupted'";
    database.execute(opened, []).unwrap();
    database.execute("UPDATE receipts SET receipt_hash = 'x' WHERE chain_id LIKE '%/agent/%'", []).unwrap();
    drop(database);
    let emitter = Emitter::builder().socket_path(&home.config.socket).build().unwrap();
    let mut to_send = EventToSend::new("sdk", "t", Decision::Allowed);
    (0..3).for_each(|_| drop(emitter.emit(&to_send).unwrap_err()));
    let daemon = home.start();
    to_send.agent_id = "a";
    for _ in 0..5 {
        let ack = emitter.emit_acknowledged(&to_send, LONG).unwrap();
        assert!(matches!(&ack, Ack::Refused { code, .. } if code == "chain_unavailable"), "{ack:?}");
    }
    to_send.agent_id = "";
    emitter.emit_acknowledged(&to_send, LONG).unwrap();
    daemon.stop().unwrap();
    let told = home.rows().into_iter().filter_map(|row| {
        let receipt =
            agent_receipts_core::Received::parse(row.row.receipt_json.as_bytes()).unwrap().into_receipt();
        receipt.subject.action.emitter_metadata?.drop_count
    });
    assert_eq!(told.sum::<u64>(), 3 + 5);
}
