//! Checkpoints are read as they are written, and in no other way.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use agent_receipts_chain::checkpoint::{
    Checkpoint, CheckpointError, Head, HeadList, INLINE_BYTES, KeyName, MAX_HEADS, NoteError, NoteKey,
    ReceiptProof, ReceiptProofError, SignedCheckpoint, SignedNote,
};
use agent_receipts_chain::tree::{
    Frontier, GROUP, InclusionProof, NodeHash, TreeReader, prove_inclusion, root_of,
};
use agent_receipts_core::{ReceiptHash, Timestamp};

use crate::support::{Chain, Key};

/// The first signed note that was published (Go's `sumdb/note`), with its key.
#[test]
fn a_published_note_is_read_verified_and_written() {
    let note = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let key =
        NoteKey::from_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let read = SignedNote::parse(note.as_bytes()).unwrap();
    assert_eq!(read.verify(&key), Ok(()));
    assert_eq!(read.to_string(), note);
    let other = NoteKey { name: KeyName::new("EnochRoot").unwrap(), ..key };
    assert_eq!(read.verify(&other), Err(NoteError::NotSignedBy { name: other.name.clone() }));
}

/// The vectors were written and signed by another implementation of Ed25519 and of the format.
#[test]
fn every_sound_vector_is_accepted_and_written_back() {
    let notes = vectors("accept", "note");
    for (name, bytes) in &notes {
        let read = SignedCheckpoint::parse(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.verify(&Key::new(1).public()), Ok(()), "{name}");
        assert_eq!(read.to_string().as_bytes(), bytes, "{name}");
        let unknown = read.checkpoint().unknown_lines;
        if unknown == 0 {
            assert_eq!(read.checkpoint().to_text(), read.note().text(), "{name}");
        }
        assert_eq!(unknown, if name.starts_with("lines-of-a-later") { 2 } else { 0 }, "{name}");
        let heads = String::from_utf8(fs::read(folder("accept").join("three-heads.heads")).unwrap()).unwrap();
        let list = HeadList::parse(&heads).unwrap();
        assert_eq!(list.to_text(), heads);
        let expected =
            if read.checkpoint().heads.count == 3 { Ok(()) } else { Err(CheckpointError::ForeignHeads) };
        assert_eq!(read.checkpoint().check_heads(&list), expected, "{name}");
    }
    assert_eq!(notes.len(), 6);
}

#[test]
fn every_unsound_vector_is_refused_for_its_reason() {
    let notes = vectors("reject", "note");
    for (name, bytes) in &notes {
        let found = match SignedCheckpoint::parse(bytes) {
            Err(error) => class(&error),
            Ok(read) => match read.verify(&Key::new(1).public()) {
                Err(error) => note_class(&error).to_owned(),
                Ok(()) => "accepted".to_owned(),
            },
        };
        let (expected, _) = name.split_once("--").unwrap();
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(notes.len(), 55);
}

fn class(error: &CheckpointError) -> String {
    match error {
        CheckpointError::Note(error) => format!("Note.{}", note_class(error)),
        CheckpointError::Line { line, .. } => format!("Line.{line}"),
        other => format!("{other:?}"),
    }
}

fn note_class(error: &NoteError) -> &'static str {
    match error {
        NoteError::TooLong => "TooLong",
        NoteError::NotText => "NotText",
        NoteError::Unsigned => "Unsigned",
        NoteError::MalformedSignature { .. } => "MalformedSignature",
        NoteError::TooManySignatures => "TooManySignatures",
        NoteError::NotSignedBy { .. } => "NotSignedBy",
        NoteError::BadSignature { .. } => "BadSignature",
        _ => "another",
    }
}

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/checkpoints").join(kind)
}

fn vectors(kind: &str, extension: &str) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(folder(kind)).unwrap().map(|entry| entry.unwrap().path());
    let of_kind = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    of_kind
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect()
}

fn head(chain_id: &str, sequence: u64) -> Head {
    Head { chain_id: chain_id.to_owned(), sequence, tip: ReceiptHash::of(chain_id.as_bytes()) }
}

fn checkpoint(heads: &HeadList) -> Checkpoint {
    let key = Key::new(1).public();
    let time = Timestamp::from_unix(1_795_335_302, 7).unwrap();
    Checkpoint::new(KeyName::of_log(&key), (9, NodeHash::empty()), time, key.fingerprint(), heads)
}

#[test]
fn what_is_signed_is_read_back_whatever_the_chains_are_called() {
    let key = Key::new(1);
    let names = ["2026-11-22", "", "a b", "head 1\n\n— x", "\u{202e}é%41", "2026-11-22/agent/a"];
    let list = HeadList::new(names.map(|name| head(name, 7)));
    assert_eq!(HeadList::parse(&list.to_text()), Ok(list.clone()));
    let signed = SignedCheckpoint::sign(checkpoint(&list), &key.public(), &key).unwrap();
    let read = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
    assert_eq!(read.checkpoint().heads.count, 6);
    assert_eq!(read.checkpoint().newest, list.heads()[..read.checkpoint().newest.len()]);
    assert_eq!(read.checkpoint().check_heads(&list), Ok(()));
    assert_eq!(read.verify(&key.public()), Ok(()));
    assert!(read.verify(&Key::new(2).public()).is_err());
}

#[test]
fn a_note_stays_small_however_many_chains_moved_and_its_hash_stands_for_all_of_them() {
    let key = Key::new(1);
    let list = HeadList::new((0..5000).map(|chain| head(&format!("2026-11-22/agent/{chain}"), 1)));
    let signed = SignedCheckpoint::sign(checkpoint(&list), &key.public(), &key).unwrap();
    assert!(signed.to_string().len() < 500 + INLINE_BYTES, "{signed}");
    let said = signed.checkpoint();
    assert!(!said.newest.is_empty() && said.heads.count == 5000);
    let mut heads = list.heads().to_vec();
    heads[4999].sequence += 1;
    assert_eq!(said.check_heads(&HeadList::new(heads)), Err(CheckpointError::ForeignHeads));
    assert_eq!(said.check_heads(&list), Ok(()));
}

#[test]
fn a_list_of_heads_is_bounded_and_names_a_chain_once() {
    let many = HeadList::new((0..MAX_HEADS + 5).map(|chain| head(&chain.to_string(), 1)));
    assert_eq!(many.heads().len(), MAX_HEADS);
    let line = head("x", 1);
    let text = |count: usize| {
        (0..count).map(|chain| HeadList::new([head(&chain.to_string(), 1)]).to_text()).collect::<String>()
    };
    assert!(HeadList::parse(&text(MAX_HEADS)).is_ok());
    assert_eq!(HeadList::parse(&text(MAX_HEADS + 1)), Err(CheckpointError::TooManyHeads));
    let newest_of_two = HeadList::new([head("x", 2), head("x", 1), head(&"y".repeat(9000), 1)]);
    assert_eq!(newest_of_two.heads(), [head("x", 2)]);
    let twice = HeadList::new([line]).to_text().repeat(2);
    assert_eq!(HeadList::parse(&twice), Err(CheckpointError::ChainTwice { chain_id: "x".to_owned() }));
    let cut = twice.trim_end_matches('\n');
    assert!(matches!(HeadList::parse(&cut[..cut.len() / 2]), Err(CheckpointError::Line { line: 1, .. })));
}

/// A thousand sound notes, each with one byte changed: none verifies, and nothing panics.
#[test]
fn no_changed_byte_goes_unnoticed() {
    let (_, note) = vectors("accept", "note").into_iter().find(|(name, _)| name == "three-heads").unwrap();
    for at in 0..note.len() {
        for change in [1, 0x20, 0x80] {
            let mut changed = note.clone();
            changed[at] ^= change;
            let verified = SignedCheckpoint::parse(&changed)
                .is_ok_and(|read| read.verify(&Key::new(1).public()).is_ok());
            assert!(!verified, "byte {at} changed by {change:#x}");
        }
    }
}

/// A tree of a million leaves whose groups are made up, but for the one that the leaf is in.
struct Million(Vec<NodeHash>);

impl Million {
    const SIZE: u64 = 1_000_000;
    const INDEX: u64 = 700_001;
}

impl TreeReader for Million {
    type Error = std::convert::Infallible;

    fn group(&mut self, number: u64) -> Result<NodeHash, Self::Error> {
        if number != Self::INDEX / GROUP {
            return Ok(NodeHash::of_leaf(&number.to_be_bytes()));
        }
        let mut tree = Frontier::default();
        for leaf in &self.0 {
            tree.push(*leaf);
        }
        Ok(tree.root())
    }

    fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, Self::Error> {
        let within = |at: u64| usize::try_from(at % GROUP).unwrap();
        let first = within(range.start);
        Ok(self.0[first..first + usize::try_from(range.end - range.start).unwrap()].to_vec())
    }
}

#[test]
fn a_proof_in_a_million_receipts_is_below_two_kilobytes_beside_its_receipt() {
    let key = Key::new(1);
    let chain = Chain::of("2026-11-22", &key, 1);
    let mut leaves: Vec<_> = (0..GROUP).map(|leaf| NodeHash::of_leaf(&leaf.to_be_bytes())).collect();
    leaves[usize::try_from(Million::INDEX % GROUP).unwrap()] = NodeHash::of_receipt(&chain.hashes[0]);
    let mut reader = Million(leaves);
    let root = root_of(&mut reader, Million::SIZE).unwrap();
    let inclusion = prove_inclusion(&mut reader, Million::INDEX, Million::SIZE).unwrap();
    assert_eq!(inclusion.path.len(), 20);
    // As many chains with as long names as may be.
    let heads =
        HeadList::new((0..1000).map(|agent| head(&format!("2026-11-22/agent/{}{agent}", "x".repeat(60)), 1)));
    let said = Checkpoint::new(
        KeyName::of_log(&key.public()),
        (Million::SIZE, root),
        Timestamp::UNIX_EPOCH,
        key.public().fingerprint(),
        &heads,
    );
    let signed = SignedCheckpoint::sign(said, &key.public(), &key).unwrap();
    let proof = ReceiptProof::new(&chain.texts[0], inclusion, signed, Some(key.public())).unwrap();
    let json = proof.to_json();
    let beside = json.len() - chain.texts[0].len();
    assert!(beside < 2000, "{beside} bytes");
    let read = ReceiptProof::parse(&json).unwrap();
    let proven = read.verify(&[key.public()], &[]).unwrap();
    assert_eq!((proven.checkpoint.size, read.leaf_index()), (Million::SIZE, Million::INDEX));
    assert_eq!(read.to_json(), json);
}

#[test]
fn a_proof_holds_for_the_keys_that_are_trusted_and_an_earlier_key_may_have_signed_the_receipt() {
    let (old, new, stranger) = (Key::new(1), Key::new(2), Key::new(3));
    let chain = Chain::of("audit", &old, 1);
    let leaf = NodeHash::of_receipt(&chain.hashes[0]);
    let said = Checkpoint::new(
        KeyName::of_log(&old.public()),
        (1, leaf),
        Timestamp::UNIX_EPOCH,
        new.public().fingerprint(),
        &HeadList::default(),
    );
    let signed = SignedCheckpoint::sign(said, &new.public(), &new).unwrap();
    let inclusion = InclusionProof { leaf_index: 0, tree_size: 1, path: Vec::new() };
    let proof = ReceiptProof::new(&chain.texts[0], inclusion, signed, None).unwrap();
    let proven = proof.verify(&[new.public()], &[old.public()]).unwrap();
    assert_eq!(proven.receipt_signed_by, old.public().fingerprint());
    assert_eq!(proof.verify(&[new.public()], &[]), Err(ReceiptProofError::ReceiptSignature));
    for wrong in [&old, &stranger] {
        let refused = proof.verify(&[wrong.public()], &[old.public()]);
        assert_eq!(refused, Err(ReceiptProofError::NotTrusted { named: new.public().fingerprint() }));
    }
}
