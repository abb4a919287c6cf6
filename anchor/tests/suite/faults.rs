//! Every kind of sink, with every effect on the disk failed once, the last of the process, or failed again in the repair; with
//! sinks that answer garbage or never; with a clock that stepped back: a clear error, and nothing lost.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use agent_receipts_anchor::{Disk, Effect};
use agent_receipts_chain::checkpoint::SignedCheckpoint;
use agent_receipts_core::ReceiptHash;
use agent_receipts_timestamp::{Options, TrustedCertificates, token_of_response, verify_token};

use crate::openssl::Authority;
use crate::server::{Reply, Server};
use crate::station::{NOW, Station, notes};
use crate::witness::{self, Witness};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Witness,
    Timestamp,
    #[cfg(feature = "s3")]
    S3,
}

const KINDS: &[Kind] = &[
    Kind::File,
    Kind::Witness,
    Kind::Timestamp,
    #[cfg(feature = "s3")]
    Kind::S3,
];

/// What a server answers instead of what it should.
type Trouble = fn() -> Reply;

/// A log of three receipts with two checkpoints, and one sink with whatever answers it.
struct Rig {
    kind: Kind,
    station: Station,
    sink: String,
    written: Vec<String>,
    authority: Arc<Authority>,
    server: Server,
    #[cfg(feature = "s3")]
    store: crate::s3::Store,
    /// Answers instead of the sink as long as there is one.
    trouble: Arc<Mutex<Option<Trouble>>>,
}

impl Rig {
    fn new(kind: Kind, authority: &Arc<Authority>) -> Self {
        let mut station = Station::new();
        let written = vec![station.log.grow(1), station.log.grow(2)];
        let (cosigner, log_key) = (Witness::default(), station.log.key());
        let trouble = Arc::new(Mutex::new(None::<Trouble>));
        #[cfg(feature = "s3")]
        let store = crate::s3::Store::default();
        #[cfg(feature = "s3")]
        let objects = store.clone();
        let (stamps, in_the_way) = (Arc::clone(authority), Arc::clone(&trouble));
        let server = Server::start(move |asked| {
            let instead = *in_the_way.lock().unwrap();
            match (instead, kind) {
                (Some(reply), _) => reply(),
                (None, Kind::Witness) => cosigner.answer(asked, &log_key),
                (None, Kind::Timestamp) => Reply::of(200, stamps.answer(&asked.body)),
                #[cfg(feature = "s3")]
                (None, Kind::S3) => objects.answer(asked),
                (None, Kind::File) => unreachable!("a file asks nobody"),
            }
        });
        let sink = match kind {
            Kind::File => "[[sink]]\nname = 'paper'\nkind = 'file'\n".to_owned(),
            Kind::Witness => witness::sink(&server),
            Kind::Timestamp => format!(
                "[[sink]]\nname = 'tsa'\nkind = 'timestamp'\nurl = '{}'\ncertificates = '{}'\ntimeout = '60s'\n",
                server.url(),
                authority.path("ca.pem").display()
            ),
            #[cfg(feature = "s3")]
            Kind::S3 => crate::s3::sink(&server.url(), crate::s3::LOCK),
        };
        Self {
            kind,
            station,
            sink,
            written,
            authority: Arc::clone(authority),
            server,
            #[cfg(feature = "s3")]
            store,
            trouble,
        }
    }

    fn once_on(&self, disk: Disk) -> bool {
        self.station.once_on(&self.sink, disk)
    }

    /// One round on a sound disk; the sink has everything then, each checkpoint once and as it was signed.
    fn recovers(&self, because: &str) {
        assert!(self.station.once(&self.sink), "{:?}, {because}: {}", self.kind, self.station.said());
        self.has_everything(because);
    }

    fn has_everything(&self, because: &str) {
        let because = format!("{:?}, {because}", self.kind);
        let sizes: Vec<u64> = self
            .written
            .iter()
            .map(|note| SignedCheckpoint::parse(note.as_bytes()).unwrap().checkpoint().size)
            .collect();
        let name = match self.kind {
            Kind::File => {
                let path = self.station.evidence("paper").join("checkpoints.ndjson");
                assert_eq!(notes(&path), self.written, "{because}");
                return;
            }
            Kind::Witness => "w1",
            Kind::Timestamp => "tsa",
            #[cfg(feature = "s3")]
            Kind::S3 => "vault",
        };
        let suffixes: &[&str] = if self.kind == Kind::Timestamp { &["note", "tsr"] } else { &["note"] };
        let names: Vec<_> = sizes
            .iter()
            .flat_map(|size| suffixes.iter().map(move |suffix| format!("{size:012}.{suffix}")))
            .collect();
        assert_eq!(self.station.names(name), names, "{because}");
        for (size, note) in sizes.iter().zip(&self.written) {
            let kept = self.station.read(name, &format!("{size:012}.note"));
            match self.kind {
                Kind::Witness => {
                    let cosigned = SignedCheckpoint::parse(kept.as_bytes()).unwrap();
                    assert!(kept.starts_with(note), "{because}");
                    Witness::key().cosignature(cosigned.note()).expect(&because);
                }
                Kind::Timestamp => {
                    assert_eq!(kept, *note, "{because}");
                    let answer =
                        std::fs::read(self.station.evidence(name).join(format!("{size:012}.tsr"))).unwrap();
                    let pem = std::fs::read_to_string(self.authority.path("ca.pem")).unwrap();
                    let trusted = TrustedCertificates::from_pem(&pem).unwrap();
                    let imprint = ReceiptHash::of(note.as_bytes());
                    let token = token_of_response(&answer).unwrap();
                    verify_token(token, imprint.as_bytes(), &trusted, &Options::default()).expect(&because);
                }
                #[cfg(feature = "s3")]
                Kind::S3 => {
                    assert_eq!(kept, *note, "{because}");
                    let object = self.store.object(&format!("/{size:012}.note"));
                    assert_eq!(object.as_deref(), Some(note.as_bytes()), "{because}");
                }
                Kind::File => unreachable!(),
            }
        }
    }
}

/// How a disk fails.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// From this effect on, as where the machine goes off. A write is torn.
    Last,
    /// This effect alone, with this error. A write is torn.
    Once(i32),
}

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// A disk that fails at the effect with this number, from 0, and whether it came that far.
fn failing(at: usize, fault: Fault) -> (Disk, Arc<AtomicBool>) {
    let count = AtomicUsize::new(0);
    let struck = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&struck);
    let disk = Disk::watched(move |effect| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let strikes = match fault {
            Fault::Last => number >= at,
            Fault::Once(_) => number == at,
        };
        if !strikes {
            return Ok(());
        }
        if let (true, Effect::Write(file, bytes)) = (number == at, effect) {
            (&mut &**file).write_all(&bytes[..bytes.len() / 2]).unwrap();
        }
        note.store(true, Ordering::SeqCst);
        Err(match fault {
            Fault::Last => io::Error::other("the machine is off"),
            Fault::Once(error) => io::Error::from_raw_os_error(error),
        })
    });
    (disk, struck)
}

/// Strikes at each effect in turn.
fn survives(fault: Fault, words: &str) {
    let authority = Arc::new(Authority::new());
    for kind in KINDS {
        for at in 0.. {
            let rig = Rig::new(*kind, &authority);
            let (disk, struck) = failing(at, fault);
            let all = rig.once_on(disk);
            if !struck.load(Ordering::SeqCst) {
                assert!(all && at > 20, "{kind:?}: only {at} effects were tried: {}", rig.station.said());
                break;
            }
            let said = rig.station.said();
            let because = format!("{fault:?} at effect {at}: {said}");
            assert!(!all && said.contains(words), "{kind:?}, {because}");
            let folder = rig.station.path("state").display().to_string();
            assert!(said.contains(&folder), "the file is not named: {kind:?}, {because}");
            rig.recovers(&because);
        }
    }
}

#[test]
fn whatever_effect_is_the_last_of_the_process_every_sink_gets_everything() {
    survives(Fault::Last, "the machine is off");
}

#[test]
fn a_full_disk_at_any_effect_is_told_and_costs_no_sink_anything() {
    survives(Fault::Once(ENOSPC), "No space left on device");
}

#[test]
fn a_failing_disk_at_any_effect_is_told_and_costs_no_sink_anything() {
    survives(Fault::Once(EIO), "Input/output error");
}

/// The same again while the first crash is being repaired, and while that is.
#[test]
fn crashes_in_the_repair_of_crashes_cost_no_sink_anything() {
    let authority = Arc::new(Authority::new());
    for kind in KINDS {
        let mut deepest = 0;
        for first in [10, 16] {
            for second in (0..).step_by(3) {
                let rig = Rig::new(*kind, &authority);
                rig.once_on(failing(first, Fault::Last).0);
                let (disk, struck) = failing(second, Fault::Last);
                rig.once_on(disk);
                rig.once_on(failing(second / 2, Fault::Once(ENOSPC)).0);
                rig.recovers(&format!("effects {first}, {second} and {}", second / 2));
                if !struck.load(Ordering::SeqCst) {
                    break;
                }
                deepest = deepest.max(second);
            }
        }
        assert!(deepest > 8, "{kind:?}: the repair was never interrupted deeper than {deepest}");
    }
}

/// What `unfriendly.rs` shows to be an error each is here shown to lose nothing.
#[test]
fn after_answers_of_any_kind_every_sink_gets_everything() {
    let authority = Arc::new(Authority::new());
    let troubles: [(&str, Trouble); 6] = [
        ("no answer", || Reply::Silence),
        ("a byte now and then", || Reply::Drip),
        ("no end", || Reply::Endless),
        ("cut off", || Reply::Raw(b"HTTP/1.1 200 x\r\ncontent-length: 50\r\n\r\nabc".to_vec())),
        ("garbage", || Reply::Raw(b"\x16\x03\x01\x02\x00\x01\r\n\r\n".to_vec())),
        ("a page", || Reply::of(200, "<html>hello</html>")),
    ];
    for kind in KINDS.iter().filter(|kind| **kind != Kind::File) {
        let mut rig = Rig::new(*kind, &authority);
        let sound = rig.sink.clone();
        for (what, reply) in troubles {
            *rig.trouble.lock().unwrap() = Some(reply);
            // Whoever waits for an answer waits no longer than this; the sound rounds below have the time that they need.
            rig.sink = sound.replace("'60s'", "'1s'").replace("'20s'", "'1s'");
            rig.server.asked();
            assert!(!rig.once_on(Disk::system()), "{kind:?}, {what}: taken for a delivery");
            assert!(!rig.server.asked().is_empty(), "{kind:?}, {what}: nobody was asked");
            assert!(rig.station.said().contains("attempt 1: "), "{kind:?}, {what}");
            *rig.trouble.lock().unwrap() = None;
            rig.sink = sound.clone();
            rig.recovers(what);
            // The next trouble has something to deliver, too.
            let next = rig.station.log.grow(1);
            rig.written.push(next);
        }
        rig.recovers("at last");
    }
}

/// The clock dates what is noted, and decides nothing.
#[test]
fn a_clock_that_steps_back_an_hour_costs_no_sink_anything() {
    let authority = Arc::new(Authority::new());
    for kind in KINDS {
        let mut rig = Rig::new(*kind, &authority);
        assert!(rig.station.once_at(&rig.sink, NOW), "{kind:?}: {}", rig.station.said());
        rig.has_everything("before the step");
        let next = rig.station.log.grow(1);
        rig.written.push(next);
        assert!(rig.station.once_at(&rig.sink, NOW - 3_600), "{kind:?}: {}", rig.station.said());
        rig.has_everything("after the step");
        assert!(rig.station.once_at(&rig.sink, NOW - 3_600), "{kind:?}: {}", rig.station.said());
        // And while a delivery is under way: what was written an hour in the future is taken up as it is.
        let next = rig.station.log.grow(1);
        rig.written.push(next);
        rig.once_on(failing(5, Fault::Last).0);
        assert!(rig.station.once_at(&rig.sink, NOW - 7_200), "{kind:?}: {}", rig.station.said());
        rig.has_everything("after a crash and another step");
    }
}
