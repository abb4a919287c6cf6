use std::process::Command;

use super::run::Report;

/// A program without which something cannot be tried, as the reason why it was not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no `{program}` was found: install {what} (on Debian: `apt-get install {package}`)")]
pub(super) struct Missing {
    pub(super) program: &'static str,
    pub(super) what: &'static str,
    pub(super) package: &'static str,
}

impl Missing {
    /// Whether it is there after all: it answers a question.
    pub(super) fn is_here(&self, question: &[&str]) -> bool {
        Command::new(self.program).args(question).output().is_ok_and(|answer| answer.status.success())
    }

    /// Whether it is there, of whatever version. Where it is not, `what` fails, or is skipped and said to be.
    pub(super) fn is_here_for(&self, what: &str, skip_missing: bool, report: &mut Report) -> bool {
        let here = self.is_here(&["--version"]);
        if !here {
            missed(what, &self.to_string(), skip_missing, report);
        }
        here
    }
}

/// Counts what could not be tried as failed, or as skipped where that was asked for.
pub(super) fn missed(what: &str, why: &str, skip_missing: bool, report: &mut Report) {
    if skip_missing { report.skipped(what, why) } else { report.failed(what, why) }
}

/// A language's toolchain, and the oldest version that will do.
pub(super) struct Toolchain {
    pub(super) missing: Missing,
    /// Makes it tell its version.
    question: &'static [&'static str],
    /// What stands before the version.
    prefix: &'static str,
    oldest: (u32, u32),
}

/// Why a toolchain will not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ToolchainError {
    #[error(transparent)]
    Missing(Missing),
    #[error("`{program}` is `{version}`, and {what} is needed: install it and put it first in PATH")]
    TooOld { program: &'static str, version: String, what: &'static str },
}

/// What the package in `bindings/node` asks for.
pub(super) const NODE: Toolchain = Toolchain {
    missing: Missing { program: "node", what: "Node 20 or newer", package: "nodejs" },
    question: &["--version"],
    prefix: "v",
    oldest: (20, 0),
};

/// What the module in `bindings/go` asks for.
pub(super) const GO: Toolchain = Toolchain {
    missing: Missing { program: "go", what: "Go 1.24 or newer", package: "golang-go" },
    question: &["env", "GOVERSION"],
    prefix: "go",
    oldest: (1, 24),
};

impl Toolchain {
    /// The program's name, if it is there and new enough.
    ///
    /// # Errors
    /// [`ToolchainError`] with the mend.
    pub(super) fn find(&self) -> Result<&'static str, ToolchainError> {
        let mut asked = Command::new(self.missing.program);
        // Go's would fetch another one of itself.
        let answer = asked.args(self.question).env("GOTOOLCHAIN", "local").output();
        let version = answer.ok().filter(|answer| answer.status.success());
        let version = version.ok_or_else(|| ToolchainError::Missing(self.missing.clone()))?;
        self.judge(&String::from_utf8_lossy(&version.stdout)).map(|()| self.missing.program)
    }

    /// `go1.26.8` is new enough, and so is a development version.
    fn judge(&self, version: &str) -> Result<(), ToolchainError> {
        let version = version.trim();
        let numbers = version.strip_prefix(self.prefix).unwrap_or_default();
        let mut numbers = numbers.split(['.', 'r', 'b', '-', ' ']).map(str::parse);
        let is_new = match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= self.oldest,
            _ => version.starts_with("devel"),
        };
        let Missing { program, what, .. } = self.missing;
        if is_new {
            return Ok(());
        }
        Err(ToolchainError::TooOld { program, version: version.to_owned(), what })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const NOTHING: Missing =
        Missing { program: "no-such-program-anywhere", what: "a program", package: "none" };

    #[test]
    fn what_is_missing_fails_with_the_mend() {
        let mut report = Report::default();
        assert!(!NOTHING.is_here_for("the header in C++", false, &mut report));
        assert!(report.summary().contains(
            "the header in C++: FAILED: no `no-such-program-anywhere` was found: install a program"
        ));
        assert!(report.summary().ends_with("0 passed, 1 failed, 0 skipped"));
    }

    #[test]
    fn what_is_missing_is_skipped_loudly_when_asked() {
        let mut report = Report::default();
        assert!(!NOTHING.is_here_for("the header in C++", true, &mut report));
        assert!(
            report
                .summary()
                .contains("ATTENTION: the header in C++ did NOT run: no `no-such-program-anywhere`")
        );
        assert!(report.summary().ends_with("0 passed, 0 failed, 1 skipped"));
    }

    #[test]
    fn a_program_that_answers_is_there() {
        assert!(Missing { program: "true", ..NOTHING }.is_here(&[]));
        assert!(!Missing { program: "false", ..NOTHING }.is_here(&[]));
    }

    #[test]
    fn versions_are_told_apart() {
        for new in ["go1.24\n", "go1.26.8", "go1.25rc1", "go2.0", "devel go1.27-abc Mon"] {
            assert_eq!(GO.judge(new), Ok(()), "{new}");
        }
        for old in ["", "go", "go1", "go1.19.8", "go1.23.12", "1x.30"] {
            assert!(GO.judge(old).is_err(), "{old}");
        }
        for new in ["v20.0.0\n", "v22.11.0", "v25.0.0-nightly"] {
            assert_eq!(NODE.judge(new), Ok(()), "{new}");
        }
        let error = NODE.judge("v18.19.1\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`node` is `v18.19.1`, and Node 20 or newer is needed: install it and put it first in PATH"
        );
    }

    #[test]
    fn a_toolchain_that_does_not_answer_is_missing() {
        let nothing = Toolchain { missing: NOTHING, ..NODE };
        assert_eq!(nothing.find(), Err(ToolchainError::Missing(NOTHING)));
    }

    #[test]
    fn the_packages_ask_for_these_versions() {
        let file = |path| {
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
        };
        assert!(file("bindings/go/go.mod").contains(&format!("\ngo {}.{}\n", GO.oldest.0, GO.oldest.1)));
        assert!(file("bindings/node/package.json").contains(&format!("\"node\": \">={}\"", NODE.oldest.0)));
    }
}
