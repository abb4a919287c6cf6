//! One checkpoint is shown to extend another, without the log.

use std::ops::Range;

use agent_receipts_chain::checkpoint::{
    Checkpoint, ExtensionProof, ExtensionProofError, Head, HeadList, KeyName, MAX_NOTE, NoteError, Side,
    SignedCheckpoint,
};
use agent_receipts_chain::tree::{
    Frontier, GROUP, NodeHash, ProofError, TreeReader, prove_consistency, root_of,
};
use agent_receipts_core::{ReceiptHash, Timestamp};

use crate::support::Key;

/// A log of any size in which every group has the same leaves.
struct Uniform(Vec<NodeHash>, NodeHash);

impl Uniform {
    fn new() -> Self {
        let leaves: Vec<_> = (0..GROUP).map(|leaf| NodeHash::of_leaf(&leaf.to_be_bytes())).collect();
        let mut tree = Frontier::default();
        for leaf in &leaves {
            tree.push(*leaf);
        }
        Self(leaves, tree.root())
    }

    /// A checkpoint of the log `name` over the first `size` leaves, of which one chain moved.
    fn checkpoint(&mut self, name: &str, size: u64, key: &Key) -> SignedCheckpoint {
        let tip = ReceiptHash::of(&size.to_be_bytes());
        let heads = HeadList::new([Head { chain_id: "2026-11-22".into(), sequence: size, tip }]);
        let time = Timestamp::from_unix(1_795_000_000 + size as i64, 0).unwrap();
        let tree = (size, root_of(self, size).unwrap());
        let name = KeyName::new(name).unwrap();
        let said = Checkpoint::new(name, tree, time, key.public().fingerprint(), &heads);
        SignedCheckpoint::sign(said, &key.public(), key).unwrap()
    }

    fn proof(&mut self, earlier: u64, later: u64, key: &Key) -> ExtensionProof {
        let path = prove_consistency(self, earlier, later).unwrap().path;
        ExtensionProof::new(self.checkpoint(LOG, earlier, key), self.checkpoint(LOG, later, key), path)
    }
}

const LOG: &str = "agent-receipts/0f1e2d3c4b5a6978";

impl TreeReader for Uniform {
    type Error = std::convert::Infallible;

    fn group(&mut self, _: u64) -> Result<NodeHash, Self::Error> {
        Ok(self.1)
    }

    fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, Self::Error> {
        let first = usize::try_from(range.start % GROUP).unwrap();
        Ok(self.0[first..first + usize::try_from(range.end - range.start).unwrap()].to_vec())
    }
}

#[test]
fn every_extension_of_small_logs_is_shown_and_read_back() {
    let (mut log, key) = (Uniform::new(), Key::new(1));
    for later in 0..20 {
        for earlier in 0..=later {
            let proof = log.proof(earlier, later, &key);
            let read = ExtensionProof::parse(&proof.to_json()).unwrap();
            assert_eq!((&read, read.to_json()), (&proof, proof.to_json()));
            let shown = read.verify(&[key.public()], &[]).unwrap();
            assert_eq!((shown.earlier.size, shown.later.size), (earlier, later));
            assert_eq!(shown.later_signed_by, key.public().fingerprint());
        }
    }
}

#[test]
fn among_a_million_receipts_a_proof_is_below_two_kilobytes() {
    let (mut log, key) = (Uniform::new(), Key::new(1));
    let mut largest = 0;
    for earlier in [1, 2, 999, 262_144, 349_525, 500_000, 699_051, 786_431, 990_000, 999_999] {
        let proof = log.proof(earlier, 1_000_000, &key);
        proof.verify(&[key.public()], &[]).unwrap();
        largest = largest.max(proof.to_json().len());
    }
    println!("{largest} bytes at most");
    assert!(largest < 2_000, "{largest} bytes");
}

#[test]
fn what_was_swapped_mixed_or_cut_does_not_hold() {
    let (mut log, key) = (Uniform::new(), Key::new(1));
    let keys = [key.public()];
    let good = log.proof(300, 1_000, &key);
    let path = prove_consistency(&mut log, 300, 1_000).unwrap().path;
    let (earlier, later) = (good.earlier().clone(), good.later().clone());
    let judge = |earlier: &SignedCheckpoint, later: &SignedCheckpoint, path: &[NodeHash]| {
        ExtensionProof::new(earlier.clone(), later.clone(), path.to_vec()).verify(&keys, &[]).map(drop)
    };
    assert_eq!(judge(&earlier, &later, &path), Ok(()));
    assert_eq!(
        judge(&later, &earlier, &path),
        Err(ExtensionProofError::Shrinks { earlier: 1_000, later: 300 })
    );
    let other = log.checkpoint("another", 1_000, &key);
    assert!(matches!(judge(&earlier, &other, &path), Err(ExtensionProofError::OtherLog { .. })));
    let wrong = |error| Err(ExtensionProofError::Consistency(error));
    for cut in 0..path.len() {
        assert!(matches!(
            judge(&earlier, &later, &path[..cut]),
            Err(ExtensionProofError::Consistency(ProofError::WrongLength | ProofError::WrongRoot))
        ));
        let mut changed = path.clone();
        changed[cut] = NodeHash::empty();
        assert_eq!(judge(&earlier, &later, &changed), wrong(ProofError::WrongRoot), "{cut}");
    }
    let long = [path.as_slice(), &[NodeHash::empty()]].concat();
    assert_eq!(judge(&earlier, &later, &long), wrong(ProofError::WrongLength));
    // Other sizes than those that the hashes are for.
    for (first, second) in [(299, 1_000), (301, 1_000), (300, 999), (300, 1_001), (300, 300), (0, 1_000)] {
        let (first, second) = (log.checkpoint(LOG, first, &key), log.checkpoint(LOG, second, &key));
        assert!(judge(&first, &second, &path).is_err());
    }
    // One history under two roots: as many receipts, other ones.
    let said = Checkpoint { root: NodeHash::empty(), ..later.checkpoint().clone() };
    let fork = SignedCheckpoint::sign(said, &key.public(), &key).unwrap();
    assert_eq!(judge(&earlier, &fork, &path), wrong(ProofError::WrongRoot));
    assert_eq!(judge(&later, &fork, &[]), wrong(ProofError::WrongRoot));
}

#[test]
fn who_signed_counts_on_both_sides() {
    let (mut log, old, new) = (Uniform::new(), Key::new(1), Key::new(2));
    let path = prove_consistency(&mut log, 30, 90).unwrap().path;
    let rotated =
        ExtensionProof::new(log.checkpoint(LOG, 30, &old), log.checkpoint(LOG, 90, &new), path.clone());
    let shown = rotated.verify(&[new.public()], &[old.public()]).unwrap();
    assert_eq!(shown.earlier_signed_by, old.public().fingerprint());
    let named = old.public().fingerprint();
    assert_eq!(
        rotated.verify(&[new.public()], &[]),
        Err(ExtensionProofError::NotTrusted { side: Side::Earlier, named })
    );
    // A key that is only found in an archive vouches for nothing new.
    assert_eq!(
        log.proof(30, 90, &old).verify(&[new.public()], &[old.public()]),
        Err(ExtensionProofError::NotTrusted { side: Side::Later, named })
    );
    for side in [Side::Earlier, Side::Later] {
        let text = |size, of| {
            let note = log_text(size, &old);
            if side == of { note.replace("time 2026", "time 2025") } else { note }
        };
        let (earlier, later) = (text(30, Side::Earlier), text(90, Side::Later));
        let read = |text: String| SignedCheckpoint::parse(text.as_bytes()).unwrap();
        let tampered = ExtensionProof::new(read(earlier), read(later), path.clone());
        let error = NoteError::BadSignature { name: KeyName::new(LOG).unwrap() };
        assert_eq!(
            tampered.verify(&[old.public()], &[]),
            Err(ExtensionProofError::Signature { side, error })
        );
    }
}

fn log_text(size: u64, key: &Key) -> String {
    Uniform::new().checkpoint(LOG, size, key).to_string()
}

#[test]
fn what_is_no_such_proof_is_refused() {
    let (mut log, key) = (Uniform::new(), Key::new(1));
    let proof: serde_json::Value = serde_json::from_slice(&log.proof(30, 90, &key).to_json()).unwrap();
    let parse = |value: &serde_json::Value| ExtensionProof::parse(value.to_string().as_bytes()).unwrap_err();
    let with = |member: &str, value: serde_json::Value| {
        let mut changed = proof.clone();
        changed[member] = value;
        changed
    };
    let long = "AAAA".repeat(64 * 11 + 1);
    for (member, value, error) in [
        ("path", "A".into(), ExtensionProofError::Member { member: "path" }),
        ("path", "AAAA".into(), ExtensionProofError::Member { member: "path" }),
        ("path", long.into(), ExtensionProofError::Member { member: "path" }),
        ("path", 7.into(), ExtensionProofError::Member { member: "path" }),
        ("earlier", 7.into(), ExtensionProofError::Member { member: "earlier" }),
        ("later", serde_json::Value::Null, ExtensionProofError::Member { member: "later" }),
        ("format", "agent-receipts-extension/2".into(), ExtensionProofError::Format),
        ("format", "agent-receipts-proof/1".into(), ExtensionProofError::Format),
    ] {
        assert_eq!(parse(&with(member, value)), error, "{member}");
    }
    let note = parse(&with("later", "no note".into())).to_string();
    assert!(note.starts_with("the later checkpoint: "), "{note}");
    assert!(matches!(ExtensionProof::parse(b"{"), Err(ExtensionProofError::Json(_))));
    assert_eq!(ExtensionProof::parse(b"[]"), Err(ExtensionProofError::Format));
    let huge = vec![b' '; 4 * MAX_NOTE + 1];
    assert_eq!(ExtensionProof::parse(&huge), Err(ExtensionProofError::TooLong));
}
