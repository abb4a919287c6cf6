//! What may be called, and what a call is worth looking at.
//!
//! A [`Policy`] is read from YAML, in the reference's form and a little more, and judges calls: by rules, which look at one call alone,
//! and by limits, which count ([`Counters`]). It has no clock and no state of its own. `docs/policy.md` is its manual.

mod active;
mod arguments;
mod case;
mod count;
mod counters;
mod document;
mod fold;
mod glob;
mod judgement;
mod limit;
mod name;
mod operation;
mod pattern;
mod per;
mod read;
mod redact;
mod rule;
mod rules;
mod score;
mod sql;
#[cfg(test)]
mod tests;

pub use active::{ActivePolicy, Reloaded};
pub use case::CaseOutcome;
pub use counters::Counters;
pub use judgement::{Action, Call, Judgement, Operation, Part};
pub use read::{DEFAULTS, LoadError, PolicyError};
pub use rules::Policy;
