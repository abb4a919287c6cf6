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
    /// Understands cargo's `test result: ok. 3 passed; 0 failed; 1 ignored; …` and our Python runner's
    /// `interop result: 3 passed, 0 failed, 1 skipped`.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
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
