use std::path::{Path, PathBuf};
use std::process::Command;

use super::library::library;
use super::{Fault, Ground, files};
use crate::test::programs::Missing;
use crate::test::python::{self, Environment};
use crate::test::run::Report;
use crate::test::step::Step;

pub(super) const DRIVER: &str = "tests-interop/drivers/python/driver.py";
const PACKAGE: &str = "bindings/python";
/// What the wheel is built by.
const BUILD: &str = "bindings/python/requirements-build.txt";
/// What its tests use.
const TEST: &str = "bindings/python/requirements-test.txt";

/// What the wheel's part in C is compiled against; whoever installs the wheel needs none.
const HEADERS: Missing = Missing { program: "Python.h", what: "Python's C headers", package: "python3-dev" };

/// Builds the wheel and installs it, and nothing else, into a fresh virtual environment in which there is no compiler.
pub(super) fn install(ground: &Ground, report: &mut Report) -> Result<Vec<PathBuf>, Fault> {
    let python = python::find().map_err(|missing| Fault::Missing(missing.to_string()))?;
    if !has_headers(python) {
        return Err(Fault::Missing(HEADERS.to_string()));
    }
    let library = library(ground, report)?;
    let builder = Environment { folder: ground.place.join("build"), requirements: BUILD };
    let builder = builder.make(ground.workspace, python, report).ok_or(Fault::Reported)?;
    let dist = ground.place.join("dist");
    ground.done("emptying the wheel's folder", files::empty(&dist), report)?;
    let pip = ["-m", "pip", "--disable-pip-version-check"];
    let wheel = Step::new(builder, &pip);
    let wheel =
        ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir"].into_iter().fold(wheel, Step::argument);
    let wheel = wheel.argument(&dist).argument(PACKAGE).env("AGENT_RECEIPTS_LIBRARY", &library.shared);
    ground.step("building the wheel", &wheel.env("AGENT_RECEIPTS_INCLUDE", &library.include), report)?;
    let user = ground.place.join("user");
    let fresh = Step::new(python, &["-m", "venv", "--clear"]).argument(&user);
    ground.step("making a virtual environment", &fresh, report)?;
    let interpreter = user.join("bin/python");
    let wheel = ground.done("finding the wheel", files::only(&dist, ".whl"), report)?;
    // Who installs it needs no compiler: there is none for it.
    let put = Step::new(&interpreter, &pip).argument("install").argument(wheel).env("CC", "false");
    ground.step("installing the wheel", &put, report)?;
    Ok(vec![interpreter, "-B".into(), "-I".into(), ground.root().join(DRIVER)])
}

/// Runs the package's tests against the wheel.
pub(super) fn test(ground: &Ground, report: &mut Report) {
    const WHAT: &str = "pytest bindings/python";
    const PLAIN: &str = "pytest bindings/python, where C cannot be loaded";
    // Those that emit by the method in Python, there.
    const PLAIN_TESTS: &[&str] = &[
        "bindings/python/tests/test_emitter.py",
        "bindings/python/tests/test_bad_input.py",
        "bindings/python/tests/test_fork.py",
    ];
    let Ok(python) = python::find() else { return report.failed(WHAT, "`python3` is gone") };
    let tester = Environment { folder: ground.place.join("test"), requirements: TEST };
    let Some(tester) = tester.make(ground.workspace, python, report) else { return };
    let Ok(wheel) = ground.done("finding the wheel", files::only(&ground.place.join("dist"), ".whl"), report)
    else {
        return;
    };
    let again = ["-m", "pip", "--disable-pip-version-check", "install", "--force-reinstall", "--no-deps"];
    let put = Step::new(&tester, &again).argument(&wheel);
    if ground.step("installing the wheel for its tests", &put, report).is_err() {
        return;
    }
    let mut run = |what: &str, tests: &[&str], set: &[(&str, &Path)]| {
        let step = Step::new(&tester, &["-B", "-m", "pytest", "-p", "no:cacheprovider"]);
        let step = tests.iter().fold(ground.with_programs(step), Step::argument);
        let step = set.iter().fold(step, |step, (name, value)| step.env(name, value));
        report.tests(what, &step.run(ground.root()));
    };
    // One of them installs the wheel once more, as a user would, where there is nothing else.
    run(WHAT, &["bindings/python/tests"], &[("AGENT_RECEIPTS_WHEEL", &wheel)]);
    run(PLAIN, PLAIN_TESTS, &[("AGENT_RECEIPTS_PLAIN", Path::new("1"))]);
}

fn has_headers(python: &str) -> bool {
    const ASK: &str =
        "import os, sysconfig; os.stat(os.path.join(sysconfig.get_path('include'), 'Python.h'))";
    Command::new(python).args(["-c", ASK]).output().is_ok_and(|answer| answer.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_headers_are_told_with_the_mend() {
        assert!(!has_headers("false") && !has_headers("no-such-program-anywhere"));
        let told = HEADERS.to_string();
        assert_eq!(
            told,
            "no `Python.h` was found: install Python's C headers (on Debian: `apt-get install python3-dev`)"
        );
    }
}
