//! A load of emitter processes on a daemon, whoever's daemon it is.

mod completion;
mod disk;
mod emitter;
mod line;
mod measure;
mod outcome;
mod plan;
mod share;

pub use measure::measure_load;
pub use outcome::LoadOutcome;
pub use plan::{LoadPlan, Target};

pub(crate) use completion::wait_for_rows;
pub(crate) use emitter::emitter_main;
pub(crate) use share::AS_EMITTER;
