//! From a receipt to its bytes and back.

use agent_receipts_core::json::{Rules, canonical, parse};
use agent_receipts_core::{Draft, Receipt, ReceiptHash, Received};
use divan::{Bencher, black_box};

use crate::sample::{signature, signed_row};

fn receipt() -> Receipt {
    Received::parse(signed_row().0.receipt_json.as_bytes()).unwrap().into_receipt()
}

#[divan::bench]
fn canonicalise_a_tree(bencher: Bencher<'_, '_>) {
    let tree = parse(signed_row().0.receipt_json.as_bytes(), Rules::Receipt).unwrap();
    bencher.bench(|| canonical(black_box(&tree)));
}

#[divan::bench]
fn hash(bencher: Bencher<'_, '_>) {
    let text = signed_row().0.receipt_json;
    bencher.bench(|| ReceiptHash::of(black_box(text.as_bytes())));
}

/// Tree, canonical bytes and hash of a receipt that is built already.
#[divan::bench]
fn draft(bencher: Bencher<'_, '_>) {
    let receipt = receipt();
    bencher.with_inputs(|| receipt.clone()).bench_values(Draft::new);
}

#[divan::bench]
fn attach_the_proof(bencher: Bencher<'_, '_>) {
    let draft = Draft::new(receipt());
    bencher.bench(|| draft.attach(&signature(), "2026-11-22T03:39:59Z", "did:example:issuer#k1"));
}

/// Parsed, canonicalised and hashed: what a verifier does before it looks at the signature.
#[divan::bench]
fn read_a_receipt(bencher: Bencher<'_, '_>) {
    let text = signed_row().0.receipt_json;
    bencher.bench(|| Received::parse(black_box(text.as_bytes())));
}

#[divan::bench]
fn verify_a_receipt(bencher: Bencher<'_, '_>) {
    let (row, key) = signed_row();
    let received = Received::parse(row.receipt_json.as_bytes()).unwrap();
    bencher.bench(|| black_box(&received).verify(&key).unwrap());
}
