//! The house rules that no compiler lint knows.

mod embedded;
mod lengths;
mod manifests;
mod traces;

use crate::workspace::{TrackedFile, Workspace, WorkspaceError};

/// A house rule that something tracked breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HouseBreach {
    /// A file with too many lines.
    #[error("`{path}` has {lines} lines, at most {most} are allowed")]
    TooLong {
        /// The file.
        path: String,
        /// Its lines.
        lines: usize,
        /// The limit.
        most: usize,
    },
    /// Too few files are small.
    #[error("only {within} of {all} Rust files have at most {most} lines, at least {wanted} should")]
    TooFewSmall {
        /// Files within the limit.
        within: usize,
        /// All files.
        all: usize,
        /// The limit.
        most: usize,
        /// How many should be within it.
        wanted: usize,
    },
    /// A text that names a registry's host or a place on somebody's machine.
    #[error("{path}:{line}: names {what}, which no tracked file may")]
    Trace {
        /// The file.
        path: String,
        /// Line, counted from one.
        line: usize,
        /// What it names.
        what: String,
    },
    /// A source that embeds a file from outside its crate, which no published crate has.
    #[error("`{path}` embeds `{embedded}` from outside its crate")]
    EmbedsFromOutside {
        /// The source.
        path: String,
        /// What it embeds, from the source's folder.
        embedded: String,
    },
    /// A crate's manifest that opts out of the workspace's lints, or says no `rust-version` or another one.
    #[error("crate `{name}`: {fault}")]
    Manifest {
        /// The crate.
        name: String,
        /// What is wrong.
        fault: String,
    },
}

/// Holds the tracked files and the members' manifests against the house rules.
///
/// # Errors
/// When the running compiler's version cannot be read.
pub fn check_house(workspace: &Workspace, files: &[TrackedFile]) -> Result<Vec<HouseBreach>, WorkspaceError> {
    let mut breaches = lengths::check(files);
    breaches.extend(traces::check(files, &workspace.root().to_string_lossy()));
    breaches.extend(embedded::check(files));
    let compiler = workspace.output("rustc", &["--version"])?;
    for member in workspace.members() {
        let manifest = member.manifest_path.strip_prefix(workspace.root()).unwrap_or(&member.manifest_path);
        let text = files.iter().find(|file| file.path == manifest.as_str()).map_or("", |file| &file.text);
        let asked = member.rust_version.as_ref().map(ToString::to_string);
        breaches.extend(manifests::check(&member.name, text, asked.as_deref(), &compiler));
    }
    Ok(breaches)
}
