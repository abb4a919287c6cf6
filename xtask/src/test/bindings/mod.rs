//! The packages of other languages, installed as their users install them, and the drivers by which all languages are held to
//! the same behaviours.

mod c;
mod files;
mod go;
mod library;
mod node;
mod python;
mod rust;

use std::io;
use std::path::{Path, PathBuf};

use super::programs::{Missing, missed};
use super::run::Report;
use super::rust::binaries as rust_programs;
use super::step::Step;
use crate::workspace::Workspace;

/// One language: its package appears in the tests as soon as it stands in the checkout.
struct Language {
    /// The short name, in the results, and of the folder where the package is installed.
    name: &'static str,
    /// A file without which there is no package.
    package: &'static str,
    /// The driver's source; without it the language has no column in the table of behaviours.
    driver: &'static str,
    /// Builds the package and installs it in an empty place.
    install: fn(&Ground, &mut Report) -> Result<Vec<PathBuf>, Fault>,
    /// Runs the package's own tests, where it has some.
    test: Option<fn(&Ground, &mut Report)>,
}

/// Where one language's package comes from and where it is installed.
struct Ground<'a> {
    workspace: &'a Workspace,
    /// A folder of this language alone, below the target folder.
    place: PathBuf,
}

/// Why a language's package is not there; the report knows of either.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// A program is missing, which may be excused.
    #[error("{0}")]
    Missing(String),
    /// A step failed.
    #[error("its package could not be installed")]
    Reported,
}

/// All packages, built and installed once.
pub(super) struct Bindings<'a> {
    installed: Vec<Installed<'a>>,
}

struct Installed<'a> {
    language: &'static Language,
    ground: Ground<'a>,
    /// The driver, as a command; or why there is none.
    driver: Result<Vec<PathBuf>, Fault>,
}

/// The drivers of all languages that there are.
pub(super) struct Drivers {
    /// The file that names them, for the tests.
    pub(super) table: PathBuf,
    /// The languages without a driver here, for which the report has failed or skipped something already.
    pub(super) excused: Vec<String>,
}

impl<'a> Bindings<'a> {
    /// Builds and installs every package that stands in the checkout. What this machine cannot run is skipped loudly, or fails.
    pub(super) fn install(workspace: &'a Workspace, skip_missing: bool, report: &mut Report) -> Self {
        let present = LANGUAGES.iter().filter(|language| workspace.root().join(language.package).is_file());
        let install = |language: &'static Language| {
            let place = workspace.target_dir().join("xtask").join(language.name);
            let ground = Ground { workspace, place };
            let driver = (language.install)(&ground, report);
            if let Err(Fault::Missing(why)) = &driver {
                let what = format!("the package of `{}`", language.name);
                missed(&what, why, skip_missing, report);
            }
            Installed { language, ground, driver }
        };
        Self { installed: present.map(install).collect() }
    }

    /// Runs the packages' own tests.
    pub(super) fn test(&self, report: &mut Report) {
        for Installed { language, ground, driver } in &self.installed {
            if let (Some(test), Ok(_)) = (language.test, driver) {
                test(ground, report);
            }
        }
    }

    /// Names the drivers in a file for the tests; `None` when that failed, which `report` then knows.
    pub(super) fn drivers(&self, workspace: &Workspace, report: &mut Report) -> Option<Drivers> {
        let mut table = serde_json::Map::new();
        let mut excused = Vec::new();
        for Installed { language, driver, .. } in &self.installed {
            if !workspace.root().join(language.driver).is_file() {
                continue;
            }
            let entry = match driver {
                Ok(command) => serde_json::json!({ "command": command }),
                Err(fault) => {
                    excused.push(language.name.to_owned());
                    serde_json::json!({ "missing": fault.to_string() })
                }
            };
            table.insert(language.name.to_owned(), entry);
        }
        let path = workspace.target_dir().join("xtask").join("drivers.json");
        let text = serde_json::Value::Object(table).to_string();
        match files::write(&path, &text) {
            Ok(()) => Some(Drivers { table: path, excused }),
            Err(error) => {
                report.failed("naming the drivers", &error.to_string());
                None
            }
        }
    }
}

impl Ground<'_> {
    fn root(&self) -> &Path {
        self.workspace.root()
    }

    /// Runs a step that others need, in the root folder of the checkout.
    fn step(&self, what: &str, step: &Step, report: &mut Report) -> Result<(), Fault> {
        self.step_in(what, step, self.root(), report)
    }

    fn step_in(&self, what: &str, step: &Step, folder: &Path, report: &mut Report) -> Result<(), Fault> {
        if report.needed(what, &step.run(folder)) { Ok(()) } else { Err(Fault::Reported) }
    }

    /// What came of an attempt, or a failure that `report` knows.
    fn done<T>(&self, what: &str, attempt: io::Result<T>, report: &mut Report) -> Result<T, Fault> {
        attempt.map_err(|error| {
            report.failed(what, &error.to_string());
            Fault::Reported
        })
    }

    /// The step, told where our programs are: tests start a daemon.
    fn with_programs(&self, step: Step) -> Step {
        step.env("AGENT_RECEIPTS_BIN_DIR", rust_programs(self.workspace))
    }

    /// Fails unless a program answers.
    fn needs(&self, program: &Missing, question: &[&str]) -> Result<(), Fault> {
        if program.is_here(question) { Ok(()) } else { Err(Fault::Missing(program.to_string())) }
    }
}

const LANGUAGES: &[Language] = &[
    Language {
        name: "c",
        package: "ffi/include/agent_receipts.h",
        driver: c::DRIVER,
        install: c::install,
        test: None,
    },
    Language {
        name: "rust",
        package: "ipc/Cargo.toml",
        driver: "tests-interop/drivers/rust/Cargo.toml",
        install: rust::install,
        test: None,
    },
    Language {
        name: "python",
        package: "bindings/python/pyproject.toml",
        driver: python::DRIVER,
        install: python::install,
        test: Some(python::test),
    },
    Language {
        name: "node",
        package: "bindings/node/package.json",
        driver: node::DRIVER,
        install: node::install,
        test: Some(node::test),
    },
    Language {
        name: "go",
        package: "bindings/go/go.mod",
        driver: go::DRIVER,
        install: go::install,
        test: Some(go::test),
    },
];
