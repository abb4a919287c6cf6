//! The floor: what the same primitives cost in one process without sockets.

mod measure;
mod phases;

pub use measure::{FloorOutcome, FloorPlan, measure_floor};
