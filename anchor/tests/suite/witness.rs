//! A witness of our own, which holds the log to the protocol (C2SP tlog-witness), and others that do not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use agent_receipts_chain::checkpoint::{KeyName, NoteSignature, SignedCheckpoint, WitnessKey};
use agent_receipts_chain::tree::{ConsistencyProof, NodeHash};
use agent_receipts_core::{PublicKey, Signer as _};

use crate::log::Key;
use crate::server::{Asked, Reply, Server};
use crate::station::Station;

const NAME: &str = "witness.test/w1";

/// Remembers the latest checkpoint of each log.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<HashMap<String, (u64, NodeHash)>>>);

impl Witness {
    pub(crate) fn key() -> WitnessKey {
        WitnessKey { name: KeyName::new(NAME).unwrap(), key: Key::new(9).public() }
    }

    fn size(&self) -> u64 {
        self.0.lock().unwrap().values().next().map_or(0, |(size, _)| *size)
    }

    pub(crate) fn serve(&self, log_key: PublicKey) -> Server {
        let witness = self.clone();
        Server::start(move |asked| witness.answer(asked, &log_key))
    }

    pub(crate) fn answer(&self, asked: &Asked, log_key: &PublicKey) -> Reply {
        assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/w/add-checkpoint"));
        let text = String::from_utf8(asked.body.clone()).unwrap();
        let (head, note) = text.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        let path: Vec<_> = lines.map(|line| NodeHash::from_base64(line).unwrap()).collect();
        let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let checkpoint = signed.checkpoint();
        if checkpoint.origin != KeyName::of_log(log_key) {
            return Reply::of(404, "no such log\n");
        }
        if signed.verify(log_key).is_err() {
            return Reply::of(403, "");
        }
        if old > checkpoint.size {
            return Reply::of(400, "");
        }
        let mut logs = self.0.lock().unwrap();
        let latest = logs.entry(checkpoint.origin.to_string()).or_insert((0, NodeHash::empty()));
        let other_root = latest.0 == checkpoint.size && latest.1 != checkpoint.root;
        if old != latest.0 || other_root {
            let headers = vec![("content-type", "text/x.tlog.size".to_owned())];
            return Reply::Answer(409, headers, format!("{}\n", latest.0).into_bytes());
        }
        let proof = ConsistencyProof { first_size: old, second_size: checkpoint.size, path };
        if proof.verify(&latest.1, &checkpoint.root).is_err() {
            return Reply::of(422, "");
        }
        *latest = (checkpoint.size, checkpoint.root);
        Reply::of(200, cosign(signed.note().text(), &Key::new(9)))
    }
}

/// The line that a key answers with, in the witness's name.
fn cosign(text: &str, key: &Key) -> String {
    let time = 1_900_000_123_u64;
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    let Ok(signature) = key.sign(message.as_bytes());
    let bytes = [time.to_be_bytes().as_slice(), signature.as_bytes()].concat();
    let line = NoteSignature { name: Witness::key().name, key_id: Witness::key().id(), bytes };
    format!("{line}\n")
}

pub(crate) fn sink(server: &Server) -> String {
    format!(
        "[[sink]]\nname = 'w1'\nkind = 'witness'\nurl = '{}/w/'\nkey = '{}'\ntimeout = '20s'\n",
        server.url(),
        Witness::key()
    )
}

#[test]
fn every_checkpoint_is_cosigned_with_a_proof_that_the_log_only_grew() {
    let mut station = Station::new();
    let witness = Witness::default();
    let server = witness.serve(station.log.key());
    let mut names = Vec::new();
    let mut size = 0;
    for receipts in [1, 2, 4, 249, 1, 300, 700] {
        let note = station.log.grow(receipts);
        size += receipts;
        names.push(format!("{size:012}.note"));
        assert!(station.once(&sink(&server)), "{}", station.said());
        assert_eq!(witness.size(), size);
        let cosigned = station.read("w1", names.last().unwrap());
        assert_eq!(
            cosigned,
            note + &cosign(SignedCheckpoint::parse(cosigned.as_bytes()).unwrap().note().text(), &Key::new(9))
        );
    }
    assert_eq!(station.names("w1"), names);
}

/// What is left of receipts that were moved proves as much as they did.
#[test]
fn a_log_whose_receipts_were_moved_to_an_archive_still_only_grew() {
    let mut station = Station::new();
    let witness = Witness::default();
    let server = witness.serve(station.log.key());
    let mut size = 0;
    for (round, receipts) in [3, 300, 5, 700, 1].into_iter().enumerate() {
        if round == 2 {
            station.log.retire();
        }
        station.log.grow(receipts);
        size += receipts;
        assert!(station.once(&sink(&server)), "{}", station.said());
        assert_eq!(witness.size(), size);
    }
}

#[test]
fn a_witness_that_came_further_than_we_noted_is_followed() {
    let mut station = Station::new();
    let witness = Witness::default();
    let server = witness.serve(station.log.key());
    station.log.grow(3);
    station.log.grow(3);
    assert!(station.once(&sink(&server)));
    // As after a crash between the witness's answer and our note of it; and as after the loss of all our notes.
    std::fs::remove_dir_all(station.path("state")).unwrap();
    assert!(station.once(&sink(&server)), "{}", station.said());
    assert_eq!(station.names("w1"), ["000000000006.note"]);
    assert!(station.said().contains("the checkpoint over 3 receipts is passed over, it has one over 6"));
    station.log.grow(1);
    assert!(station.once(&sink(&server)));
    assert_eq!(witness.size(), 7);
}

#[test]
fn a_witness_that_has_seen_more_than_there_is_raises_an_alarm() {
    let mut station = Station::new();
    let witness = Witness::default();
    let server = witness.serve(station.log.key());
    station.log.grow(3);
    station.log.grow(3);
    assert!(station.once(&sink(&server)));
    std::fs::remove_dir_all(station.path("state")).unwrap();
    let mut rolled_back = crate::log::Log::create(&station.path("other.db"));
    rolled_back.grow(3);
    station.log = rolled_back;
    assert!(!station.once(&sink(&server)));
    let said = station.said();
    assert!(
        said.contains("ALARM") && said.contains("seen 6 receipts") && said.contains("here has 3"),
        "{said}"
    );
    assert!(station.names("w1").is_empty());
}

#[test]
fn a_witness_that_has_seen_another_history_raises_an_alarm() {
    for forged in [6, 7] {
        let mut station = Station::new();
        let witness = Witness::default();
        let server = witness.serve(station.log.key());
        station.log.grow(6);
        assert!(station.once(&sink(&server)));
        std::fs::remove_dir_all(station.path("state")).unwrap();
        let mut rewritten = crate::log::Log::create(&station.path("other.db"));
        rewritten.record(2);
        rewritten.become_other("forged");
        rewritten.grow(forged - 2);
        station.log = rewritten;
        assert!(!station.once(&sink(&server)));
        let said = station.said();
        assert!(said.contains("ALARM") && said.contains("the witness has seen another"), "{said}");
        assert!(station.names("w1").is_empty());
        assert_eq!(witness.size(), 6);
    }
}

#[test]
fn a_cosignature_that_does_not_hold_is_not_kept() {
    type Forge = fn(&str) -> String;
    let forgeries: [(&str, Forge); 7] = [
        ("does not hold", |text| cosign(text, &Key::new(8))),
        ("does not hold", |text| cosign(&text.replace("audit", "audis"), &Key::new(9))),
        ("there is no signature of", |text| cosign(text, &Key::new(9)).replace(NAME, "witness.test/w2")),
        ("not a list of signatures", |_| String::new()),
        ("not a list of signatures", |text| cosign(text, &Key::new(9)).trim_end().to_owned()),
        ("not a list of signatures", |text| format!("\n\n{}", cosign(text, &Key::new(9)))),
        ("does not hold", |text| cosign(text, &Key::new(9)) + &cosign(text, &Key::new(8))),
    ];
    for (expected, forge) in forgeries {
        let mut station = Station::new();
        station.log.grow(3);
        let server = Server::start(move |asked| {
            let text = String::from_utf8(asked.body.clone()).unwrap();
            let note = text.split_once("\n\n").unwrap().1;
            Reply::of(200, forge(SignedCheckpoint::parse(note.as_bytes()).unwrap().note().text()))
        });
        assert!(!station.once(&sink(&server)));
        let said = station.said();
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(station.names("w1").is_empty());
    }
}

#[test]
fn a_witness_that_answers_409_again_and_again_is_asked_twice_a_round() {
    for (answer, expected) in [
        ("0\n", "409 to the very size"),
        ("2\n", "409 to the very size"),
        ("", "without the size"),
        ("many\n", "without the size"),
        ("99999999999999999999\n", "without the size"),
    ] {
        let mut station = Station::new();
        station.log.grow(3);
        let server = Server::start(move |_| Reply::of(409, answer));
        assert!(!station.once(&sink(&server)));
        let said = station.said();
        assert!(said.contains(expected), "{answer:?}: {said}");
        assert!(server.asked().len() <= 2);
    }
}

#[test]
fn what_a_refusal_means_is_said() {
    for (status, expected) in [
        (403, "knows no key that signed this checkpoint"),
        (404, "does not know the log `agent-receipts/"),
        (422, "ALARM"),
        (400, "refused with status 400"),
        (500, "refused with status 500"),
        (302, "refused with status 302"),
    ] {
        let mut station = Station::new();
        station.log.grow(3);
        let server = Server::start(move |_| {
            Reply::Answer(
                status,
                vec![("location", "http://127.0.0.1:1/".into())],
                b"so\x1b[2J there".to_vec(),
            )
        });
        assert!(!station.once(&sink(&server)));
        let said = station.said();
        assert!(said.contains(expected), "{status}: {said}");
        assert!(!said.contains('\u{1b}'), "a stranger steers the terminal");
    }
}
