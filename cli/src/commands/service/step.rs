//! A program of the service manager, and what is made of its answer.

use std::ffi::OsString;
use std::fmt;
use std::process::{Command, Output, Stdio};

use crate::failure::Failure;

/// One command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    program: OsString,
    arguments: Vec<OsString>,
    /// Whether its failure is nobody's business.
    lenient: bool,
}

impl Step {
    pub(super) fn new<A: Into<OsString>>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            lenient: false,
        }
    }

    /// With a further argument.
    pub(super) fn with(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With further arguments.
    pub(super) fn with_all<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// One that may fail, as the stop of what does not run.
    pub(super) fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Runs it to its end; what it says on standard error is the reason of its failure.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let output = self.output()?;
        if output.status.success() || self.lenient {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format_args!("`{self}` failed ({}): {}", output.status, said.trim())))
    }

    /// The first word of its answer, whatever its exit code; nothing where it cannot be run.
    pub(super) fn answer(&self) -> Option<String> {
        let output = self.output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout);
        said.split_whitespace().next().map(str::to_owned)
    }

    /// Whether it ends well.
    pub(super) fn succeeds(&self) -> bool {
        self.output().is_ok_and(|output| output.status.success())
    }

    fn output(&self) -> Result<Output, Failure> {
        Command::new(&self.program).args(&self.arguments).stdin(Stdio::null()).output().map_err(|error| {
            Failure::new(format_args!("could not run `{}`: {error}", self.program.to_string_lossy()))
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program.to_string_lossy())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", argument.to_string_lossy()))
    }
}
