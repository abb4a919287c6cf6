use super::run::Report;
use super::step::Step;
use crate::workspace::Workspace;

/// The C interface: its committed header, held against the sources.
pub(super) fn run(workspace: &Workspace, report: &mut Report) {
    let header = Step::new("cargo", &["xtask", "header"]).run(workspace.root());
    report.needed("the committed C header", &header);
}
