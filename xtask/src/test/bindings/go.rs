use std::path::PathBuf;

use super::library::{Library, library};
use super::{Fault, Ground, files};
use crate::test::languages::{GO, Missing};
use crate::test::run::Report;
use crate::test::step::Step;

pub(super) const DRIVER: &str = "tests-interop/drivers/go/driver.go";
const MODULE: &str = "bindings/go";
const CC: Missing =
    Missing { program: "cc", what: "a C compiler, as every Go program with cgo does", package: "gcc" };

/// Builds the driver in a module of its own that gets ours by a local `replace`.
pub(super) fn install(ground: &Ground, report: &mut Report) -> Result<Vec<PathBuf>, Fault> {
    ground.needs(&GO, &["version"])?;
    ground.needs(&CC, &["--version"])?;
    let library = library(ground, report)?;
    let (module, app) = (ground.root().join(MODULE), ground.place.join("app"));
    let manifest = ground.done("reading go.mod", std::fs::read_to_string(module.join("go.mod")), report)?;
    let name = manifest.lines().find_map(|line| line.strip_prefix("module ")).unwrap_or_default().trim();
    ground.done("emptying a folder for Go", files::empty(&app), report)?;
    let replace = format!("-replace={name}={}", module.display());
    let required = format!("-require={name}@v0.0.0");
    for (what, arguments) in [
        ("making a Go module", ["mod", "init", "example.test/app"].as_slice()),
        ("replacing the Go module", ["mod", "edit", &replace, &required].as_slice()),
    ] {
        ground.step_in(what, &go(arguments, &library), &app, report)?;
    }
    let driver = ground.place.join("driver-go");
    if ground.root().join(DRIVER).is_file() {
        let copied = files::copy(&ground.root().join("tests-interop/drivers/go"), &app);
        ground.done("copying the driver", copied, report)?;
        ground.step_in("tidying the Go module", &go(&["mod", "tidy"], &library), &app, report)?;
        let build = go(&["build", "-o"], &library).argument(&driver).argument(".");
        ground.step_in("building the driver in Go", &build, &app, report)?;
    }
    Ok(vec![driver])
}

/// Vets the module, and runs its tests under the race detector.
pub(super) fn test(ground: &Ground, report: &mut Report) {
    let Ok(library) = library(ground, report) else { return };
    let module = ground.root().join(MODULE);
    if ground.step_in("go vet", &go(&["vet", "./..."], &library), &module, report).is_ok() {
        let step = go(&["test", "-race", "-count=1", "-v", "./..."], &library);
        report.tests("go test bindings/go", &ground.with_programs(step).run(&module));
    }
}

/// Only the toolchain that is here, and the library linked in.
fn go(arguments: &[&str], library: &Library) -> Step {
    Step::new(GO.program, arguments)
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "1")
        .env("CGO_CFLAGS", format!("-I{}", library.include.display()))
        .env("CGO_LDFLAGS", format!("{} -lm -ldl -lpthread", library.fixed.display()))
}
