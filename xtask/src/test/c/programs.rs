use std::path::{Path, PathBuf};

use super::super::run::Report;
use super::super::step::Step;
use crate::c_library::Library;
use crate::workspace::Workspace;

/// One way to run the tests in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// With the shared library.
    Plain,
    /// With the library linked in, C's half watched by AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer.
    Sanitized,
    /// The plain program, both halves watched.
    Valgrind,
}

const FLAGS: &[&str] = &["-std=c99", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread"];
const SANITIZERS: &[&str] =
    &["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];
const WATCHED: &[&str] = &[
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,indirect",
    // Its threads take turns; without this a waiting one may starve.
    "--fair-sched=yes",
];

impl Program {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "the tests in C",
            Self::Sanitized => "the tests in C, sanitized",
            Self::Valgrind => "the tests in C under valgrind",
        }
    }

    /// Compiles all of `ffi/tests/c` against the header alone.
    pub(super) fn compiled(
        self,
        workspace: &Workspace,
        library: &Library,
        report: &mut Report,
    ) -> Option<PathBuf> {
        let folder = workspace.target_dir().join("xtask").join("c");
        let program = folder.join(if self == Self::Sanitized { "tests-sanitized" } else { "tests" });
        let sources = match std::fs::create_dir_all(&folder).and_then(|()| sources(workspace)) {
            Ok(sources) => sources,
            Err(error) => {
                report.failed(self.name(), &error.to_string());
                return None;
            }
        };
        let step = Step::new("cc", FLAGS).argument("-I").argument(library.include());
        let step = sources.iter().fold(step, Step::argument);
        let step = if self == Self::Sanitized {
            let step = SANITIZERS.iter().fold(step, Step::argument).argument(library.fixed());
            step.argument("-lm").argument("-ldl")
        } else {
            linked(step, library).argument("-lagent_receipts")
        };
        let compiled = step.argument("-o").argument(&program).run(workspace.root());
        report.needed("compiling the tests in C", &compiled).then_some(program)
    }

    pub(super) fn run(self, program: &Path) -> Step {
        match self {
            Self::Plain | Self::Sanitized => Step::new(program, &[]),
            Self::Valgrind => Step::new("valgrind", WATCHED).argument(program),
        }
    }
}

/// Receipts that the tests in C verify.
pub(super) struct Data {
    lines: PathBuf,
    database: PathBuf,
}

/// Receipts as lines, and the same in a database made anew.
pub(super) fn data(workspace: &Workspace, report: &mut Report) -> Option<Data> {
    let database = workspace.target_dir().join("xtask").join("c-receipts.db");
    let _ = std::fs::remove_file(&database);
    let arguments = [
        "run",
        "--quiet",
        "--package",
        "agent-receipts-ffi",
        "--all-features",
        "--example",
        "database",
        "--",
    ];
    let made = Step::new("cargo", &arguments).argument(&database).run(workspace.root());
    let data = Data { lines: workspace.root().join("ffi/tests/data"), database };
    report.needed("a database for the tests in C", &made).then_some(data)
}

impl Data {
    pub(super) fn shown_to(&self, step: Step) -> Step {
        step.env("AR_TEST_DATA", &self.lines).env("AR_TEST_DATABASE", &self.database)
    }
}

/// The example that verifies: valid with the earlier key, and not without it.
pub(super) fn example(workspace: &Workspace, library: &Library, data: &Data, report: &mut Report) {
    const WHAT: &str = "the example `verify.c`";
    let program = workspace.target_dir().join("xtask").join("c").join("verify");
    let step = linked(Step::new("cc", FLAGS).argument("-I").argument(library.include()), library);
    let step = step.argument("ffi/examples/verify.c").argument("-lagent_receipts").argument("-o");
    if !report.needed(WHAT, &step.argument(&program).run(workspace.root())) {
        return;
    }
    let published =
        Step::new(&program, &[]).argument(&data.database).argument(data.lines.join("published.pem"));
    if published.run(workspace.root()).fault.is_none() {
        report.failed(WHAT, "it believes receipts whose key it does not know");
    }
    let both = Step::new(&program, &[]).argument(&data.database).argument(data.lines.join("published.pem"));
    report.needed(WHAT, &both.argument(data.lines.join("earlier.pem")).run(workspace.root()));
}

/// Links with the shared library, where it stands.
fn linked(step: Step, library: &Library) -> Step {
    let mut place = std::ffi::OsString::from("-Wl,-rpath,");
    place.push(library.lib());
    step.argument("-L").argument(library.lib()).argument(place)
}

/// C++ programs include the same header.
pub(super) fn header_in_cpp(compiler: &str, workspace: &Workspace, library: &Library, report: &mut Report) {
    let flags =
        ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c++", "-I"];
    let step = Step::new(compiler, &flags).argument(library.include()).argument("ffi/tests/c/header.cc");
    report.needed("the header in C++", &step.run(workspace.root()));
}

fn sources(workspace: &Workspace) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(workspace.root().join("ffi/tests/c"))?;
    let mut sources: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    sources.sort();
    Ok(sources)
}
