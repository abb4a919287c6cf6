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
    if let Some(go) = found(&GO, skip_missing, report)? {
        let emitter = workspace.target_dir().join("xtask").join("emit-go");
        // Only the standard library, and only the toolchain that is here: nothing is fetched.
        let step = Step::new(go, &["build", "-o"])
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
