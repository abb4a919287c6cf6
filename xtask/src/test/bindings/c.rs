use std::path::PathBuf;

use super::library::library;
use super::{Fault, Ground, files};
use crate::test::programs::Missing;
use crate::test::run::Report;
use crate::test::step::Step;

pub(super) const DRIVER: &str = "tests-interop/drivers/c/driver.c";
const CC: Missing = Missing { program: "cc", what: "a C compiler", package: "gcc" };

/// Compiles the driver against the header alone, and links the library into it.
pub(super) fn install(ground: &Ground, report: &mut Report) -> Result<Vec<PathBuf>, Fault> {
    let library = library(ground, report)?;
    let driver = ground.place.join("driver-c");
    if !ground.root().join(DRIVER).is_file() {
        return Ok(Vec::new());
    }
    ground.needs(&CC, &["--version"])?;
    ground.done("making a folder for C", files::empty(&ground.place), report)?;
    let step = Step::new(CC.program, &["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I"])
        .argument(&library.include)
        .argument(DRIVER)
        .argument(&library.fixed)
        .argument("-o")
        .argument(&driver);
    let step = ["-ljansson", "-lm", "-ldl"].into_iter().fold(step, Step::argument);
    ground.step("building the driver in C (on Debian: `apt-get install libjansson-dev`)", &step, report)?;
    Ok(vec![driver])
}
