//! All checks, for people and for programs.

use std::io;

use serde::Serialize;

use super::check::{Check, Status};
use crate::output::{Screen, Tone, printable};

/// What the doctor says.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether nothing has to be mended.
    pub(super) ok: bool,
    checks: Vec<Check>,
}

impl Report {
    /// A report over these checks. One that failed spoils it, and if `strict` one that warned does too.
    pub(super) fn over(checks: Vec<Check>, strict: bool) -> Self {
        let spoils = |check: &Check| check.status == Status::Fail || (strict && check.status == Status::Warn);
        Self { ok: !checks.iter().any(spoils), checks }
    }

    /// A line a check, its mend below it, and the sum.
    pub(super) fn write(&self, screen: &mut Screen) -> io::Result<()> {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        for check in &self.checks {
            let (word, tone) = match check.status {
                Status::Ok => ("ok  ", Tone::Good),
                Status::Warn => ("warn", Tone::Warning),
                Status::Fail => ("fail", Tone::Bad),
            };
            let word = screen.tone(tone, word);
            screen.line(&format!("[{word}] {:<width$}   {}", check.name, printable(&check.reason)))?;
            if let Some(mend) = &check.mend {
                screen.line(&format!("       {:<width$}   fix: {}", "", printable(mend)))?;
            }
        }
        let count = |status| self.checks.iter().filter(|check| check.status == status).count();
        let verdict = if self.ok { screen.tone(Tone::Good, "OK") } else { screen.tone(Tone::Bad, "FAIL") };
        let (ok, warn, fail) = (count(Status::Ok), count(Status::Warn), count(Status::Fail));
        screen.line(&format!("doctor: {verdict} ({ok} ok, {warn} warn, {fail} fail)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_spoils_the_report_and_a_warning_only_where_it_is_asked_to() {
        let report = |check: Check, strict| Report::over(vec![Check::ok("a", "x"), check], strict).ok;
        for (strict, warned) in [(false, true), (true, false)] {
            assert!(report(Check::ok("b", "y"), strict));
            assert_eq!(report(Check::warn("b", "y", "z"), strict), warned);
            assert!(!report(Check::fail("b", "y", "z"), strict));
        }
    }
}
