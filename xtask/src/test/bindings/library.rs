use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Fault, Ground};
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
    let arguments = ["build", "--locked", "--package", "agent-receipts-ffi", "--profile", "ffi"];
    let mut build =
        || report.needed("building the C library", &Step::new("cargo", &arguments).run(ground.root()));
    if !*BUILT.get_or_init(&mut build) {
        return Err(Fault::Reported);
    }
    let folder = ground.workspace.target_dir().join("ffi");
    let shared = if cfg!(target_os = "macos") { "libagent_receipts.dylib" } else { "libagent_receipts.so" };
    Ok(Library {
        shared: folder.join(shared),
        fixed: folder.join("libagent_receipts.a"),
        include: ground.root().join("ffi/include"),
    })
}
