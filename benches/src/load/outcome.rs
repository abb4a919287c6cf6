//! What a load measured.

use std::collections::BTreeMap;

use serde::Serialize;

use super::LoadPlan;
use crate::{FloorOutcome, Latencies};

/// What a load measured.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LoadOutcome {
    /// The load.
    pub plan: LoadPlan,
    /// From the first frame to the last acknowledgement, or to the last receipt in the database.
    pub seconds: f64,
    /// Durable receipts a second.
    pub receipts_per_second: f64,
    /// Acknowledgements that were refusals.
    pub refused: u64,
    /// From the write of a frame to the read of its acknowledgement, in microseconds.
    pub ack_microseconds: Option<Latencies>,
    /// Processor time of the daemon a receipt, all threads, in microseconds.
    pub daemon_cpu_microseconds: f64,
    /// Processor time of the emitters a receipt, in microseconds.
    pub emitters_cpu_microseconds: f64,
    /// The most memory that was ever resident in the daemon, in bytes.
    pub daemon_peak_rss: u64,
    /// Bytes on disk a receipt, log and indexes included: after the daemon's end if it was ours to end.
    pub bytes_a_receipt: Option<f64>,
    /// The same by table and index, where the daemon was ours to end.
    pub bytes_a_receipt_by_table: BTreeMap<String, f64>,
    /// Processor time a receipt by the daemon's threads that lived to the end, in microseconds.
    pub daemon_threads_cpu_microseconds: BTreeMap<String, f64>,
    /// The load average of the machine before the run.
    pub load_average: String,
    /// The floor in the same run, if asked for.
    pub floor: Option<FloorOutcome>,
    /// Receipts a second against the floor's.
    pub achieved_of_floor: Option<f64>,
}
