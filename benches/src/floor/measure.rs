//! All cores at work on frames that lie in memory already.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use agent_receipts_core::{Timestamp, payload};
use agent_receipts_ipc::Event;
use agent_receipts_keysource::{FileKeySource, KeySource, generate_key_pair, public_key_path, random_seed};
use agent_receipts_store::SqliteStore;
use serde::Serialize;

use super::phases::{alone, by_phase};
use crate::pipeline::Pipeline;
use crate::placing::{Facts, METHOD};
use crate::{Chain, EventFrame, Failure, own_cpu_seconds};

/// How much the floor is measured with.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct FloorPlan {
    /// Events in all.
    #[arg(long, default_value_t = 100_000)]
    pub events: u64,
    /// Receipts in one transaction.
    #[arg(long, default_value_t = 256)]
    pub batch: u64,
    /// The length of a frame's body in bytes.
    #[arg(long, default_value_t = 600)]
    pub frame_bytes: usize,
}

impl Default for FloorPlan {
    fn default() -> Self {
        Self { events: 100_000, batch: 256, frame_bytes: 600 }
    }
}

/// What the floor is.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FloorOutcome {
    /// What it was measured with.
    pub plan: FloorPlan,
    /// Durable receipts a second on all cores.
    pub receipts_per_second: f64,
    /// Processor time a receipt, all threads, in microseconds.
    pub cpu_microseconds: f64,
    /// Time a receipt by phase on one core, in microseconds; `append` includes the wait for the disk.
    pub phases_microseconds: BTreeMap<&'static str, f64>,
    /// Processor time of one event that goes through all phases alone and is committed alone, in microseconds.
    pub alone_cpu_microseconds: f64,
    /// Its whole time, median, in microseconds: the processor's and the disk's.
    pub alone_microseconds: f64,
}

/// Measures the floor on the disk that `place` stands on.
///
/// # Errors
///
/// [`Failure`] if the plan, the folder or the store does not allow it.
pub fn measure_floor(plan: &FloorPlan, place: &Path) -> Result<FloorOutcome, Failure> {
    if plan.events == 0 || plan.batch == 0 || plan.batch > 65_536 {
        return Err(Failure::Plan("a floor needs events, and 1 to 65536 in a batch".to_owned()));
    }
    let folder = tempfile::tempdir_in(place).map_err(Failure::system("make a folder"))?;
    let private = folder.path().join("key");
    generate_key_pair(&private, &public_key_path(&private), &random_seed()?)?;
    let mut key = FileKeySource::new(&private, METHOD);
    key.init()?;
    let frame = EventFrame::new(plan.frame_bytes, true)?;
    let phases_microseconds = by_phase(plan, &frame, &key, &folder.path().join("phases.db"))?;
    let alone = alone(&frame, &key, &folder.path().join("alone.db"))?;
    let mut store = SqliteStore::create(folder.path().join("receipts.db"))?;
    let pipeline = Pipeline {
        prepare: &|number| facts_of(&frame.clone().body(number)),
        key: &key,
        events: plan.events,
        batch: plan.batch,
    };
    let (began, cpu) = (Instant::now(), own_cpu_seconds());
    pipeline.run(new_chain(), &mut store)?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), own_cpu_seconds() - cpu);
    Ok(FloorOutcome {
        plan: plan.clone(),
        receipts_per_second: plan.events as f64 / seconds,
        cpu_microseconds: cpu * 1e6 / plan.events as f64,
        phases_microseconds,
        alone_cpu_microseconds: alone.cpu_microseconds,
        alone_microseconds: alone.microseconds,
    })
}

/// What stands in the receipt of a frame: decoded, and its payloads hashed.
pub(super) fn facts_of(body: &[u8]) -> Result<Facts, Failure> {
    let event = Event::decode(body).map_err(|error| Failure::unclear("a frame of ours", error))?;
    let server = event.tool_server.as_deref().unwrap_or_default();
    Ok(Facts {
        action_type: format!("{}.{server}.{}", event.channel, event.tool_name),
        parameters_hash: event.input.as_ref().map(payload::hash),
        response_hash: event.output.as_ref().map(payload::hash),
        session_id: event.session_id,
        tool_name: event.tool_name,
    })
}

pub(super) fn new_chain() -> Chain {
    Chain::new("2026-11-22", Timestamp::UNIX_EPOCH)
}
