//! What was changed, or would be, as the operator reads it.

use std::path::PathBuf;

use serde::Serialize;

use super::Args;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Screen, Tone, count, cut, printable};
use crate::setting_up::{After, Change, Deed, FilePlan, Host, What};

/// Tells of each file in turn, or of all in JSON at the end.
pub(super) struct Account<'a> {
    args: &'a Args,
    screen: Screen,
    json: bool,
    files: Vec<FileAnswer>,
}

#[derive(Serialize)]
struct Answer {
    host: Host,
    undo: bool,
    dry_run: bool,
    /// Whether anything was changed, or would be.
    changed: bool,
    files: Vec<FileAnswer>,
}

#[derive(Serialize)]
struct FileAnswer {
    path: PathBuf,
    /// `create`, `write`, `remove`, `keep`, or `absent` where there is none.
    deed: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<PathBuf>,
    changes: Vec<Change>,
    /// A unified diff without what could be a secret.
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

impl<'a> Account<'a> {
    pub(super) fn new(context: &Context, args: &'a Args) -> Self {
        Self { args, screen: context.stdout(), json: context.json, files: Vec::new() }
    }

    /// One file, which is done.
    pub(super) fn file(&mut self, plan: &FilePlan, backup: Option<PathBuf>) -> Result<(), Failure> {
        let deed = match (&plan.after, plan.file.text()) {
            (After::Text(_), None) => "create",
            (After::Text(_), Some(_)) => "write",
            (After::Gone, _) => "remove",
            (After::Same, None) => "absent",
            (After::Same, Some(_)) => "keep",
        };
        if !self.json {
            self.tell(plan, deed, backup.as_ref())?;
        }
        let changes = plan.changes.clone();
        self.files.push(FileAnswer {
            path: plan.path.clone(),
            deed,
            backup,
            changes,
            diff: plan.diff.clone(),
        });
        Ok(())
    }

    /// The end of what could be done.
    pub(super) fn break_off(&mut self) -> Result<(), Failure> {
        if self.json && !self.files.is_empty() {
            self.answer()?;
        }
        Ok(self.screen.flush()?)
    }

    pub(super) fn close(mut self, plans: &[FilePlan]) -> Result<(), Failure> {
        if self.json {
            self.answer()?;
        } else {
            let verdict = self.verdict(plans);
            self.screen.line(&verdict)?;
        }
        Ok(self.screen.flush()?)
    }

    fn answer(&mut self) -> Result<(), Failure> {
        let files = std::mem::take(&mut self.files);
        let changed = files.iter().any(|file| !["keep", "absent"].contains(&file.deed));
        let Args { host, undo, dry_run, .. } = *self.args;
        Ok(self.screen.json(&Answer { host, undo, dry_run, changed, files })?)
    }

    fn tell(&mut self, plan: &FilePlan, deed: &str, backup: Option<&PathBuf>) -> Result<(), Failure> {
        let path = plan.path.display().to_string();
        let head = format!("{deed:<7} {}", printable(&path));
        self.screen.line(&self.screen.tone(Tone::Strong, &head))?;
        for change in &plan.changes {
            self.screen.line(&line(change))?;
        }
        if let Some(backup) = backup {
            self.screen.line(&format!("  backup  {}", printable(&backup.display().to_string())))?;
        }
        for line in plan.diff.lines() {
            let line = cut(&printable(line), WIDTH).into_owned();
            let tone = match line.as_bytes().first() {
                Some(b'+') => Some(Tone::Good),
                Some(b'-') => Some(Tone::Bad),
                Some(b'@') => Some(Tone::Quiet),
                _ => None,
            };
            let line = tone.map_or_else(|| line.clone(), |tone| self.screen.tone(tone, &line));
            self.screen.line(&line)?;
        }
        Ok(self.screen.flush()?)
    }

    /// The last line: what it came to, and what to do next.
    fn verdict(&self, plans: &[FilePlan]) -> String {
        let changes = || plans.iter().flat_map(|plan| &plan.changes);
        let number = |deed: Deed| changes().filter(|change| change.deed == deed).count() as u64;
        let parts: Vec<String> = [
            (Deed::Add, "hook", "added"),
            (Deed::Wrap, "server", "put behind the proxy"),
            (Deed::Remove, "hook", "removed"),
            (Deed::Unwrap, "server", "taken out from behind the proxy"),
            (Deed::Keep, "", "there already"),
            (Deed::Leave, "", "left alone"),
        ]
        .into_iter()
        .map(|(deed, noun, done)| (number(deed), noun, done))
        .filter(|(number, ..)| *number > 0)
        .map(|(number, noun, done)| match noun {
            "" => format!("{number} {done}"),
            noun => format!("{} {done}", count(number, noun)),
        })
        .collect();
        let changed = plans.iter().any(|plan| plan.after != After::Same);
        let counted = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        let name = self.args.host.name();
        match (changed, self.args.dry_run, self.args.undo) {
            (true, true, _) => format!("{name}: this would be changed, nothing was{counted}."),
            (true, false, _) => format!("{name}: done{counted}. {}", self.args.host.last_word()),
            (false, _, true) => format!("{name}: nothing to undo{counted}."),
            (false, _, false) if changes().next().is_none() => format!(
                "{name}: nothing to wrap: no MCP server stands in {}. Add one there or in the host's settings, and run this again.",
                plans
                    .iter()
                    .map(|plan| format!("`{}`", printable(&plan.path.display().to_string())))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            (false, _, false) => format!("{name}: nothing to change{counted}."),
        }
    }
}

fn line(change: &Change) -> String {
    let deed = match change.deed {
        Deed::Add => "add",
        Deed::Wrap => "wrap",
        Deed::Remove => "remove",
        Deed::Unwrap => "unwrap",
        Deed::Keep => "keep",
        Deed::Leave => "leave",
    };
    let what = match change.what {
        What::Hook => "hook",
        What::Server => "server",
    };
    let project = change.project.as_ref().map(|project| format!(" of `{}`", printable(project)));
    let note = change.note.as_ref().map(|note| format!(": {}", printable(note)));
    format!(
        "  {deed:<7} {what} `{}`{}{}",
        printable(&change.name),
        project.unwrap_or_default(),
        note.unwrap_or_default()
    )
}

/// Characters of a line of a difference; files in one line are cut.
const WIDTH: usize = 400;
