use std::path::PathBuf;

use super::library::library;
use super::{Fault, Ground, files};
use crate::test::programs::{self, Missing};
use crate::test::run::Report;
use crate::test::step::Step;

pub(super) const DRIVER: &str = "tests-interop/drivers/node/driver.mjs";
const PACKAGE: &str = "bindings/node";
const NPM: Missing = Missing { program: "npm", what: "npm, which comes with Node", package: "npm" };
const CC: Missing = Missing { program: "cc", what: "a C compiler", package: "gcc" };
/// Nothing that a package's scripts would compile or fetch is of use to who installs ours: they do not run.
const INSTALL: &[&str] = &["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];

/// Packs the package and installs the tarball, without running a script of it and with no compiler to be found, into an empty folder.
pub(super) fn install(ground: &Ground, report: &mut Report) -> Result<Vec<PathBuf>, Fault> {
    programs::NODE.find().map_err(|error| Fault::Missing(error.to_string()))?;
    ground.needs(&NPM, &["--version"])?;
    ground.needs(&CC, &["--version"])?;
    let library = library(ground, report)?;
    let (package, dist, app) =
        (ground.root().join(PACKAGE), ground.place.join("dist"), ground.place.join("app"));
    ground.done("emptying the tarball's folder", files::empty(&dist), report)?;
    // The library becomes a part of the module that Node loads: one file, and nothing to be found when a program runs.
    let npm =
        |arguments: &[&str]| Step::new(NPM.program, arguments).env("AGENT_RECEIPTS_LIBRARY", &library.fixed);
    let fetch = npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    ground.step_in("installing what the Node package is built by", &fetch, &package, report)?;
    ground.step_in("building the Node package", &npm(&["run", "build", "--if-present"]), &package, report)?;
    let pack = npm(&["pack", "--pack-destination"]).argument(&dist);
    ground.step_in("packing the Node package", &pack, &package, report)?;
    let tarball = ground.done("finding the tarball", files::only(&dist, ".tgz"), report)?;
    ground.done("emptying a folder for Node", files::empty(&app), report)?;
    ground.done(
        "writing a manifest",
        files::write(&app.join("package.json"), "{\"private\":true}\n"),
        report,
    )?;
    ground.step_in(
        "installing the tarball",
        &npm(INSTALL).argument(tarball).env("CC", "false"),
        &app,
        report,
    )?;
    let driver = app.join("driver.mjs");
    if ground.root().join(DRIVER).is_file() {
        ground.done("copying the driver", std::fs::copy(ground.root().join(DRIVER), &driver), report)?;
    }
    Ok(vec!["node".into(), driver])
}

/// Runs the package's tests against the tarball, in a folder with what they pin.
pub(super) fn test(ground: &Ground, report: &mut Report) {
    let folder = ground.place.join("test");
    let mut prepared = || -> Result<Vec<PathBuf>, Fault> {
        let tarball =
            ground.done("finding the tarball", files::only(&ground.place.join("dist"), ".tgz"), report)?;
        ground.done("emptying a folder for the tests", files::empty(&folder), report)?;
        let copied = files::copy(&ground.root().join(PACKAGE).join("test"), &folder);
        ground.done("copying the tests", copied, report)?;
        let fetch = Step::new(NPM.program, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        ground.step_in("installing what the tests use", &fetch, &folder, report)?;
        let put = Step::new(NPM.program, INSTALL).argument(tarball);
        ground.step_in("installing the tarball for its tests", &put, &folder, report)?;
        ground.done("listing the tests", files::all(&folder, ".test.mjs"), report)
    };
    if let Ok(tests) = prepared() {
        // By name: left to itself, Node takes every program below a folder called `test` for a test.
        let step = tests.iter().fold(Step::new("node", &["--test", "--test-reporter=tap"]), Step::argument);
        // What is lost on purpose is counted here, and not in the user's own folders.
        let step =
            step.env("XDG_RUNTIME_DIR", folder.join("no-run")).env("XDG_DATA_HOME", folder.join("data"));
        report.tests("node --test bindings/node", &ground.with_programs(step).run(&folder));
    }
}
