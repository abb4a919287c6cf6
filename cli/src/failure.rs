//! What the operator is told when a command cannot do its work: `error: …`, and `hint: …` where there is a mend.

use std::fmt::Display;
use std::io;

use crate::exit;
use crate::output::printable;

/// An error at the edge. Libraries give typed errors; here they become two lines and an exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
    closed_pipe: bool,
}

impl Failure {
    /// The work failed.
    pub(crate) fn new(message: impl Display) -> Self {
        Self { message: message.to_string(), hint: None, code: exit::FAILED, closed_pipe: false }
    }

    /// The question was wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(message).with_code(exit::USAGE)
    }

    /// With a line that says what to do.
    pub(crate) fn with_hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// With another exit code.
    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// The process's exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// The message, and the mend where there is one.
    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.message, self.hint)
    }

    /// Whether the reader of our output went away, which is no fault of anybody.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    /// The lines for standard error, without a final line break. Names of files and words of a database may stand in
    /// them, so nothing of them steers a terminal.
    pub(crate) fn report(&self) -> String {
        let report = match &self.hint {
            Some(hint) => format!("error: {}\nhint: {hint}", self.message),
            None => format!("error: {}", self.message),
        };
        report.lines().map(printable).collect::<Vec<_>>().join("\n")
    }
}

/// Failures to write output; a pipe that was closed is marked, so that it stays quiet.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { closed_pipe, ..Self::new(format_args!("could not write the output: {error}")) }
    }
}
