//! One core, one phase after the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use agent_receipts_keysource::KeySource;
use agent_receipts_store::{ReceiptStore, Row, SqliteStore};

use super::FloorPlan;
use super::measure::{facts_of, new_chain};
use crate::{EventFrame, Failure, Latencies, own_cpu_seconds};

/// Time a receipt by phase, in microseconds.
pub(super) fn by_phase(
    plan: &FloorPlan,
    frame: &EventFrame,
    key: &dyn KeySource,
    db: &Path,
) -> Result<BTreeMap<&'static str, f64>, Failure> {
    let mut store = SqliteStore::create(db)?;
    let (mut frame, mut chain) = (frame.clone(), new_chain());
    let mut spent = [0.0; PHASES.len()];
    let batches = plan.events.div_ceil(plan.batch).min(MOST_BATCHES.max(MOST_EVENTS / plan.batch));
    for number in 0..batches {
        let bodies: Vec<_> = (0..plan.batch).map(|at| frame.body(number * plan.batch + at)).collect();
        let mut clock = Instant::now();
        let mut lap = |phase: usize| {
            spent[phase] += clock.elapsed().as_secs_f64();
            clock = Instant::now();
        };
        let facts = bodies.iter().map(|body| facts_of(body)).collect::<Result<Vec<_>, _>>()?;
        lap(0);
        let placed: Vec<_> = facts.into_iter().map(|facts| chain.place(facts)).collect();
        lap(1);
        let signed = placed.iter().map(|placed| key.sign(placed.draft.canonical()));
        let signatures = signed.collect::<Result<Vec<_>, _>>()?;
        lap(2);
        let rows: Vec<Row> =
            placed.into_iter().zip(&signatures).map(|(placed, signature)| placed.seal(signature)).collect();
        lap(3);
        store.append(&rows)?;
        lap(4);
    }
    let each = |seconds: f64| seconds * 1e6 / (batches * plan.batch) as f64;
    Ok(PHASES.into_iter().zip(spent).map(|(phase, seconds)| (phase, each(seconds))).collect())
}

/// What one event costs that has everything for itself.
pub(super) struct Alone {
    pub(super) cpu_microseconds: f64,
    pub(super) microseconds: f64,
}

pub(super) fn alone(frame: &EventFrame, key: &dyn KeySource, db: &Path) -> Result<Alone, Failure> {
    let mut store = SqliteStore::create(db)?;
    let (mut frame, mut chain) = (frame.clone(), new_chain());
    let mut times = Vec::with_capacity(ALONE);
    let cpu = own_cpu_seconds();
    for number in 0..ALONE {
        let body = frame.body(number as u64);
        let begun = Instant::now();
        let placed = chain.place(facts_of(&body)?);
        let signature = key.sign(placed.draft.canonical())?;
        store.append(&[placed.seal(&signature)])?;
        times.push(begun.elapsed().as_nanos() as u64);
    }
    let cpu = own_cpu_seconds() - cpu;
    let microseconds = Latencies::of(times).map_or(0.0, |times| times.p50);
    Ok(Alone { cpu_microseconds: cpu * 1e6 / ALONE as f64, microseconds })
}

const PHASES: [&str; 5] = ["decode and hash payloads", "build, canonicalise, hash", "sign", "seal", "append"];
const MOST_BATCHES: u64 = 1;
const MOST_EVENTS: u64 = 20_000;
const ALONE: usize = 2000;
