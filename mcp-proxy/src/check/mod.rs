//! `check`: what a policy would do with calls, without making them.

mod args;
mod judging;
mod line;
mod lines;
mod printed;
mod report;
mod run;
mod tally;
#[cfg(test)]
mod tests;

pub(crate) use args::CheckArgs;
pub(crate) use run::run;
