use std::path::PathBuf;
use std::process::Command;

use super::{Fault, Ground, files};
use crate::go_library::make_go_library;
use crate::test::languages::Missing;
use crate::test::run::Report;
use crate::test::step::Step;

pub(super) const DRIVER: &str = "tests-interop/drivers/go/driver.go";
const MODULE: &str = "bindings/go";
const GO: Missing = Missing { program: "go", what: "Go 1.24 or newer", package: "golang-go" };
/// What `go.mod` asks for.
const OLDEST: (u32, u32) = (1, 24);
const CC: Missing =
    Missing { program: "cc", what: "a C compiler, as every Go program with cgo does", package: "gcc" };

/// Builds the driver in a module of its own that gets ours by a local `replace`.
pub(super) fn install(ground: &Ground, report: &mut Report) -> Result<Vec<PathBuf>, Fault> {
    let version = Command::new(GO.program).args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").output();
    if !version.is_ok_and(|version| is_new_enough(&String::from_utf8_lossy(&version.stdout))) {
        return Err(Fault::Missing(GO.to_string()));
    }
    ground.needs(&CC, &["--version"])?;
    let linked = make_go_library(ground.workspace).map_err(std::io::Error::other);
    ground.done("making the library that Go links", linked, report)?;
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
        ground.step_in(what, &go(arguments), &app, report)?;
    }
    let driver = ground.place.join("driver-go");
    if ground.root().join(DRIVER).is_file() {
        let copied = files::copy(&ground.root().join("tests-interop/drivers/go"), &app);
        ground.done("copying the driver", copied, report)?;
        ground.step_in("tidying the Go module", &go(&["mod", "tidy"]), &app, report)?;
        let build = go(&["build", "-o"]).argument(&driver).argument(".");
        ground.step_in("building the driver in Go", &build, &app, report)?;
    }
    Ok(vec![driver])
}

/// Holds the module to Go's own form, vets it, and runs its tests under the race detector.
pub(super) fn test(ground: &Ground, report: &mut Report) {
    let module = ground.root().join(MODULE);
    // gofmt succeeds whatever it finds: what it lists is what is wrong.
    let formatted = Step::new(
        "sh",
        &["-c", "test -z \"$(gofmt -l . ../../tests-interop/drivers/go | tee /dev/stderr)\""],
    );
    if ground.step_in("gofmt", &formatted, &module, report).is_ok()
        && ground.step_in("go vet", &go(&["vet", "./..."]), &module, report).is_ok()
    {
        let step = go(&["test", "-race", "-count=1", "-v", "./..."]);
        report.tests("go test bindings/go", &ground.with_programs(step).run(&module));
    }
}

/// Only the toolchain that is here; nothing is fetched, for the module needs nothing.
fn go(arguments: &[&str]) -> Step {
    Step::new(GO.program, arguments).env("GOTOOLCHAIN", "local").env("GOPROXY", "off").env("CGO_ENABLED", "1")
}

/// `go1.26.8` is newer than the oldest that will do, and so is a development version.
fn is_new_enough(version: &str) -> bool {
    let version = version.trim();
    if version.starts_with("devel") {
        return true;
    }
    let mut numbers = version.trim_start_matches("go").split(['.', 'r', 'b', ' ']).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn versions_are_told_apart() {
        for new in ["go1.24\n", "go1.26.8", "go1.25rc1", "go2.0", "devel go1.27-abc Mon"] {
            assert!(is_new_enough(new), "{new}");
        }
        for old in ["", "go", "go1", "go1.19.8", "go1.23.12", "1x.30"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }

    #[test]
    fn the_module_asks_for_that_version() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings/go/go.mod");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        assert!(manifest.contains(&format!("\ngo {}.{}\n", OLDEST.0, OLDEST.1)));
    }
}
