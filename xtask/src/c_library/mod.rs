//! `cargo xtask c-library`: the C library as it is shipped, in a folder that a C compiler and `pkg-config` understand.

mod description;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::workspace::Workspace;

/// What `cargo xtask c-library` is asked to make.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct LibraryOptions {
    /// With the offline verifier, which brings cryptography and SQLite.
    #[arg(long)]
    pub(crate) verifier: bool,
}

/// A library, in `lib` and `include` of one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Library {
    pub(crate) folder: PathBuf,
}

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LibraryError {
    /// It does not compile.
    #[error("`cargo build` of the C library failed: {0}")]
    Build(String),
    /// A file could not be put into its place.
    #[error("`{}`: {reason}", path.display())]
    Place {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
}

/// What SQLite is built without for the verifier, which opens databases for reading and asks a handful of questions. (What the
/// parser knows stays: leaving that out would need another amalgamation.)
const SQLITE: &str = "-USQLITE_ENABLE_FTS3 -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_ENABLE_FTS5 -USQLITE_ENABLE_RTREE \
    -USQLITE_ENABLE_DBSTAT_VTAB -USQLITE_ENABLE_STAT4 -USQLITE_ENABLE_LOAD_EXTENSION -USQLITE_SOUNDEX \
    -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_AUTHORIZATION \
    -DSQLITE_OMIT_TRACE -DSQLITE_OMIT_JSON -DSQLITE_OMIT_UTF16 -DSQLITE_OMIT_DESERIALIZE -DSQLITE_OMIT_COMPLETE \
    -DSQLITE_OMIT_GET_TABLE -DSQLITE_OMIT_TCL_VARIABLE -DSQLITE_OMIT_INCRBLOB -DSQLITE_OMIT_COMPILEOPTION_DIAGS";

/// C is built small, and without tables for unwinding: nothing unwinds through it.
const C: &str = "-Os -fno-asynchronous-unwind-tables -fno-unwind-tables";

/// What cargo is told to build: the emitter's half, as a release does.
pub(crate) const BUILD: &[&str] =
    &["build", "--locked", "--package", "agent-receipts-ffi", "--profile", "ffi"];
const BUILD_VERIFIER: &[&str] = &[
    "build",
    "--locked",
    "--package",
    "agent-receipts-ffi",
    "--profile",
    "ffi-verifier",
    "--features",
    "verifier",
];

/// Where cargo puts what [`BUILD`] makes.
pub(crate) fn built(workspace: &Workspace) -> PathBuf {
    workspace.target_dir().join("ffi")
}

/// Builds the library and puts it into `<target>/c-library` or `<target>/c-library-verifier`.
///
/// # Errors
/// When it does not compile, or a file cannot be copied.
pub(crate) fn make_library(workspace: &Workspace, options: LibraryOptions) -> Result<Library, LibraryError> {
    let target = workspace.target_dir();
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace.root());
    let (name, built) = match options.verifier {
        false => {
            cargo.args(BUILD);
            ("c-library", built(workspace))
        }
        // In a target folder of its own: cargo gives the libraries of both kinds the same names.
        true => {
            let own = target.join("xtask").join("verifier");
            cargo.args(BUILD_VERIFIER).arg("--target-dir").arg(&own);
            cargo.env("LIBSQLITE3_FLAGS", SQLITE).env("CFLAGS", C);
            ("c-library-verifier", own.join("ffi-verifier"))
        }
    };
    match cargo.status() {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(LibraryError::Build(status.to_string())),
        Err(error) => return Err(LibraryError::Build(error.to_string())),
    }
    let library = Library { folder: target.join(name) };
    library.place(workspace, &built, options)?;
    Ok(library)
}

impl Library {
    /// Where the header is.
    pub(crate) fn include(&self) -> PathBuf {
        self.folder.join("include")
    }

    /// What programs load.
    pub(crate) fn shared(&self) -> PathBuf {
        self.lib().join(SHARED)
    }

    /// What is linked into programs.
    pub(crate) fn fixed(&self) -> PathBuf {
        self.lib().join(FIXED)
    }

    /// Where both libraries are.
    pub(crate) fn lib(&self) -> PathBuf {
        self.folder.join("lib")
    }

    fn place(
        &self,
        workspace: &Workspace,
        built: &Path,
        options: LibraryOptions,
    ) -> Result<(), LibraryError> {
        for name in [SHARED, FIXED] {
            copy(&built.join(name), &self.lib().join(name))?;
        }
        let header = "agent_receipts.h";
        copy(&workspace.root().join("ffi/include").join(header), &self.include().join(header))?;
        let texts = [
            (description::PKG_CONFIG, description::pkg_config(options)),
            (description::CMAKE, description::cmake(SHARED)),
        ];
        texts.into_iter().try_for_each(|(name, text)| {
            let path = self.lib().join(name);
            made(&path, |path| std::fs::write(path, text))
        })
    }
}

#[cfg(target_os = "macos")]
pub(crate) const SHARED: &str = "libagent_receipts.dylib";
#[cfg(not(target_os = "macos"))]
pub(crate) const SHARED: &str = "libagent_receipts.so";
pub(crate) const FIXED: &str = "libagent_receipts.a";

fn copy(from: &Path, to: &Path) -> Result<(), LibraryError> {
    // Anew: a program that has the old one loaded keeps it.
    let _ = std::fs::remove_file(to);
    made(to, |to| std::fs::copy(from, to).map(|_| ()))
}

fn made(path: &Path, make: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), LibraryError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| make(path))
        .map_err(|reason| LibraryError::Place { path: path.to_owned(), reason })
}
