//! `verify --anchors`: what authorities and witnesses signed of checkpoints that were kept elsewhere.

use std::fs;
use std::path::PathBuf;

use agent_receipts_chain::checkpoint::{KeyName, NoteSignature, SignedCheckpoint, WitnessKey};
use agent_receipts_core::ReceiptHash;
use agent_receipts_timestamp::request;

use crate::authority::{Authority, Kind};
use crate::chains::{Chain, Key};
use crate::checkpoints::{checkpoint, house};
use crate::house::{House, Said};

/// A witness whose key is made of one byte.
struct Witness(Key);

impl Witness {
    fn key(&self, name: &str) -> WitnessKey {
        WitnessKey { name: KeyName::new(name).unwrap(), key: self.0.public() }
    }

    /// The note with a cosignature below it, made at a time.
    fn cosign(&self, note: &str, name: &str, time: u64) -> String {
        let mut signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let message = format!("cosignature/v1\ntime {time}\n{}", signed.note().text());
        let bytes = [&time.to_be_bytes()[..], self.0.sign(message.as_bytes()).as_bytes()].concat();
        let WitnessKey { name, .. } = &self.key(name);
        let signature = NoteSignature { name: name.clone(), key_id: self.key(name.as_str()).id(), bytes };
        signed.note_mut().add(signature).unwrap();
        signed.to_string()
    }
}

/// A house of 20 receipts, and in its folder `kept` checkpoints over 5, 12 and 20 of them.
struct Kept {
    house: House,
    notes: Vec<(u64, String)>,
}

impl Kept {
    fn new() -> Self {
        let key = Key::new(1);
        let rows = Chain::new("a").rows(&key, 20);
        let house = house(&key, &rows);
        fs::create_dir(house.path("kept")).unwrap();
        let notes = [5, 12, 20].map(|size| (size as u64, checkpoint(&rows[..size], &key).0.note));
        let kept = Self { house, notes: notes.to_vec() };
        kept.notes.iter().for_each(|(size, note)| fs::write(kept.file(*size, "note"), note).unwrap());
        kept
    }

    fn file(&self, size: u64, suffix: &str) -> PathBuf {
        self.house.path(&format!("kept/{size:012}.{suffix}"))
    }

    /// Has every note stamped.
    fn stamp(&self, authority: &Authority) {
        for (size, note) in &self.notes {
            let answer = authority.answer(&request(ReceiptHash::of(note.as_bytes()).as_bytes(), None));
            fs::write(self.file(*size, "tsr"), answer).unwrap();
        }
        fs::write(self.house.path("root.pem"), authority.pem("root")).unwrap();
    }

    fn cosign(&self, witness: &Witness, name: &str) {
        for (size, note) in &self.notes {
            fs::write(self.file(*size, "note"), witness.cosign(note, name, 1_795_000_100 + size)).unwrap();
        }
    }

    fn verify(&self, more: &[&str]) -> Said {
        self.house.say(["verify", "--anchors", "kept"].iter().chain(more))
    }

    fn is_contradicted(&self, more: &[&str], words: &[&str]) {
        let said = self.verify(more);
        assert!(said.code == 1 && said.out.contains("Anchors: CONTRADICTED"), "{}", said.all());
        let is_told = said.out.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(is_told, "{words:?}: {}", said.all());
    }
}

#[test]
fn time_stamps_of_checkpoints_are_judged_where_their_authority_is_named() {
    let (authority, kept) = (Authority::new(&Kind::default()), Kept::new());
    kept.stamp(&authority);
    let judged = kept.verify(&["--tsa-cert", "root.pem"]);
    assert_eq!(judged.code, 0, "{}", judged.all());
    assert!(
        judged.out.contains("  time stamps: 3 hold; the newest over 20 receipts, seen at 20"),
        "{}",
        judged.all()
    );
    assert!(!judged.out.contains("not judged"), "{}", judged.all());
    let json = kept.verify(&["--tsa-cert", "root.pem", "--json"]).json();
    let stamps = &json["anchors"]["attestations"]["time_stamps"];
    assert_eq!((&stamps["held"], &stamps["not_judged"]), (&3.into(), &0.into()));
    assert_eq!(stamps["newest"]["size"], 20);
    let plain = kept.verify(&[]);
    assert_eq!(plain.code, 0, "{}", plain.all());
    assert!(plain.out.contains("  3 time stamps not judged (--tsa-cert"), "{}", plain.all());
    // One note alone has its time stamp beside it, too.
    let alone = ["verify", "--anchors", "kept/000000000012.note", "--tsa-cert", "root.pem"];
    let alone = kept.house.say(alone);
    assert!(alone.out.contains("time stamps: 1 hold; the newest over 12 receipts"), "{}", alone.all());
}

#[test]
fn a_time_stamp_that_does_not_hold_is_a_finding_that_names_the_checkpoint() {
    let (authority, kept) = (Authority::new(&Kind::default()), Kept::new());
    kept.stamp(&authority);
    let token = kept.file(12, "tsr");
    let good = fs::read(&token).unwrap();
    let tsa = ["--tsa-cert", "root.pem"];
    let over = "the time stamp of the checkpoint over 12 receipts does not hold";
    let of_another = fs::read(kept.file(5, "tsr")).unwrap();
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    for (bytes, reason) in [
        (of_another, "not for this hash"),
        (flipped, "signature"),
        (good[..good.len() / 2].to_vec(), "not that of a time-stamp authority"),
        (Vec::new(), "not that of a time-stamp authority"),
        (b"<html>".to_vec(), "not that of a time-stamp authority"),
        (vec![0x30; 1 << 20], "bytes"),
    ] {
        fs::write(&token, bytes).unwrap();
        kept.is_contradicted(&tsa, &[over, reason, "000000000012.tsr"]);
    }
    // Behind another root.
    fs::write(&token, &good).unwrap();
    fs::write(kept.house.path("root.pem"), Authority::new(&Kind::default()).pem("root")).unwrap();
    kept.is_contradicted(&tsa, &[over]);
    fs::write(kept.house.path("root.pem"), authority.pem("root")).unwrap();
    // Something else in its place.
    fs::remove_file(&token).unwrap();
    std::os::unix::fs::symlink(kept.file(5, "tsr"), &token).unwrap();
    kept.is_contradicted(&tsa, &[over, "no file"]);
    fs::remove_file(&token).unwrap();
    assert_eq!(kept.verify(&tsa).code, 0);
    // A checkpoint was taken away from its time stamp.
    fs::remove_file(kept.file(5, "note")).unwrap();
    for more in [&tsa[..], &[]] {
        kept.is_contradicted(more, &["no evidence", "checkpoint that it is for", "000000000005.tsr"]);
    }
    let unusable = kept.verify(&["--tsa-cert", "kept/000000000012.note"]);
    assert_eq!(unusable.code, 2, "{}", unusable.all());
}

#[test]
fn cosignatures_are_judged_by_the_keys_that_are_named() {
    let (kept, witness) = (Kept::new(), Witness(Key::new(9)));
    kept.cosign(&witness, "w.test/1");
    let key = witness.key("w.test/1").to_string();
    let judged = kept.verify(&["--witness-key", &key]);
    assert_eq!(judged.code, 0, "{}", judged.all());
    let line = "  cosigned by w.test/1: 3 hold; the newest over 20 receipts, seen at 2026-11-18T11:08:40Z\n";
    assert!(judged.out.ends_with(line), "{}", judged.all());
    let json = kept.verify(&["--witness-key", &key, "--json"]).json();
    let attestations = &json["anchors"]["attestations"];
    assert_eq!(attestations["witnesses"]["w.test/1"]["held"], 3);
    assert_eq!(attestations["cosignatures_not_judged"], 0);
    let plain = kept.verify(&[]);
    assert!(
        plain.code == 0 && plain.out.contains("  3 cosignatures not judged (--witness-key"),
        "{}",
        plain.all()
    );
    // Several, one of whom has cosigned but one of them.
    let second = Witness(Key::new(8));
    let once = witness.cosign(&kept.notes[1].1, "w.test/1", 1_795_000_112);
    fs::write(kept.file(12, "note"), second.cosign(&once, "w.test/2", 1_795_000_900)).unwrap();
    let other = second.key("w.test/2").to_string();
    let both = kept.verify(&["--witness-key", &key, "--witness-key", &other]);
    assert!(
        both.code == 0 && both.out.contains("w.test/2: 1 hold; the newest over 12 receipts"),
        "{}",
        both.all()
    );
    let one = kept.verify(&["--witness-key", &key]);
    assert!(one.code == 0 && one.out.contains("  1 cosignature not judged"), "{}", one.all());
}

#[test]
fn a_cosignature_that_does_not_hold_is_a_finding_that_names_the_checkpoint() {
    let (kept, witness) = (Kept::new(), Witness(Key::new(9)));
    kept.cosign(&witness, "w.test/1");
    let key = witness.key("w.test/1").to_string();
    let mine = ["--witness-key", &key];
    let whole = fs::read_to_string(kept.file(12, "note")).unwrap();
    let last_line = |size: u64| {
        let text = fs::read_to_string(kept.file(size, "note")).unwrap();
        format!("{}\n", text.lines().last().unwrap())
    };
    let over = &[
        "cosignature of \"w.test/1\" below the checkpoint over 12 receipts does not hold",
        "000000000012.note",
    ];
    // Another checkpoint's, alone and behind the right one.
    for text in [format!("{}{}", kept.notes[1].1, last_line(5)), format!("{whole}{}", last_line(20))] {
        fs::write(kept.file(12, "note"), text).unwrap();
        kept.is_contradicted(&mine, over);
        assert_eq!(kept.verify(&[]).code, 0, "nobody was named to judge it by");
    }
    // Taken away from all.
    kept.notes.iter().for_each(|(size, note)| fs::write(kept.file(*size, "note"), note).unwrap());
    kept.is_contradicted(&mine, &["no checkpoint here is cosigned by \"w.test/1\""]);
    // By another key under the same name.
    kept.cosign(&Witness(Key::new(7)), "w.test/1");
    kept.is_contradicted(&mine, &["no checkpoint here is cosigned by \"w.test/1\""]);
    for wrong in ["w.test/1", "", &key[..key.len() - 1], &key.replacen("w.test", "v.test", 1)] {
        let said = kept.verify(&["--witness-key", wrong]);
        assert!(said.code == 2 && said.err.contains("--witness-key"), "{wrong}: {}", said.all());
    }
    assert_eq!(kept.house.say(["verify", "--witness-key", &key]).code, 2, "there is nothing to judge");
}

/// A stranger's signature makes nothing good that the log's own do not.
#[test]
fn what_strangers_signed_does_not_stand_for_what_the_log_has_not() {
    let (authority, kept, witness) = (Authority::new(&Kind::default()), Kept::new(), Witness(Key::new(9)));
    let thief = Key::new(3);
    let forged = checkpoint(&Chain::new("a").rows(&thief, 20), &thief).0.note;
    let forged = witness.cosign(&forged, "w.test/1", 1_795_000_500);
    fs::write(kept.file(20, "note"), &forged).unwrap();
    let answer = authority.answer(&request(ReceiptHash::of(forged.as_bytes()).as_bytes(), None));
    fs::write(kept.file(20, "tsr"), answer).unwrap();
    fs::write(kept.house.path("root.pem"), authority.pem("root")).unwrap();
    let key = witness.key("w.test/1").to_string();
    let more = ["--tsa-cert", "root.pem", "--witness-key", &key];
    kept.is_contradicted(&more, &["no key that the published key vouches for"]);
    let json = kept.verify(&["--json", "--tsa-cert", "root.pem", "--witness-key", &key]).json();
    assert_eq!(json["anchors"]["attestations"]["time_stamps"]["held"], 0);
    assert_eq!(json["anchors"]["attestations"]["witnesses"]["w.test/1"]["held"], 0);
}
