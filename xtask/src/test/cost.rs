use super::bindings::Bindings;
use super::python;
use super::run::Report;
use super::step::Step;
use crate::workspace::Workspace;

/// Measures what emitting costs in each language beside the published client, everything built as it is released; `false` when
/// any of it could not be built or did not run. The figures are printed, and judged by nobody.
pub(crate) fn measure_emit_cost(workspace: &Workspace) -> bool {
    let mut report = Report::default();
    let measured = measure(workspace, &mut report).is_some();
    report.print();
    // A language without its package is no column of the table, and not what was asked for.
    measured && report.nothing_failed()
}

fn measure(workspace: &Workspace, report: &mut Report) -> Option<()> {
    let python = match python::find() {
        Ok(python) => python,
        Err(missing) => {
            report.failed("the cost of emitting", &missing.to_string());
            return None;
        }
    };
    let packages = ["build", "--release", "--locked", "--package", "agent-receipts-daemon"];
    let build = Step::new("cargo", &packages).argument("--package").argument("agent-receipts-driver");
    if !report.needed("building the programs", &build.run(workspace.root())) {
        return None;
    }
    let drivers = Bindings::install(workspace, true, report).drivers(workspace, report)?;
    let interpreter = python::environment(workspace, python, report)?;
    let step = Step::new(interpreter, &["-B", "tests-interop/emit_cost.py"])
        .env("AGENT_RECEIPTS_BIN_DIR", workspace.target_dir().join("release"))
        .env("AGENT_RECEIPTS_DRIVERS", drivers.table)
        .env("PYTHONUNBUFFERED", "1");
    report.needed("measuring", &step.run(workspace.root())).then_some(())
}
