//! `cargo xtask test`: every test there is, counted from what the runners themselves report.

mod behaviours;
mod bindings;
mod c;
mod cost;
mod failures;
mod interop;
mod languages;
mod marks;
mod mcp;
mod package;
mod programs;
mod python;
mod run;
mod rust;
mod step;
mod tally;

pub(crate) use cost::measure_emit_cost;
pub(crate) use mcp::measure_mcp_latency;
pub(crate) use run::{TestOptions, run_tests};
pub use tally::Tally;
