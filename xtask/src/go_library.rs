//! `cargo xtask go-library`: the C library and its header, where the Go module looks for them.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::c_library::{BUILD, FIXED, built};
use crate::workspace::{Workspace, WorkspaceError};

/// What the Go module links, from the root of the checkout. Git ignores it.
const LIB: &str = "bindings/go/emitter/lib";
const HEADER: &str = "ffi/include/agent_receipts.h";

/// Why the Go module has no library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum GoLibraryError {
    /// The library could not be built.
    #[error(transparent)]
    Build(#[from] WorkspaceError),
    /// A file could not be put in its place.
    #[error("cannot put `{path}` in its place")]
    File {
        /// The file, from the root of the checkout.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Builds the library for this machine, and puts it and the header where the Go module looks for them; gives the library's path.
///
/// # Errors
/// When the build fails, or a file cannot be written.
pub(crate) fn make_go_library(workspace: &Workspace) -> Result<PathBuf, GoLibraryError> {
    workspace.output("cargo", BUILD)?;
    let built = built(workspace).join(FIXED);
    let folder = format!("{LIB}/{}_{}", system(std::env::consts::OS), architecture(std::env::consts::ARCH));
    let library = put(workspace, fs::read(built), &format!("{folder}/{FIXED}"))?;
    put(workspace, fs::read(workspace.root().join(HEADER)), &format!("{LIB}/agent_receipts.h"))?;
    Ok(library)
}

/// Writes a file unless it stands there already, whole or not at all: Go may be reading it.
fn put(workspace: &Workspace, bytes: io::Result<Vec<u8>>, to: &str) -> Result<PathBuf, GoLibraryError> {
    let path = workspace.root().join(to);
    let written = bytes.and_then(|bytes| {
        if fs::read(&path).is_ok_and(|old| old == bytes) {
            return Ok(());
        }
        let draft = path.with_extension("new");
        fs::create_dir_all(path.parent().unwrap_or(workspace.root()))?;
        fs::write(&draft, bytes)?;
        fs::rename(draft, &path)
    });
    written.map(|()| path).map_err(|source| GoLibraryError::File { path: to.to_owned(), source })
}

/// Rust's name of a system, in Go's words.
fn system(rust: &str) -> &str {
    match rust {
        "macos" => "darwin",
        same => same,
    }
}

/// Rust's name of an architecture, in Go's words.
fn architecture(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn machines_have_the_names_that_the_module_links_by() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings/go/emitter/library.go");
        let source = fs::read_to_string(source).unwrap();
        for (os, arch) in
            [("linux", "x86_64"), ("linux", "aarch64"), ("macos", "x86_64"), ("macos", "aarch64")]
        {
            let (system, architecture) = (system(os), architecture(arch));
            let line = format!(
                "#cgo {system},{architecture} LDFLAGS: ${{SRCDIR}}/lib/{system}_{architecture}/{FIXED}\n"
            );
            assert!(source.contains(&line), "{line}");
        }
    }
}
