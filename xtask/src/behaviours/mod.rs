//! The README's table of what holds in every language, held against a run of the tests that show it.

mod check;
mod list;
mod table;

pub use check::{TableBreach, check_table};
pub use list::{Behaviour, Behaviours, BehavioursError, Run};
pub use table::{Row, Table, TableError};

use crate::workspace::Workspace;

/// What each behaviour says, in the words of the README.
const LIST: &str = "tests-interop/behaviours.toml";
/// Where the table stands.
const README: &str = "README.md";
/// Where the tests leave what they found, below the target folder.
pub(crate) const RUN: &str = "xtask/behaviours.json";

/// Why the README could not be held against a run, or not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadmeError {
    /// The list or the run's results are not to be had.
    #[error(transparent)]
    Behaviours(#[from] BehavioursError),
    /// The README holds no table.
    #[error("`README.md`: {0}")]
    Table(#[from] TableError),
    /// A file cannot be read or written.
    #[error("{0}")]
    File(String),
}

/// What the README's table says that the last run did not find; `excused` languages are not looked at.
pub(crate) fn breaches_of_readme(
    workspace: &Workspace,
    excused: &[String],
) -> Result<Vec<TableBreach>, ReadmeError> {
    let run = of_last_run(workspace)?;
    Ok(check_table(&Table::of_document(&read(workspace, README)?)?, &run, excused))
}

/// Writes the README's table as the last run found it.
pub(crate) fn write_readme(workspace: &Workspace) -> Result<(), ReadmeError> {
    let written = of_last_run(workspace)?.put_into(&read(workspace, README)?)?;
    std::fs::write(workspace.root().join(README), written)
        .map_err(|error| ReadmeError::File(error.to_string()))
}

fn of_last_run(workspace: &Workspace) -> Result<Table, ReadmeError> {
    let results = std::fs::read_to_string(workspace.target_dir().join(RUN));
    let run = Run::parse(&results.map_err(|error| BehavioursError::Run(error.to_string()))?)?;
    Ok(Table::of_run(&Behaviours::parse(&read(workspace, LIST)?)?, &run))
}

fn read(workspace: &Workspace, path: &str) -> Result<String, ReadmeError> {
    workspace.read(path).map_err(|error| ReadmeError::File(error.to_string()))
}
