use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Fault, Ground};
use crate::c_library::{BUILD, FIXED, SHARED, built};
use crate::test::run::Report;
use crate::test::step::Step;

/// The library that the packages bring along: the emitter's half, built as a release builds it.
pub(super) struct Library {
    /// To load when a program runs.
    pub(super) shared: PathBuf,
    /// To link into a program.
    pub(super) fixed: PathBuf,
    /// Where the header stands.
    pub(super) include: PathBuf,
}

/// Builds the library, the first time it is asked for.
pub(super) fn library(ground: &Ground, report: &mut Report) -> Result<Library, Fault> {
    static BUILT: OnceLock<bool> = OnceLock::new();
    let mut build = || report.needed("building the C library", &Step::new("cargo", BUILD).run(ground.root()));
    if !*BUILT.get_or_init(&mut build) {
        return Err(Fault::Reported);
    }
    let folder = built(ground.workspace);
    Ok(Library {
        shared: folder.join(SHARED),
        fixed: folder.join(FIXED),
        include: ground.root().join("ffi/include"),
    })
}
