//! What a command did, or would do, told as it goes.

use serde::Serialize;

use super::files::PlannedFile;
use super::step::Step;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Screen, printable};

/// Everything that was done, for `--json` at the end, in lines meanwhile.
pub(super) struct Account {
    screen: Screen,
    json: bool,
    dry_run: bool,
    done: Vec<Deed>,
}

#[derive(Debug, Serialize)]
struct Deed {
    /// `write`, `keep`, `remove`, `leave` or `run`.
    deed: &'static str,
    /// A path or a command line.
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    done: Vec<Deed>,
}

impl Account {
    pub(super) fn new(context: &Context, dry_run: bool) -> Self {
        Self { screen: context.stdout(), json: context.json, dry_run, done: Vec::new() }
    }

    /// One file, and what becomes of it. A dry run shows what would be written.
    pub(super) fn file(&mut self, deed: &'static str, file: &PlannedFile) -> Result<(), Failure> {
        let text = (self.dry_run && deed == "write").then(|| file.text.clone());
        self.tell(Deed { deed, what: file.path.display().to_string(), text })
    }

    /// Runs a step, or tells of it.
    pub(super) fn step(&mut self, step: &Step) -> Result<(), Failure> {
        self.tell(Deed { deed: "run", what: step.to_string(), text: None })?;
        if self.dry_run { Ok(()) } else { step.run() }
    }

    /// A last word.
    pub(super) fn say(&mut self, line: &str) -> Result<(), Failure> {
        if !self.json {
            self.screen.line(line)?;
        }
        Ok(())
    }

    pub(super) fn close(mut self) -> Result<(), Failure> {
        if self.json {
            self.screen.json(&Answer { dry_run: self.dry_run, done: self.done })?;
        }
        Ok(self.screen.flush()?)
    }

    fn tell(&mut self, deed: Deed) -> Result<(), Failure> {
        if !self.json {
            self.screen.line(&format!("{:<7} {}", deed.deed, printable(&deed.what)))?;
            for line in deed.text.iter().flat_map(|text| text.lines()) {
                // Our own text, and paths without control characters.
                self.screen.line(&format!("    {line}"))?;
            }
            self.screen.flush()?;
        }
        self.done.push(deed);
        Ok(())
    }
}
