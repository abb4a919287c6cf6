use super::bindings::Drivers;
use super::run::Report;
use super::step::Step;
use super::{behaviours, languages, python, rust};
use crate::workspace::Workspace;

/// Runs the interoperability tests: a published client and others' languages, not ours, against our programs; and holds every
/// language's own package to the same behaviours.
pub(super) fn run(
    workspace: &Workspace,
    which: &str,
    drivers: &Drivers,
    skip_missing: bool,
    report: &mut Report,
) {
    let python = match python::find() {
        Ok(python) => python,
        Err(missing) if skip_missing => {
            return report.skipped("the interoperability tests", &missing.to_string());
        }
        Err(missing) => return report.failed("the interoperability tests", &missing.to_string()),
    };
    let Some(interpreter) = python::environment(workspace, python, report) else { return };
    let Some(others) = languages::variables(workspace, skip_missing, report) else { return };
    let results = behaviours::forget(workspace);
    // No byte code is written beside the sources: a checkout stays as git knows it.
    let step = Step::new(&interpreter, &["-B", "tests-interop/run.py", which])
        .env("AGENT_RECEIPTS_BIN_DIR", rust::binaries(workspace))
        .env("AGENT_RECEIPTS_DRIVERS", &drivers.table)
        .env("AGENT_RECEIPTS_BEHAVIOURS", results)
        .env("PYTHONUNBUFFERED", "1");
    let step = others.into_iter().fold(step, |step, (name, value)| step.env(name, value));
    report.tests("tests-interop/run.py", &step.run(workspace.root()));
    behaviours::check(workspace, &drivers.excused, report);
}
