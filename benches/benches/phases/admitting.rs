//! From a frame's bytes to what its receipt holds.

use agent_receipts_core::json::{Rules, parse};
use agent_receipts_core::payload;
use agent_receipts_ipc::{Event, read_frame, write_frame};
use divan::{Bencher, black_box};

use crate::sample::body;

#[divan::bench]
fn read_the_frame(bencher: Bencher<'_, '_>) {
    let mut wire = Vec::new();
    write_frame(&mut wire, &body()).unwrap();
    let mut into = Vec::new();
    bencher.bench_local(|| read_frame(&mut black_box(&wire[..]), &mut into).unwrap());
}

#[divan::bench]
fn parse_the_json(bencher: Bencher<'_, '_>) {
    let body = body();
    bencher.bench(|| parse(black_box(&body), Rules::Frame));
}

#[divan::bench]
fn decode_the_event(bencher: Bencher<'_, '_>) {
    let body = body();
    bencher.bench(|| Event::decode(black_box(&body)));
}

#[divan::bench]
fn hash_both_payloads(bencher: Bencher<'_, '_>) {
    let event = Event::decode(&body()).unwrap();
    let (input, output) = (event.input.unwrap(), event.output.unwrap());
    bencher.bench(|| (payload::hash(black_box(&input)), payload::hash(black_box(&output))));
}
