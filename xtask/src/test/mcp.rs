use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::languages::built_go;
use super::programs::{Missing, NODE};
use super::run::Report;
use super::step::Step;
use crate::workspace::Workspace;

const PROGRAMS: &str = "tests-interop/mcp/typescript";
const LOCK: &str = "package-lock.json";
const GO_READER: &str = "tests-interop/mcp/readers/stream.go";
const NPM: Missing = Missing { program: "npm", what: "npm, which comes with Node", package: "npm" };

/// The variables that tell the tests of the MCP proxy where the official packages are, and a server in Go; what the languages' own
/// variables do not name is missing here and was reported. `None` when something could not be made, which `report` then knows.
pub(super) fn variables(
    workspace: &Workspace,
    languages: &[(&'static str, PathBuf)],
    skip_missing: bool,
    report: &mut Report,
) -> Option<Vec<(&'static str, PathBuf)>> {
    let has = |variable: &str| languages.iter().any(|(name, _)| *name == variable);
    let mut variables = Vec::new();
    if has("AGENT_RECEIPTS_NODE") {
        if NPM.is_here_for("the official MCP clients and servers", skip_missing, report) {
            variables.push(("AGENT_RECEIPTS_MCP_NODE", packages(workspace, report)?));
        } else if !skip_missing {
            return None;
        }
    }
    if has("AGENT_RECEIPTS_GO_EMITTER") {
        let reader = built_go(workspace, GO_READER, "mcp-reader-go", report)?;
        variables.push(("AGENT_RECEIPTS_GO_READER", reader));
    }
    Some(variables)
}

/// A private folder with exactly the packages that are pinned, and our programs beside them, where Node finds what they import.
fn packages(workspace: &Workspace, report: &mut Report) -> Option<PathBuf> {
    let from = workspace.root().join(PROGRAMS);
    let folder = workspace.target_dir().join("xtask").join("mcp-node");
    let stamp = folder.join("installed-lock.json");
    let wanted = fs::read_to_string(from.join(LOCK)).unwrap_or_default();
    let is_installed = !wanted.is_empty() && fs::read_to_string(&stamp).is_ok_and(|lock| lock == wanted);
    if let Err(error) = copied(&from, &folder) {
        report.failed("copying the programs of MCP's TypeScript clients", &error.to_string());
        return None;
    }
    if is_installed {
        println!("\n==> the packages of {PROGRAMS}/{LOCK} are installed already");
        return Some(folder);
    }
    // No script of theirs is needed: none compiles or fetches anything that is used here.
    let fetch = Step::new(NPM.program, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    if !report.needed("installing the official MCP packages", &fetch.run(&folder)) {
        return None;
    }
    // Without the stamp the next run installs again, which costs time and nothing else.
    let _ = fs::write(&stamp, wanted);
    Some(folder)
}

/// Copies the files of a folder, but not of its folders.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Measures what the proxy adds to a call, everything built as it is released; `false` when something could not be built or did not
/// run. The figures are printed, and judged by nobody.
pub(crate) fn measure_mcp_latency(workspace: &Workspace) -> bool {
    let mut report = Report::default();
    let measured = measure(workspace, &mut report).is_some();
    report.print();
    measured && report.nothing_failed()
}

fn measure(workspace: &Workspace, report: &mut Report) -> Option<()> {
    let programs = ["build", "--release", "--locked", "--package", "agent-receipts-daemon"];
    let build = Step::new("cargo", &programs).argument("--package").argument("agent-receipts-mcp");
    if !report.needed("building the programs", &build.run(workspace.root())) {
        return None;
    }
    let python = super::python::find().map_err(|why| report.failed("the latency", &why.to_string())).ok()?;
    let interpreter = super::python::environment(workspace, python, report)?;
    let node = NODE.find().map_err(|why| report.failed("the latency", &why.to_string())).ok()?;
    let step = Step::new(interpreter, &["-B", "tests-interop/mcp_latency.py"])
        .env("AGENT_RECEIPTS_BIN_DIR", workspace.target_dir().join("release"))
        .env("AGENT_RECEIPTS_MCP_NODE", packages(workspace, report)?)
        .env("AGENT_RECEIPTS_NODE", node)
        .env("PYTHONUNBUFFERED", "1");
    report.needed("measuring", &step.run(workspace.root())).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_copied_and_what_was_installed_stays() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (home.path().join("from"), home.path().join("to"));
        fs::create_dir_all(from.join("inner")).unwrap();
        fs::create_dir_all(to.join("node_modules")).unwrap();
        fs::write(from.join("a.mjs"), "new").unwrap();
        fs::write(to.join("a.mjs"), "old").unwrap();
        copied(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("a.mjs")).unwrap(), "new");
        assert!(to.join("node_modules").is_dir());
        assert!(!to.join("inner").exists());
    }
}
