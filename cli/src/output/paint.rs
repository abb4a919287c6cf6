//! Colours, where they are wanted.

use std::io::IsTerminal;

use crate::environment::Environment;

/// What a piece of text says by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Something should be looked at.
    Warning,
    /// Headings.
    Strong,
    /// What can be skipped.
    Quiet,
}

/// Paints text, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Never any colour.
    pub(crate) fn plain() -> Self {
        Self { on: false }
    }

    /// Colours only on a terminal that has them, and never where `NO_COLOR` is set.
    pub(crate) fn on(stream: &impl IsTerminal, environment: &Environment) -> Self {
        let refused = environment.os("NO_COLOR").is_some()
            || environment.os("TERM").is_none_or(|terminal| terminal == "dumb");
        Self { on: stream.is_terminal() && !refused }
    }

    /// `text` in the colour of `tone`.
    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        if !self.on {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Bad => "1;31",
            Tone::Warning => "33",
            Tone::Strong => "1",
            Tone::Quiet => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
