use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::tally::Tally;

/// One program to run: printed before it runs, its output shown as it comes.
pub(super) struct Step {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StepOutcome {
    /// The sum of all summary lines that it printed.
    pub(super) tally: Tally,
    /// How many such lines there were.
    pub(super) summaries: usize,
    /// Why it failed as a program, if it did.
    pub(super) fault: Option<String>,
}

impl Step {
    pub(super) fn new(program: impl Into<OsString>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(OsString::from).collect();
        Self { program: program.into(), arguments, environment: Vec::new() }
    }

    pub(super) fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_os_string());
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_os_string()));
        self
    }

    /// Runs it in `folder` and waits for its end.
    pub(super) fn run(&self, folder: &Path) -> StepOutcome {
        println!("\n==> {}", self.shown());
        let mut outcome = StepOutcome { tally: Tally::default(), summaries: 0, fault: None };
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                outcome.fault = Some(format!("cannot run `{}`: {error}", self.program.to_string_lossy()));
                return outcome;
            }
        };
        if let Some(stdout) = child.stdout.take() {
            outcome.listen(BufReader::new(stdout));
        }
        outcome.fault = match child.wait() {
            Ok(status) if status.success() => None,
            Ok(status) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        };
        outcome
    }

    fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

impl StepOutcome {
    /// Passes every line on and counts the summary lines; bytes that are no UTF-8 are shown replaced.
    fn listen(&mut self, mut output: impl BufRead) {
        let mut line = Vec::new();
        while matches!(output.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            let text = String::from_utf8_lossy(&line);
            print!("{text}");
            // Nothing is owed to a terminal that went away.
            let _ = std::io::stdout().flush();
            if let Some(tally) = Tally::from_line(&text) {
                self.tally += tally;
                self.summaries += 1;
            }
            line.clear();
        }
    }

    /// The tally, with one failure added when the program failed and no test says so, or when it reported no test.
    pub(super) fn counted(&self) -> Tally {
        let mut tally = self.tally;
        if tally.failed == 0 && (self.fault.is_some() || self.summaries == 0) {
            tally.failed = 1;
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> StepOutcome {
        Step::new("sh", &["-c"]).argument(script).run(Path::new("."))
    }

    #[test]
    fn all_summary_lines_are_added_up() {
        let line = "echo 'test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured'";
        let outcome = run(&format!("{line}; echo noise; {line}"));
        assert_eq!(outcome.counted(), Tally { passed: 4, failed: 0, skipped: 2 });
    }

    #[test]
    fn a_program_that_fails_without_a_failing_test_is_one_failure() {
        let outcome = run("echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; exit 101");
        assert_eq!(outcome.counted(), Tally { passed: 2, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_program_that_fails_with_a_failing_test_is_not_counted_twice() {
        let outcome = run("echo 'test result: FAILED. 2 passed; 3 failed; 0 ignored'; exit 101");
        assert_eq!(outcome.counted().failed, 3);
    }

    #[test]
    fn a_program_that_reports_no_test_is_a_failure() {
        assert_eq!(run("true").counted(), Tally { passed: 0, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure() {
        let outcome = Step::new("no-such-program-anywhere", &[]).run(Path::new("."));
        assert!(outcome.fault.as_deref().is_some_and(|fault| fault.contains("no-such-program-anywhere")));
        assert_eq!(outcome.counted().failed, 1);
    }

    #[test]
    fn the_environment_is_given() {
        let script = "echo \"test result: ok. $COUNT passed; 0 failed; 0 ignored\"";
        let outcome = Step::new("sh", &["-c"]).argument(script).env("COUNT", "7").run(Path::new("."));
        assert_eq!(outcome.counted().passed, 7);
    }
}
