use std::collections::VecDeque;
use std::fmt;

use super::marks::{Kind, Mark};

/// How many lines of each failed test are kept: the last ones, which say why.
const KEPT: usize = 40;
/// How many characters of a line are kept.
const WIDTH: usize = 400;

/// A test, or a step without tests, that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failure {
    /// Its name, as its runner prints it.
    pub(super) name: String,
    /// The program that holds it, where a step runs several.
    pub(super) program: Option<String>,
    /// The last lines of what it printed.
    pub(super) output: Lines,
}

/// Finds in the lines that a test runner prints which tests failed, and what they said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    found: Vec<Failure>,
    /// What is printed now is of the last one found.
    open: Option<Kind>,
    /// A backtrace of Rust is being printed: it would push what the test said out of the lines that are kept.
    in_backtrace: bool,
    program: Option<String>,
    /// The last lines of all.
    all: Lines,
    /// The last lines since a test began or ended.
    fresh: Lines,
}

impl Failures {
    /// Takes the next line of the output.
    pub(super) fn read(&mut self, line: &str) {
        let line: String = line.trim_end().chars().take(WIDTH).collect();
        match Mark::of(&line, self.all.last(), self.open) {
            Mark::Program(name) => {
                self.program = Some(name);
                self.fresh = Lines::default();
            }
            Mark::Edge => self.fresh = Lines::default(),
            Mark::Opens(kind, name) => {
                let before = std::mem::take(&mut self.fresh);
                self.add(name, if kind == Kind::Go { before } else { Lines::default() });
                self.open = Some(kind);
            }
            Mark::Failed(name) => {
                let before = std::mem::take(&mut self.fresh);
                self.add(name, before);
            }
            Mark::Closes => (self.open, self.fresh) = (None, Lines::default()),
            Mark::Nothing => self.fresh.push(&line),
        }
        self.in_backtrace = line == "stack backtrace:" || (self.in_backtrace && line.starts_with(' '));
        if let (Some(_), Some(failure), false) = (self.open, self.found.last_mut(), self.in_backtrace) {
            failure.output.push(&line);
        }
        self.all.push(&line);
    }

    /// The failed tests; where there are fewer of them than `failed`, also the step itself, with the last lines of all.
    pub(super) fn found(&self, failed: usize, step: &str) -> Vec<Failure> {
        let mut found = self.found.clone();
        if found.len() < failed {
            found.push(Failure { name: step.to_owned(), program: None, output: self.all.clone() });
        }
        found
    }

    /// A test that is told of twice, by its verdict and by its output, is one.
    fn add(&mut self, name: String, output: Lines) {
        let program = self.program.clone();
        self.found.retain(|known| known.name != name || known.program != program);
        self.found.push(Failure { name, program, output });
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.program {
            Some(program) => write!(f, "{} (in {program})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The last lines of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines(VecDeque<String>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self::default();
        text.lines().for_each(|line| lines.push(line));
        lines
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn last(&self) -> &str {
        self.0.back().map_or("", String::as_str)
    }

    fn push(&mut self, line: &str) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of each failed test, and what it printed.
    fn read(output: &str) -> Vec<(String, Vec<String>)> {
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.read(line));
        let found = failures.found(0, "the step").into_iter();
        found.map(|it| (it.to_string(), it.output.iter().map(str::to_owned).collect())).collect()
    }

    fn says(found: &(String, Vec<String>), name: &str, said: &str) {
        assert_eq!(found.0, name);
        assert!(found.1.iter().any(|line| line.contains(said)), "{found:?}");
    }

    #[test]
    fn cargos_tests_are_named_with_their_program_and_output() {
        let output = "     Running unittests src/lib.rs (target/debug/deps/a-1)

running 3 tests
test holds ... ok
test b::breaks ... FAILED
test panics - should panic ... FAILED

failures:

---- b::breaks stdout ----
test of_a_test ... FAILED
assertion failed: 1 == 2

---- panics stdout ----
note: test did not panic as expected

failures:
    b::breaks
    panics

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `-p a --lib`
     Running tests/c.rs (target/debug/deps/c-2)
test b::breaks ... FAILED

failures:

---- b::breaks stdout ----
another

failures:
    b::breaks

test result: FAILED. 0 passed; 1 failed; 0 ignored
";
        let found = read(output);
        assert_eq!(found.len(), 3, "{found:?}");
        says(&found[0], "b::breaks (in unittests src/lib.rs (target/debug/deps/a-1))", "1 == 2");
        says(&found[1], "panics (in unittests src/lib.rs (target/debug/deps/a-1))", "did not panic");
        says(&found[2], "b::breaks (in tests/c.rs (target/debug/deps/c-2))", "another");
        assert!(!found[2].1.iter().any(|line| line.contains("1 == 2")), "{found:?}");
    }

    #[test]
    fn a_long_backtrace_does_not_hide_why() {
        let frames = "   0: core::panicking::panic\n             at ./lib.rs:1:1\n".repeat(KEPT);
        let output = format!(
            "---- a stdout ----\nleft: 1\nstack backtrace:\n{frames}note: some details are omitted\n\nfailures:\n"
        );
        let found = read(&output);
        says(&found[0], "a", "left: 1");
        says(&found[0], "a", "note: some details");
    }

    #[test]
    fn a_test_program_that_is_killed_is_named_with_its_last_words() {
        let output = "     Running tests/c.rs (c-2)\ntest a ... ok\nthread overflowed its stack\n\
            error: test failed, to rerun pass `-p c --test c`\n\nCaused by:\n  process didn't exit successfully: `c-2` (signal: 6)\n";
        let found = read(output);
        assert_eq!(found.len(), 1, "{found:?}");
        says(
            &found[0],
            "process didn't exit successfully: `c-2` (signal: 6) (in tests/c.rs (c-2))",
            "overflowed its stack",
        );
    }

    #[test]
    fn unittests_failures_and_errors_are_named() {
        let rule = "=".repeat(70);
        let output = format!(
            "test_a (m.T.test_a) ... FAIL\n\n{rule}\nFAIL: test_a (m.T.test_a)\n-----\nAssertionError: 1\n\n\
             {rule}\nERROR: test_b (m.T.test_b)\n-----\nOSError: 2\n\n-----\nRan 2 tests in 0.1s\n\nFAILED (failures=1)\n"
        );
        let found = read(&output);
        assert_eq!(found.len(), 2, "{found:?}");
        says(&found[0], "test_a (m.T.test_a)", "AssertionError: 1");
        says(&found[1], "test_b (m.T.test_b)", "OSError: 2");
        assert!(!found[1].1.iter().any(|line| line.contains("FAILED")), "{found:?}");
    }

    #[test]
    fn pytests_failures_are_named() {
        let output = "=================================== FAILURES ===================================\n\
            ____________________________ test_a ____________________________\n\n>   assert 1 == 2\nE   assert 1 == 2\n\
            ____________________ ERROR at setup of test_b ____________________\nOSError\n\
            =========================== short test summary info ============================\nFAILED x.py::test_a\n";
        let found = read(output);
        assert_eq!(found.len(), 2, "{found:?}");
        says(&found[0], "test_a", "assert 1 == 2");
        says(&found[1], "ERROR at setup of test_b", "OSError");
    }

    #[test]
    fn nodes_failures_are_named_and_those_that_are_excused_are_not() {
        let output = "# Subtest: a\nnot ok 1 - a\n  ---\n  error: 'not 2'\n  ...\n# Subtest: b\nok 2 - b\n\
            not ok 3 - c # TODO later\n  ---\n  ...\n# fail 1\n";
        let found = read(output);
        assert_eq!(found.len(), 1, "{found:?}");
        says(&found[0], "a", "not 2");
    }

    #[test]
    fn gos_failures_are_named_with_what_stands_before_them_and_after() {
        let output = "=== RUN   TestA\n    a_test.go:1: of A\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n=== RUN   TestB/part\n    \
            a_test.go:2: of B\n--- FAIL: TestB (0.00s)\n    --- FAIL: TestB/part (0.00s)\npanic: away\n\ngoroutine 1\nFAIL\n";
        let found = read(output);
        assert_eq!(found.len(), 1, "{found:?}");
        says(&found[0], "TestB", "of B");
        says(&found[0], "TestB", "panic: away");
        assert!(!found[0].1.iter().any(|line| line.contains("of A")), "{found:?}");
    }

    #[test]
    fn a_verdict_alone_names_its_test_and_takes_the_lines_before_it() {
        let found = read("  of a\ntest a ... ok\n  does not hold: x\ntest b ... FAILED: it is not there\n");
        assert_eq!(found, [("b".to_owned(), vec!["  does not hold: x".to_owned()])]);
    }

    #[test]
    fn a_step_that_names_no_test_shows_its_last_lines() {
        let mut failures = Failures::default();
        (0..100).for_each(|number| failures.read(&format!("line {number}")));
        assert_eq!(failures.found(0, "the step"), []);
        let found = failures.found(1, "the step");
        assert_eq!(found[0].to_string(), "the step");
        let lines: Vec<_> = found[0].output.iter().collect();
        assert_eq!((lines.len(), lines[0], lines[KEPT - 1]), (KEPT, "line 60", "line 99"));
    }
}
