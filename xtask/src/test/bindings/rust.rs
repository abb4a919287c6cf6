use std::path::PathBuf;

use super::{Fault, Ground};
use crate::test::run::Report;
use crate::test::rust;

/// The driver is one of the programs that were built before everything else.
pub(super) fn install(ground: &Ground, _: &mut Report) -> Result<Vec<PathBuf>, Fault> {
    Ok(vec![rust::binaries(ground.workspace).join("driver-rust")])
}
