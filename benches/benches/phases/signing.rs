//! Ed25519 and SHA-256 by two libraries of one interface, to choose between them by measurement.

use divan::{Bencher, black_box};

use crate::sample::{ring_key, signed_row};

/// What is signed is the canonical receipt; the stored text is a little longer.
fn message() -> Vec<u8> {
    signed_row().0.receipt_json.into_bytes()
}

fn aws_key() -> aws_lc_rs::signature::Ed25519KeyPair {
    aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

#[divan::bench]
fn sign_with_ring(bencher: Bencher<'_, '_>) {
    let (key, message) = (ring_key(), message());
    bencher.bench(|| key.sign(black_box(&message)));
}

#[divan::bench]
fn sign_with_aws_lc(bencher: Bencher<'_, '_>) {
    let (key, message) = (aws_key(), message());
    bencher.bench(|| key.sign(black_box(&message)));
}

#[divan::bench]
fn verify_with_ring(bencher: Bencher<'_, '_>) {
    use ring::signature::{ED25519, KeyPair as _, UnparsedPublicKey};
    let (key, message) = (ring_key(), message());
    let signature = key.sign(&message);
    let public = UnparsedPublicKey::new(&ED25519, key.public_key().as_ref());
    bencher.bench(|| public.verify(black_box(&message), signature.as_ref()).unwrap());
}

#[divan::bench]
fn verify_with_aws_lc(bencher: Bencher<'_, '_>) {
    use aws_lc_rs::signature::{ED25519, KeyPair as _, UnparsedPublicKey};
    let (key, message) = (aws_key(), message());
    let signature = key.sign(&message);
    let public = UnparsedPublicKey::new(&ED25519, key.public_key().as_ref());
    bencher.bench(|| public.verify(black_box(&message), signature.as_ref()).unwrap());
}

#[divan::bench]
fn sha256_with_ring(bencher: Bencher<'_, '_>) {
    let message = message();
    bencher.bench(|| ring::digest::digest(&ring::digest::SHA256, black_box(&message)));
}

#[divan::bench]
fn sha256_with_aws_lc(bencher: Bencher<'_, '_>) {
    let message = message();
    bencher.bench(|| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, black_box(&message)));
}
