//! Measures agent-receipts: a load of emitter processes on a daemon, the floor under it, verification, growth, and what an
//! event costs its emitter. Each program under `src/bin` prints JSON; `report` runs them all against the goals.
//!
//! It asserts nothing and no test times anything. Figures are compared within one run, because machines differ. It refuses
//! to leave anything behind: databases stand in temporary folders, every process it starts it ends, and every wait is bounded.
//! Linux only where it reads what a process has used (`/proc`); elsewhere those figures are an error that says so.
//!
//! ```no_run
//! use agent_receipts_benches::{FloorPlan, measure_floor};
//!
//! let floor = measure_floor(&FloorPlan { events: 10_000, ..FloorPlan::default() }, &std::env::temp_dir())?;
//! println!("{:.0} receipts/s without a socket", floor.receipts_per_second);
//! # Ok::<(), agent_receipts_benches::Failure>(())
//! ```

mod emit_cost;
mod event_frame;
mod failure;
mod fill;
mod floor;
mod footprint;
mod growth;
mod home;
mod latencies;
mod load;
mod machine;
mod pipeline;
mod placing;
mod process;
mod programs;
mod report;
mod retiring;
mod verifying;
mod watched;

// The public interface is:

pub use emit_cost::{EmitCost, measure_emit_cost};
pub use event_frame::EventFrame;
pub use failure::Failure;
pub use fill::{Filled, fill};
pub use floor::{FloorOutcome, FloorPlan, measure_floor};
pub use footprint::{Footprint, measure_footprint};
pub use growth::{Grown, measure_growth};
pub use home::{Binaries, Home, RunningDaemon};
pub use latencies::Latencies;
pub use load::{LoadOutcome, LoadPlan, Target, measure_load};
pub use machine::Machine;
pub use placing::Chain;
pub use process::{ProcessUsage, own_cpu_seconds, thread_usage};
pub use programs::{
    emit_cost_main, floor_main, growth_main, load_main, report_main, retire_main, verify_main,
};
pub use report::{Figures, Scale, measure_all};
pub use retiring::{Moved, measure_retiring};
pub use verifying::{Verified, measure_verification};
