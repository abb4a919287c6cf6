//! The C interface: its header, the tests in C over the library as it is shipped, and how large that is.

mod exports;
mod programs;
mod size;

use programs::Program;

use super::programs::Missing;
use super::run::Report;
use super::step::Step;
use crate::c_library::{LibraryOptions, make_library};
use crate::workspace::Workspace;

const CC: Missing = Missing { program: "cc", what: "a C compiler", package: "gcc libc6-dev" };
const VALGRIND: Missing = Missing { program: "valgrind", what: "Valgrind", package: "valgrind" };
const CXX: Missing = Missing { program: "c++", what: "a C++ compiler", package: "g++" };

/// Holds the header against the sources, and runs the tests in C plainly, under the sanitizers and under Valgrind.
pub(super) fn run(workspace: &Workspace, skip_missing: bool, report: &mut Report) {
    let header = Step::new("cargo", &["xtask", "header"]).run(workspace.root());
    report.needed("the committed C header", &header);
    if !CC.is_here_for("the tests in C", skip_missing, report) {
        return;
    }
    let with_valgrind = VALGRIND.is_here_for("the tests in C under Valgrind", skip_missing, report);
    let with_cpp = CXX.is_here_for("the header in C++", skip_missing, report);
    let libraries = [false, true].map(|verifier| make_library(workspace, LibraryOptions { verifier }));
    let [Ok(emitter), Ok(verifier)] = &libraries else {
        for error in libraries.into_iter().filter_map(Result::err) {
            report.failed("building the C library", &error.to_string());
        }
        return;
    };
    size::check(&emitter.shared(), size::EMITTER, report);
    size::check(&verifier.shared(), size::VERIFIER, report);
    exports::check(&verifier.shared(), report);
    let Some(data) = programs::data(workspace, report) else { return };
    let kinds = [Program::Plain, Program::Sanitized, Program::Valgrind];
    for kind in kinds.into_iter().filter(|kind| *kind != Program::Valgrind || with_valgrind) {
        if let Some(program) = kind.compiled(workspace, verifier, report) {
            report.tests(kind.name(), &data.shown_to(kind.run(&program)).run(workspace.root()));
        }
    }
    programs::example(workspace, verifier, &data, report);
    if with_cpp {
        programs::header_in_cpp(CXX.program, workspace, verifier, report);
    }
}
