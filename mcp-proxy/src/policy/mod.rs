//! What may be called, and what a call is worth looking at.

mod judgement;

pub use judgement::{Action, Call, Judgement, Operation, Part};
