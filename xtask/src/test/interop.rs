use super::bindings::Drivers;
use super::programs::missed;
use super::run::Report;
use super::step::Step;
use super::{behaviours, languages, mcp, python, rust};
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
    let Some(step) = prepared(workspace, which, skip_missing, report) else { return };
    let results = behaviours::forget(workspace);
    let step = step.env("AGENT_RECEIPTS_DRIVERS", &drivers.table).env("AGENT_RECEIPTS_BEHAVIOURS", results);
    report.tests("tests-interop/run.py", &step.run(workspace.root()));
    behaviours::check(workspace, &drivers.excused, report);
}

/// Runs those of the MCP proxy alone, for which no package of ours is needed.
pub(super) fn run_mcp(workspace: &Workspace, skip_missing: bool, report: &mut Report) {
    if let Some(step) = prepared(workspace, "test_mcp_*.py", skip_missing, report) {
        report.tests("tests-interop/run.py", &step.run(workspace.root()));
    }
}

/// The step that runs tests, with all that they need; `None` when something is missing, which `report` then knows.
fn prepared(workspace: &Workspace, which: &str, skip_missing: bool, report: &mut Report) -> Option<Step> {
    let python = match python::find() {
        Ok(python) => python,
        Err(missing) => {
            missed("the interoperability tests", &missing.to_string(), skip_missing, report);
            return None;
        }
    };
    let interpreter = python::environment(workspace, python, report)?;
    let mut variables = languages::variables(workspace, skip_missing, report)?;
    variables.extend(mcp::variables(workspace, &variables, skip_missing, report)?);
    // No byte code is written beside the sources: a checkout stays as git knows it.
    let step = Step::new(&interpreter, &["-B", "tests-interop/run.py", which])
        .env("AGENT_RECEIPTS_BIN_DIR", rust::binaries(workspace))
        .env("PYTHONUNBUFFERED", "1");
    Some(variables.into_iter().fold(step, |step, (name, value)| step.env(name, value)))
}
