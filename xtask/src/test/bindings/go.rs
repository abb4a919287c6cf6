use std::path::PathBuf;

use super::{Fault, Ground, files};
use crate::go_library::make_go_library;
use crate::test::programs::{self, Missing};
use crate::test::run::Report;
use crate::test::step::Step;

pub(super) const DRIVER: &str = "tests-interop/drivers/go/driver.go";
const MODULE: &str = "bindings/go";
const CC: Missing =
    Missing { program: "cc", what: "a C compiler, as every Go program with cgo does", package: "gcc" };

/// Builds the driver in a module of its own that gets ours by a local `replace`.
pub(super) fn install(ground: &Ground, report: &mut Report) -> Result<Vec<PathBuf>, Fault> {
    programs::GO.find().map_err(|error| Fault::Missing(error.to_string()))?;
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
    let formatted = formatted("gofmt").argument(".").argument("../../tests-interop/drivers/go");
    if ground.step_in("gofmt", &formatted, &module, report).is_ok()
        && ground.step_in("go vet", &go(&["vet", "./..."]), &module, report).is_ok()
    {
        let step = go(&["test", "-race", "-count=1", "-v", "./..."]);
        report.tests("go test bindings/go", &ground.with_programs(step).run(&module));
    }
}

/// Only the toolchain that is here; nothing is fetched, for the module needs nothing.
fn go(arguments: &[&str]) -> Step {
    Step::new(programs::GO.missing.program, arguments)
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("CGO_ENABLED", "1")
}

/// Fails where a formatter would change something, and where it cannot look. (It succeeds itself whatever it finds: what it
/// lists is what is wrong.)
fn formatted(formatter: &str) -> Step {
    const SCRIPT: &str = "wrong=$(\"$0\" -l \"$@\"); if [ -n \"$wrong\" ]; then echo \"$wrong\"; exit 1; fi";
    Step::new("sh", &["-ec", SCRIPT, formatter])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_formatter_that_is_missing_or_fails_or_lists_something_is_a_failure() {
        for formatter in ["no-such-formatter-anywhere", "false", "echo"] {
            let outcome = formatted(formatter).argument("x.go").run(Path::new("."));
            assert!(outcome.fault.is_some(), "{formatter}");
        }
        assert_eq!(formatted("true").argument("x.go").run(Path::new(".")).fault, None);
    }
}
