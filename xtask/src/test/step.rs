use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::failures::{Failure, Failures};
use super::tally::Tally;

/// How long the output of a program that has ended may stay silent before it is given up: something that the program left
/// behind may hold it open for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// One program to run: printed before it runs, its output shown as it comes.
pub(super) struct Step {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

/// What became of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StepOutcome {
    /// The sum of all summary lines that it printed.
    pub(super) tally: Tally,
    /// How many such lines there were.
    pub(super) summaries: usize,
    /// Why it failed as a program, if it did.
    pub(super) fault: Option<String>,
    /// What its lines say of tests that failed.
    pub(super) failures: Failures,
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
        let mut outcome = StepOutcome::default();
        let ended = self.spawn(folder).and_then(|(mut child, output)| {
            outcome.listen(&lines(output), &mut child, PATIENCE);
            child.wait()
        });
        outcome.fault = match ended {
            Ok(status) if status.success() => None,
            Ok(status) => Some(status.to_string()),
            Err(error) => Some(format!("cannot run `{}`: {error}", self.program.to_string_lossy())),
        };
        outcome
    }

    /// Starts it, with one pipe for all that it prints: what went wrong stands in its place among the rest.
    fn spawn(&self, folder: &Path) -> io::Result<(Child, PipeReader)> {
        let (output, printed) = io::pipe()?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed)
            .spawn()?;
        Ok((child, output))
    }

    fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

impl StepOutcome {
    /// Passes every line on, counts the summary lines, and notes which tests failed.
    fn listen(&mut self, output: &Receiver<String>, child: &mut Child, patience: Duration) {
        loop {
            match output.recv_timeout(patience) {
                Ok(line) => self.read(&line),
                Err(RecvTimeoutError::Timeout) if matches!(child.try_wait(), Ok(None)) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return self
                        .read("xtask: it has ended, and left something running that holds its output\n");
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn read(&mut self, line: &str) {
        print!("{line}");
        // Nothing is owed to a terminal that went away.
        let _ = io::stdout().flush();
        if let Some(tally) = Tally::from_line(line) {
            self.tally += tally;
            self.summaries += 1;
        }
        self.failures.read(line);
    }

    /// The tests that failed; where they are not to be told from the lines, the step itself with its last lines.
    pub(super) fn failed(&self, step: &str) -> Vec<Failure> {
        self.failures.found(self.counted().failed, step)
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

/// The lines of an output as they come; bytes that are no UTF-8 are replaced.
fn lines(output: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut output, mut line) = (BufReader::new(output), Vec::new());
        while matches!(output.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
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

    #[test]
    fn what_fails_without_naming_a_test_is_known_by_its_last_words() {
        let failed = run("echo one; echo two >&2; exit 3").failed("the step");
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].name, "the step");
        assert_eq!(failed[0].output.iter().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn a_test_that_fails_is_known_by_its_name() {
        let script = "echo 'test a::b ... FAILED'; echo '---- a::b stdout ----'; echo why; echo failures:; \
            echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; exit 101";
        let failed = run(script).failed("the step");
        assert_eq!(failed.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a::b"]);
        assert!(failed[0].output.iter().any(|line| line == "why"), "{failed:?}");
    }

    #[test]
    fn what_a_program_leaves_running_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        // It ends with the folder.
        let script = "while [ -e \"$1\" ]; do sleep 0.1; done & echo left";
        let step = Step::new("sh", &["-c", script, "sh"]).argument(folder.path());
        let (mut child, output) = step.spawn(Path::new(".")).unwrap();
        let mut outcome = StepOutcome::default();
        outcome.listen(&lines(output), &mut child, Duration::from_millis(100));
        assert!(child.wait().unwrap().success());
        let failed = outcome.failed("the step");
        assert!(failed[0].output.iter().any(|line| line.contains("left something running")), "{failed:?}");
    }
}
