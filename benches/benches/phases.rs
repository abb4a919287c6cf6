//! What each phase of a receipt's way costs on one core: run with `cargo bench -p agent-receipts-benches`.

use agent_receipts_core::json::{Rules, canonical, parse};
use agent_receipts_core::{Draft, PublicKey, ReceiptHash, Received, Signature};
use divan::{Bencher, black_box};
use ring::signature::{Ed25519KeyPair, KeyPair};

fn main() {
    divan::main();
}

/// An ordinary receipt as the daemon stores it, and the key that signed it.
fn signed_receipt() -> (Vec<u8>, PublicKey) {
    let key = key();
    let receipt = Received::parse(UNSIGNED.as_bytes()).unwrap().into_receipt();
    let draft = Draft::new(receipt);
    let signature = sign(&key, draft.canonical());
    let mut public = [0; 32];
    public.copy_from_slice(key.public_key().as_ref());
    (draft.attach(&signature, "2026-11-22T03:39:59Z", "did:example:issuer#k1"), PublicKey::from_bytes(public))
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn sign(key: &Ed25519KeyPair, message: &[u8]) -> Signature {
    let mut bytes = [0; 64];
    bytes.copy_from_slice(key.sign(message).as_ref());
    Signature::from_bytes(bytes)
}

#[divan::bench]
fn parse_json(bencher: Bencher) {
    let (text, _) = signed_receipt();
    bencher.bench(|| parse(black_box(&text), Rules::Receipt));
}

#[divan::bench]
fn canonicalise(bencher: Bencher) {
    let (text, _) = signed_receipt();
    let value = parse(&text, Rules::Receipt).unwrap();
    bencher.bench(|| canonical(black_box(&value)));
}

#[divan::bench]
fn hash(bencher: Bencher) {
    let (text, _) = signed_receipt();
    bencher.bench(|| ReceiptHash::of(black_box(&text)));
}

#[divan::bench]
fn sign_one(bencher: Bencher) {
    let (text, _) = signed_receipt();
    let key = key();
    bencher.bench(|| sign(&key, black_box(&text)));
}

#[divan::bench]
fn read_a_receipt(bencher: Bencher) {
    let (text, _) = signed_receipt();
    bencher.bench(|| Received::parse(black_box(&text)));
}

#[divan::bench]
fn verify_a_receipt(bencher: Bencher) {
    let (text, key) = signed_receipt();
    let received = Received::parse(&text).unwrap();
    bencher.bench(|| black_box(&received).verify(&key));
}

const UNSIGNED: &str = r#"{"@context":["https://www.w3.org/ns/credentials/v2","https://agentreceipts.ai/context/v2"],"credentialSubject":{"action":{"id":"act_0193a7a0-0000-7000-8000-000000000001","parameters_hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","peer_credential":{"exe_path":"/usr/bin/python3","gid":1000,"pid":4242,"platform":"linux","uid":1000},"risk_level":"medium","timestamp":"2026-11-22T03:39:59Z","tool_name":"list_repos","type":"mcp.github.list_repos"},"chain":{"chain_id":"2026-11-22","previous_receipt_hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","sequence":2},"outcome":{"response_hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","status":"success"},"principal":{"id":"did:user:alice"}},"id":"urn:receipt:0193a7a0-0000-7000-8000-000000000002","issuanceDate":"2026-11-22T03:39:59Z","issuer":{"id":"did:agent-receipts-daemon:local","name":"Example","session_id":"s1","type":"AgentReceiptsDaemon"},"type":["VerifiableCredential","AgentReceipt"],"version":"0.5.0"}"#;
