//! What is printed.

mod json;
mod table;

use std::io;

use super::line::Tried;
use super::tally::Tally;
use crate::policy::{CaseOutcome, Judgement, Policy};

pub(super) use json::Json;
pub(super) use table::Table;

/// A form in which findings are told, each as soon as it is there.
pub(super) trait Report {
    /// Which rules are tried.
    fn begin(&mut self, rules: &str, policy: &Policy) -> io::Result<()>;
    /// What would be done with the call of a line.
    fn call(&mut self, line: u64, call: &Tried, judgement: &Judgement) -> io::Result<()>;
    /// A line that the proxy would refuse.
    fn refused(&mut self, line: u64, why: &str) -> io::Result<()>;
    /// What came of a test.
    fn test(&mut self, outcome: &CaseOutcome) -> io::Result<()>;
    /// How many of each there were.
    fn end(&mut self, tally: &Tally) -> io::Result<()>;
}
