use std::path::PathBuf;
use std::process::Command;

use super::run::Report;
use super::step::Step;
use crate::workspace::Workspace;

const GO_SOURCE: &str = "tests-interop/clients/emit.go";

/// A program without which emitters of one language cannot be tried.
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
}

const NODE: Missing = Missing { program: "node", what: "Node 18 or newer", package: "nodejs" };
pub(super) const GO: Missing = Missing { program: "go", what: "Go 1.19 or newer", package: "golang-go" };

/// The variables that tell the interoperability tests which other languages there are; `None` when one of them is missing
/// and that was not to be skipped, or its emitter cannot be built, which `report` then knows.
pub(super) fn variables(
    workspace: &Workspace,
    skip_missing: bool,
    report: &mut Report,
) -> Option<Vec<(&'static str, PathBuf)>> {
    let mut variables = Vec::new();
    if present(&NODE, &["--version"], skip_missing, report)? {
        variables.push(("AGENT_RECEIPTS_NODE", PathBuf::from(NODE.program)));
    }
    if present(&GO, &["version"], skip_missing, report)? {
        let emitter = workspace.target_dir().join("xtask").join("emit-go");
        // Only the standard library, and only the toolchain that is here: nothing is fetched.
        let step = Step::new(GO.program, &["build", "-o"])
            .argument(&emitter)
            .argument(GO_SOURCE)
            .env("GOTOOLCHAIN", "local")
            .env("GO111MODULE", "off")
            .env("CGO_ENABLED", "0");
        if !report.needed("building the emitter in Go", &step.run(workspace.root())) {
            return None;
        }
        variables.push(("AGENT_RECEIPTS_GO_EMITTER", emitter));
    }
    Some(variables)
}

/// Whether a program is there; `None` when it has to be and is not.
fn present(program: &Missing, question: &[&str], skip_missing: bool, report: &mut Report) -> Option<bool> {
    if program.is_here(question) {
        return Some(true);
    }
    let what = format!("the emitter of `{}`", program.program);
    if skip_missing {
        report.skipped(&what, &program.to_string());
        return Some(false);
    }
    report.failed(&what, &program.to_string());
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Missing =
        Missing { program: "no-such-language-anywhere", what: "a language", package: "none" };

    #[test]
    fn what_is_missing_fails_with_the_mend() {
        let mut report = Report::default();
        assert_eq!(present(&NOTHING, &["--version"], false, &mut report), None);
        assert!(report.summary().contains("install a language"), "{}", report.summary());
        assert!(report.summary().ends_with("0 passed, 1 failed, 0 skipped"));
    }

    #[test]
    fn what_is_missing_is_skipped_loudly_when_asked() {
        let mut report = Report::default();
        assert_eq!(present(&NOTHING, &["--version"], true, &mut report), Some(false));
        assert!(
            report.summary().contains("ATTENTION: the emitter of `no-such-language-anywhere` did NOT run")
        );
    }

    #[test]
    fn a_program_that_answers_is_there() {
        assert_eq!(
            present(&Missing { program: "true", ..NOTHING }, &[], false, &mut Report::default()),
            Some(true)
        );
    }
}
