use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};

use crate::claims::{Ledger, LedgerError};
use crate::layering::Graph;
use crate::licences::{PolicyError, SupplyPolicy};

/// This checkout: its root folder and what cargo knows of it.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    metadata: Metadata,
}

/// One file that git tracks or would track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedFile {
    /// Path from the root of the checkout, with `/` between its parts.
    pub path: String,
    /// The whole text; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// Why the workspace could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// `cargo metadata` failed.
    #[error("cannot read the workspace by `cargo metadata`")]
    Metadata(#[from] cargo_metadata::Error),
    /// The metadata came without the resolved graph.
    #[error("`cargo metadata` returned no resolved graph")]
    NoGraph,
    /// A program could not be run or failed.
    #[error("`{program}` failed: {reason}")]
    Program {
        /// The program and its arguments.
        program: String,
        /// What it said.
        reason: String,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`: {reason}")]
    Read {
        /// The path, from the root of the checkout.
        path: String,
        /// What the system said.
        reason: String,
    },
}

impl Workspace {
    /// Finds the workspace that this crate is a member of.
    ///
    /// # Errors
    /// When `cargo metadata` fails; its graph holds every feature of every member and every target.
    pub fn find() -> Result<Self, WorkspaceError> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default();
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .features(CargoOpt::AllFeatures)
            .exec()?;
        Ok(Self { root, metadata })
    }

    /// The root folder of the checkout.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds; `CARGO_TARGET_DIR` is honoured.
    #[must_use]
    pub fn target_dir(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// The names and manifests of the members: `(name, manifest path from the root, rust-version)`.
    pub(crate) fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// Every package of the resolved graph, members included.
    ///
    /// # Errors
    /// [`WorkspaceError::NoGraph`] when cargo resolved nothing.
    pub fn packages(&self) -> Result<Vec<&Package>, WorkspaceError> {
        let resolve = self.metadata.resolve.as_ref().ok_or(WorkspaceError::NoGraph)?;
        Ok(resolve.nodes.iter().map(|node| &self.metadata[&node.id]).collect())
    }

    /// The resolved graph: who depends on whom, and for what.
    ///
    /// # Errors
    /// [`WorkspaceError::NoGraph`] when cargo resolved nothing.
    pub fn graph(&self) -> Result<Graph, WorkspaceError> {
        Graph::from_metadata(&self.metadata).ok_or(WorkspaceError::NoGraph)
    }

    /// The licence policy in `deny.toml`.
    ///
    /// # Errors
    /// When the file is missing or not understood.
    pub fn supply_policy(&self) -> Result<SupplyPolicy, PolicyError> {
        let text = self.read("deny.toml").map_err(|error| PolicyError::Read(error.to_string()))?;
        SupplyPolicy::parse(&text)
    }

    /// The claims ledger in `CLAIMS.toml`.
    ///
    /// # Errors
    /// When the file is missing or not understood.
    pub fn ledger(&self) -> Result<Ledger, LedgerError> {
        let text = self.read("CLAIMS.toml").map_err(|error| LedgerError::Read(error.to_string()))?;
        Ledger::parse(&text)
    }

    /// Every file that git tracks, and every new one that it does not ignore: a rule must bite before the commit.
    ///
    /// # Errors
    /// When git fails or a file cannot be read.
    pub fn tracked_files(&self) -> Result<Vec<TrackedFile>, WorkspaceError> {
        let listing =
            self.output("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut paths: Vec<&str> = listing.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        // A file that is deleted but still in the index has no text to hold to anything.
        paths
            .into_iter()
            .filter(|path| self.root.join(path).is_file())
            .map(|path| Ok(TrackedFile { path: path.to_string(), text: self.read(path)? }))
            .collect()
    }

    /// Runs a program in the root folder and returns what it printed.
    pub(crate) fn output(&self, program: &str, arguments: &[&str]) -> Result<String, WorkspaceError> {
        let shown = || format!("{program} {}", arguments.join(" "));
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .map_err(|error| WorkspaceError::Program { program: shown(), reason: error.to_string() })?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr).trim().to_string();
            return Err(WorkspaceError::Program { program: shown(), reason });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The version of a member.
    pub(crate) fn version_of(&self, member: &str) -> Result<String, WorkspaceError> {
        let found = self.members().into_iter().find(|package| package.name == member);
        found.map(|package| package.version.to_string()).ok_or(WorkspaceError::NoGraph)
    }

    /// The text of a file of the checkout.
    pub(crate) fn read(&self, path: &str) -> Result<String, WorkspaceError> {
        let bytes = std::fs::read(self.root.join(path))
            .map_err(|error| WorkspaceError::Read { path: path.to_string(), reason: error.to_string() })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
