use std::path::PathBuf;

use super::programs::{GO, NODE, Toolchain, missed};
use super::run::Report;
use super::step::Step;
use crate::workspace::Workspace;

const GO_SOURCE: &str = "tests-interop/clients/emit.go";

/// The variables that tell the interoperability tests which other languages there are; `None` when one of them is missing or too
/// old and that was not to be skipped, or its emitter cannot be built, which `report` then knows.
pub(super) fn variables(
    workspace: &Workspace,
    skip_missing: bool,
    report: &mut Report,
) -> Option<Vec<(&'static str, PathBuf)>> {
    let mut variables = Vec::new();
    if let Some(node) = found(&NODE, skip_missing, report)? {
        variables.push(("AGENT_RECEIPTS_NODE", PathBuf::from(node)));
    }
    if found(&GO, skip_missing, report)?.is_some() {
        variables.push(("AGENT_RECEIPTS_GO_EMITTER", built_go(workspace, GO_SOURCE, "emit-go", report)?));
    }
    Some(variables)
}

/// Builds a program of one file in Go, of a toolchain that is there; `None` when that fails, which `report` then knows.
pub(super) fn built_go(
    workspace: &Workspace,
    source: &str,
    name: &str,
    report: &mut Report,
) -> Option<PathBuf> {
    let program = workspace.target_dir().join("xtask").join(name);
    // Only the standard library, and only the toolchain that is here: nothing is fetched.
    let step = Step::new(GO.missing.program, &["build", "-o"])
        .argument(&program)
        .argument(source)
        .env("GOTOOLCHAIN", "local")
        .env("GO111MODULE", "off")
        .env("CGO_ENABLED", "0");
    report.needed(&format!("building {source}"), &step.run(workspace.root())).then_some(program)
}

/// The program, if it is there; `None` when it has to be and is not.
fn found(toolchain: &Toolchain, skip_missing: bool, report: &mut Report) -> Option<Option<&'static str>> {
    toolchain
        .find()
        .map(Some)
        .or_else(|error| {
            let what = format!("the emitter of `{}`", toolchain.missing.program);
            missed(&what, &error.to_string(), skip_missing, report);
            if skip_missing { Ok(None) } else { Err(()) }
        })
        .ok()
}
