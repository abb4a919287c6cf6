//! What there was, counted.

use super::run::End;
use crate::policy::{Action, CaseOutcome, Judgement, Policy};

/// Counts of lines and tests.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) pass: u64,
    pub(super) flag: u64,
    pub(super) pause: u64,
    pub(super) block: u64,
    /// Messages that are no calls.
    pub(super) other: u64,
    /// Lines that the proxy would refuse.
    pub(super) refused: u64,
    pub(super) tests: u64,
    pub(super) failed: u64,
    /// Rules and limits that no call has met so far.
    unmet: Vec<String>,
}

impl Tally {
    pub(super) fn new(policy: &Policy) -> Self {
        Self { unmet: policy.names().map(str::to_owned).collect(), ..Self::default() }
    }

    pub(super) fn call(&mut self, judgement: &Judgement) {
        let count = match judgement.action {
            Action::Pass => &mut self.pass,
            Action::Flag => &mut self.flag,
            Action::Pause => &mut self.pause,
            Action::Block => &mut self.block,
        };
        *count += 1;
        self.unmet.retain(|name| !judgement.matched.contains(name));
    }

    pub(super) fn test(&mut self, outcome: &CaseOutcome) {
        self.tests += 1;
        self.failed += u64::from(!outcome.passed());
    }

    pub(super) fn calls(&self) -> u64 {
        self.pass + self.flag + self.pause + self.block
    }

    /// Rules and limits that concerned none of the calls; none are told where there were no calls.
    pub(super) fn unmet(&self) -> &[String] {
        if self.calls() == 0 { &[] } else { &self.unmet }
    }

    pub(super) fn ending(&self) -> End {
        match (self.refused, self.failed) {
            (0, 0) => End::Fine,
            (0, _) => End::TestFailed,
            _ => End::Unreadable,
        }
    }
}
