use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that ran and held.
    pub passed: usize,
    /// Tests that did not hold; a step that could not run at all counts as one.
    pub failed: usize,
    /// Tests that did not run, such as ignored ones.
    pub skipped: usize,
}

impl Tally {
    /// Reads one line of a test runner's output; `None` when it is no summary line.
    ///
    /// Understands cargo's `test result: ok. 3 passed; 0 failed; 1 ignored; …`, our Python runner's
    /// `interop result: 3 passed, 0 failed, 1 skipped`, pytest's `== 3 passed, 1 skipped in 0.12s ==`, each of TAP's
    /// `# pass 3`, and Go's `--- PASS: TestIt (0.00s)` of a test that is not a part of another.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        Self::of_go(line)
            .or_else(|| Self::of_tap(line))
            .or_else(|| Self::of_pytest(line))
            .or_else(|| Self::of_counts(line))
    }

    fn of_go(line: &str) -> Option<Self> {
        let (verdict, _) = line.strip_prefix("--- ")?.split_once(": ")?;
        match verdict {
            "PASS" => Some(Self { passed: 1, ..Self::default() }),
            "FAIL" => Some(Self { failed: 1, ..Self::default() }),
            "SKIP" => Some(Self { skipped: 1, ..Self::default() }),
            _ => None,
        }
    }

    fn of_tap(line: &str) -> Option<Self> {
        let (word, count) = line.strip_prefix("# ")?.trim_end().split_once(' ')?;
        let count = count.parse().ok()?;
        match word {
            "pass" => Some(Self { passed: count, ..Self::default() }),
            "fail" | "cancelled" => Some(Self { failed: count, ..Self::default() }),
            "skipped" | "todo" => Some(Self { skipped: count, ..Self::default() }),
            _ => None,
        }
    }

    fn of_pytest(line: &str) -> Option<Self> {
        let line = line.trim().trim_matches('=').trim();
        let (counts, time) = line.rsplit_once(" in ")?;
        let seconds = time.split(' ').next()?.strip_suffix('s')?;
        seconds.parse::<f64>().ok()?;
        let mut tally = Self::default();
        for part in counts.split(", ") {
            let (count, word) = part.split_once(' ')?;
            let count: usize = count.parse().ok()?;
            match word {
                "passed" => tally.passed += count,
                "failed" | "error" | "errors" | "xpassed" => tally.failed += count,
                "skipped" | "xfailed" => tally.skipped += count,
                "warning" | "warnings" | "deselected" => {}
                _ => return None,
            }
        }
        Some(tally)
    }

    fn of_counts(line: &str) -> Option<Self> {
        let line = line.trim();
        let counts = line.strip_prefix("test result:").or_else(|| line.strip_prefix("interop result:"))?;
        let count = |word: &str| {
            counts.split([';', ',', '.']).find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            skipped: count("ignored").or_else(|| count("skipped"))?,
        })
    }

    /// Whether something failed, or nothing ran.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_summary_line_is_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.05s";
        assert_eq!(Tally::from_line(line), Some(Tally { passed: 12, failed: 3, skipped: 1 }));
    }

    #[test]
    fn the_python_runners_summary_line_is_read() {
        let line = "interop result: 4 passed, 0 failed, 2 skipped";
        assert_eq!(Tally::from_line(line), Some(Tally { passed: 4, failed: 0, skipped: 2 }));
    }

    #[test]
    fn pytests_last_line_is_read() {
        let line = "==== 1 failed, 12 passed, 3 skipped, 2 warnings, 1 error in 61.50s (0:01:01) ====";
        assert_eq!(Tally::from_line(line), Some(Tally { passed: 12, failed: 2, skipped: 3 }));
        assert_eq!(Tally::from_line("12 passed in 0.50s"), Some(Tally { passed: 12, failed: 0, skipped: 0 }));
        assert_eq!(Tally::from_line("==== no tests ran in 0.01s ===="), None);
    }

    #[test]
    fn taps_counts_are_read_line_by_line() {
        let mut sum = Tally::default();
        for line in
            ["# tests 7", "# suites 1", "# pass 3", "# fail 2", "# cancelled 1", "# skipped 1", "# todo 0"]
        {
            sum += Tally::from_line(line).unwrap_or_default();
        }
        assert_eq!(sum, Tally { passed: 3, failed: 3, skipped: 1 });
    }

    #[test]
    fn gos_tests_are_counted_one_by_one_without_their_parts() {
        let lines = [
            "--- PASS: TestA (0.00s)",
            "    --- PASS: TestA/part (0.00s)",
            "--- FAIL: TestB (0.00s)",
            "--- SKIP: TestC",
            "ok  \tpackage\t0.1s",
        ];
        let mut sum = Tally::default();
        for line in lines {
            sum += Tally::from_line(line).unwrap_or_default();
        }
        assert_eq!(sum, Tally { passed: 1, failed: 1, skipped: 1 });
    }

    #[test]
    fn other_lines_and_half_a_summary_are_none() {
        for line in [
            "running 3 tests",
            "test result: ok.",
            "3 passed",
            "test result: ok. x passed; 0 failed; 0 ignored",
        ] {
            assert_eq!(Tally::from_line(line), None, "{line}");
        }
    }

    #[test]
    fn nothing_run_does_not_hold() {
        assert!(!Tally::default().holds());
        assert!(!Tally { passed: 5, failed: 1, skipped: 0 }.holds());
        assert!(Tally { passed: 1, failed: 0, skipped: 9 }.holds());
    }
}
