use std::path::{Path, PathBuf};
use std::process::Command;

use super::run::Report;
use super::step::Step;
use crate::workspace::Workspace;

/// What the published client asks for.
const OLDEST: (u32, u32) = (3, 11);
const REQUIREMENTS: &str = "tests-interop/requirements.txt";

/// Why there is no interpreter for the interoperability tests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PythonError {
    #[error(
        "no `python3` was found: install Python 3.11 or newer (on Debian: `apt-get install python3 python3-venv`)"
    )]
    Missing,
    #[error(
        "`python3` is {major}.{minor}, and the published client needs 3.11: install a newer one and put it first in PATH"
    )]
    TooOld { major: u32, minor: u32 },
}

/// Finds an interpreter that is new enough.
pub(super) fn find() -> Result<&'static str, PythonError> {
    const ASK: &str = "import sys; print(sys.version_info[0], sys.version_info[1])";
    let output = Command::new("python3").args(["-c", ASK]).output().map_err(|_| PythonError::Missing)?;
    judge(&String::from_utf8_lossy(&output.stdout)).map(|()| "python3")
}

/// The virtual environment of the interoperability tests.
pub(super) fn environment(workspace: &Workspace, python: &str, report: &mut Report) -> Option<PathBuf> {
    let folder = workspace.target_dir().join("xtask").join("venv");
    Environment { folder, requirements: REQUIREMENTS }.make(workspace, python, report)
}

/// A private virtual environment under the target folder with exactly the pinned packages of a file.
pub(super) struct Environment {
    /// Where it stands.
    pub(super) folder: PathBuf,
    /// The file, as a path from the root of the checkout.
    pub(super) requirements: &'static str,
}

impl Environment {
    /// Makes it, unless it is there already, and gives its interpreter; `None` when it cannot be made, which `report` then
    /// knows.
    pub(super) fn make(&self, workspace: &Workspace, python: &str, report: &mut Report) -> Option<PathBuf> {
        let interpreter = self.folder.join("bin").join("python");
        let stamp = self.folder.join("installed-requirements.txt");
        let wanted = std::fs::read_to_string(workspace.root().join(self.requirements)).unwrap_or_default();
        if interpreter.is_file() && is_installed(&stamp, &wanted) {
            println!("\n==> the virtual environment has the packages of {} already", self.requirements);
            return Some(interpreter);
        }
        let made = Step::new(python, &["-m", "venv", "--clear"]).argument(&self.folder).run(workspace.root());
        if !report.needed("making a virtual environment (on Debian: `apt-get install python3-venv`)", &made) {
            return None;
        }
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let installed = Step::new(&interpreter, &install).argument(self.requirements).run(workspace.root());
        if !report.needed("installing the pinned packages", &installed) {
            return None;
        }
        // Without the stamp the next run installs again, which costs time and nothing else.
        let _ = std::fs::write(&stamp, wanted);
        Some(interpreter)
    }
}

fn is_installed(stamp: &Path, wanted: &str) -> bool {
    !wanted.is_empty() && std::fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted)
}

fn judge(answer: &str) -> Result<(), PythonError> {
    let mut numbers = answer.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST => Ok(()),
        (Some(Ok(major)), Some(Ok(minor))) => Err(PythonError::TooOld { major, minor }),
        _ => Err(PythonError::Missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_that_is_too_old_is_refused_with_the_mend() {
        assert_eq!(judge("3 9\n"), Err(PythonError::TooOld { major: 3, minor: 9 }));
        assert!(PythonError::TooOld { major: 3, minor: 9 }.to_string().contains("newer"));
    }

    #[test]
    fn a_new_interpreter_is_taken() {
        assert_eq!(judge("3 11\n"), Ok(()));
        assert_eq!(judge("4 0\n"), Ok(()));
    }

    #[test]
    fn an_interpreter_that_answers_nothing_is_missing() {
        assert_eq!(judge(""), Err(PythonError::Missing));
        assert_eq!(judge("three eleven"), Err(PythonError::Missing));
    }

    #[test]
    fn a_changed_pin_is_not_installed() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = folder.path().join("stamp");
        assert!(!is_installed(&stamp, "a==1\n"));
        std::fs::write(&stamp, "a==1\n").unwrap();
        assert!(is_installed(&stamp, "a==1\n"));
        assert!(!is_installed(&stamp, "a==2\n"));
    }
}
