//! What checkpoints cost a receipt, and what it costs to check a proof among a million receipts.

use std::convert::Infallible;
use std::ops::Range;

use agent_receipts_chain::checkpoint::{Checkpoint, Head, HeadList, KeyName, ReceiptProof, SignedCheckpoint};
use agent_receipts_chain::tree::{
    Frontier, GROUP, NodeHash, TreeReader, hash_of_text, prove_inclusion, root_of,
};
use agent_receipts_core::{PublicKey, ReceiptHash, Signature, Signer, Timestamp};
use divan::{Bencher, black_box};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::sample::{ring_key, signed_row};

/// What the thread that commits does for each receipt: its hash is read and goes into the tree.
#[divan::bench(args = [256])]
fn count_receipts_in(bencher: Bencher<'_, '_>, receipts: usize) {
    let text = signed_row().0.receipt_hash;
    let mut tree = Frontier::default();
    bencher.bench_local(|| {
        for _ in 0..receipts {
            let hash: ReceiptHash = black_box(&text).parse().unwrap();
            tree.push(NodeHash::of_receipt(&hash));
        }
    });
}

#[divan::bench]
fn check_a_proof_among_a_million(bencher: Bencher<'_, '_>) {
    let (json, trusted) = proof();
    println!("a proof has {} bytes, {} of them the receipt's", json.len(), signed_row().0.receipt_json.len());
    bencher.bench(|| ReceiptProof::parse(black_box(&json)).unwrap().verify(&trusted, &[]).unwrap());
}

/// A proof of one receipt in a tree of a million, and the keys to check it with.
fn proof() -> (Vec<u8>, [PublicKey; 2]) {
    let (row, signed_by) = signed_row();
    let key = Key(ring_key());
    let tip = hash_of_text(row.receipt_json.as_bytes());
    let mut million = Million(NodeHash::of_receipt(&tip));
    let root = root_of(&mut million, Million::SIZE).unwrap();
    let inclusion = prove_inclusion(&mut million, Million::SIZE / 2, Million::SIZE).unwrap();
    let heads = HeadList::new([Head { chain_id: row.chain_id.clone(), sequence: 2, tip }]);
    let public = key.public();
    let said = Checkpoint::new(
        KeyName::of_log(&public),
        (Million::SIZE, root),
        Timestamp::UNIX_EPOCH,
        public.fingerprint(),
        &heads,
    );
    let signed = SignedCheckpoint::sign(said, &public, &key).unwrap();
    let proof = ReceiptProof::new(row.receipt_json.as_bytes(), inclusion, signed, Some(public)).unwrap();
    (proof.to_json(), [public, signed_by])
}

/// A tree of which every leaf is the same receipt.
struct Million(NodeHash);

impl Million {
    const SIZE: u64 = 1_000_000;
}

impl TreeReader for Million {
    type Error = Infallible;

    fn group(&mut self, _: u64) -> Result<NodeHash, Infallible> {
        let mut tree = Frontier::default();
        for _ in 0..GROUP {
            tree.push(self.0);
        }
        Ok(tree.root())
    }

    fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, Infallible> {
        Ok(range.map(|_| self.0).collect())
    }
}

struct Key(Ed25519KeyPair);

impl Key {
    fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }
}

impl Signer for Key {
    type Error = Infallible;

    fn sign(&self, message: &[u8]) -> Result<Signature, Infallible> {
        Ok(Signature::from_bytes(self.0.sign(message).as_ref().try_into().unwrap()))
    }
}
