use clap::{Args, ValueEnum};

use super::bindings::Bindings;
use super::failures::{Failure, Lines};
use super::step::StepOutcome;
use super::tally::Tally;
use super::{c, interop, package, rust};
use crate::workspace::{Workspace, WorkspaceError};

/// The variable that names the folder with published vectors and databases of the reference daemon.
const SHARED: &str = "AGENT_RECEIPTS_SHARED";

#[derive(Args)]
pub(crate) struct TestOptions {
    /// Skip what this machine cannot run, and say so, instead of failing.
    #[arg(long)]
    skip_missing: bool,
    /// Run one part only.
    #[arg(long)]
    only: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Rust,
    C,
    Interop,
    /// The packages of other languages.
    Bindings,
    /// Of the interoperability tests, what holds in every language.
    Behaviours,
    /// Of the interoperability tests, those of the MCP proxy.
    Mcp,
    Package,
}

/// Runs the tests, prints what was counted, and last of all what failed; `true` when all that ran held and something ran.
pub(crate) fn run_tests(workspace: &Workspace, options: &TestOptions) -> Result<bool, WorkspaceError> {
    let shared = std::env::var_os(SHARED).filter(|folder| !folder.is_empty());
    let mut report = Report::default();
    // Nothing in C starts a program of ours.
    if options.only == Some(Part::C) || rust::build(workspace, &mut report) {
        let wants = |part| options.only.is_none_or(|only| only == part);
        if wants(Part::Rust) {
            rust::run(workspace, options.skip_missing, &mut report);
        }
        if wants(Part::C) {
            c::run(workspace, options.skip_missing, &mut report);
        }
        if [Part::Bindings, Part::Behaviours, Part::Interop].into_iter().any(wants) {
            let bindings = Bindings::install(workspace, options.skip_missing, &mut report);
            if wants(Part::Bindings) {
                bindings.test(&mut report);
            }
            let files =
                if options.only == Some(Part::Behaviours) { "test_behaviours.py" } else { "test_*.py" };
            if (wants(Part::Interop) || wants(Part::Behaviours))
                && let Some(drivers) = bindings.drivers(workspace, &mut report)
            {
                interop::run(workspace, files, &drivers, options.skip_missing, &mut report);
            }
        }
        if options.only == Some(Part::Mcp) {
            interop::run_mcp(workspace, options.skip_missing, &mut report);
        }
        if wants(Part::Package) {
            package::run(workspace, options.skip_missing, &mut report);
        }
    }
    if shared.is_none() {
        report.remark(format!("{SHARED} is not set: the shared vectors and databases were not read"));
    }
    report.print();
    Ok(report.total.holds())
}

/// What was run, and what became of it.
#[derive(Debug, Default)]
pub(super) struct Report {
    lines: Vec<String>,
    remarks: Vec<String>,
    failures: Vec<Failure>,
    total: Tally,
}

impl Report {
    /// Counts a step that runs tests.
    pub(super) fn tests(&mut self, what: &str, outcome: &StepOutcome) {
        let tally = outcome.counted();
        let fault = outcome.fault.as_ref().map_or(String::new(), |fault| format!(" ({fault})"));
        self.lines.push(format!("{what}: {tally}{fault}"));
        self.total += tally;
        self.failures.extend(outcome.failed(what));
    }

    /// Notes a step that others need; its failure counts as one, its success as none.
    pub(super) fn needed(&mut self, what: &str, outcome: &StepOutcome) -> bool {
        if let Some(fault) = &outcome.fault {
            self.count_failed(what, fault);
            self.failures.extend(outcome.failed(what));
        }
        outcome.fault.is_none()
    }

    /// Counts a check that is one test.
    pub(super) fn held(&mut self, what: &str) {
        self.lines.push(format!("{what}: holds"));
        self.total.passed += 1;
    }

    pub(super) fn failed(&mut self, what: &str, why: &str) {
        self.count_failed(what, why);
        self.failures.push(Failure { name: what.to_owned(), program: None, output: Lines::of(why) });
    }

    fn count_failed(&mut self, what: &str, why: &str) {
        println!("xtask: {what} failed: {why}");
        self.lines.push(format!("{what}: FAILED: {why}"));
        self.total.failed += 1;
    }

    pub(super) fn skipped(&mut self, what: &str, why: &str) {
        self.remark(format!("{what} did NOT run: {why}"));
        self.total.skipped += 1;
    }

    fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    /// Whether no step and no test failed, of whatever ran.
    pub(super) fn nothing_failed(&self) -> bool {
        self.total.failed == 0
    }

    /// Prints the counts and, where something failed, what.
    pub(super) fn print(&self) {
        println!("\n{}", self.summary());
        if let Some(failures) = self.failures() {
            println!("\n{failures}");
        }
    }

    /// What each failed test said last, and then the names alone: whatever is cut off at the front, they are there.
    fn failures(&self) -> Option<String> {
        let mut lines = Vec::new();
        for failure in &self.failures {
            lines.push(format!("==> FAILED: {failure}"));
            lines.extend(failure.output.iter().map(|line| format!("    {line}")));
            lines.push(String::new());
        }
        lines.extend(self.failures.iter().map(|failure| format!("FAILED: {failure}")));
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Every step's line, every remark, and the sum on the last line.
    pub(super) fn summary(&self) -> String {
        let mut lines = self.lines.clone();
        lines.extend(self.remarks.iter().map(|remark| format!("ATTENTION: {remark}")));
        lines.push(self.total.to_string());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::step::Step;
    use super::*;

    fn outcome(passed: usize, failed: usize, fault: Option<&str>) -> StepOutcome {
        let tally = Tally { passed, failed, skipped: 0 };
        StepOutcome { tally, summaries: 1, fault: fault.map(str::to_string), ..StepOutcome::default() }
    }

    #[test]
    fn the_last_line_is_the_sum_of_all_steps() {
        let mut report = Report::default();
        report.tests("rust", &outcome(3, 0, None));
        report.tests("interop", &outcome(2, 1, Some("exit status: 1")));
        report.skipped("the moon", "it is cloudy");
        let summary = report.summary();
        assert_eq!(summary.lines().last(), Some("5 passed, 1 failed, 1 skipped"));
        assert!(summary.contains("ATTENTION: the moon did NOT run: it is cloudy"));
        assert!(!report.total.holds());
    }

    #[test]
    fn a_needed_step_that_fails_fails_the_whole() {
        let mut report = Report::default();
        report.tests("rust", &outcome(3, 0, None));
        assert!(report.nothing_failed());
        assert!(!report.needed("building", &outcome(0, 0, Some("exit status: 101"))));
        assert!(!report.nothing_failed());
        assert_eq!(report.total, Tally { passed: 3, failed: 1, skipped: 0 });
    }

    #[test]
    fn skipping_everything_does_not_hold() {
        let mut report = Report::default();
        report.skipped("all", "nothing here");
        assert!(!report.total.holds());
    }

    #[test]
    fn the_names_of_what_failed_stand_last_below_what_it_said() {
        let script = "echo 'test a::b ... FAILED'; echo '---- a::b stdout ----'; echo 'left: 1'; echo failures:; \
            echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; exit 101";
        let mut report = Report::default();
        report.tests("cargo", &Step::new("sh", &["-c", script]).run(Path::new(".")));
        report.needed(
            "building",
            &Step::new("sh", &["-c", "echo 'no such file' >&2; false"]).run(Path::new(".")),
        );
        report.failed("the table", "it says something else");
        let failures = report.failures().unwrap();
        for said in ["    left: 1", "    no such file", "    it says something else"] {
            assert!(failures.lines().any(|line| line == said), "{failures}");
        }
        let last: Vec<_> = failures.lines().rev().take(3).collect();
        assert_eq!(last, ["FAILED: the table", "FAILED: building", "FAILED: a::b"]);
    }

    #[test]
    fn where_nothing_failed_the_counts_stand_last() {
        let mut report = Report::default();
        report.tests("rust", &outcome(3, 0, None));
        report.skipped("the moon", "it is cloudy");
        assert_eq!(report.failures(), None);
    }
}
