//! What is to become of a host's files. Nothing is written here, so that everything is known before anything is.

use std::path::PathBuf;

use super::change::{Change, Deed};
use super::difference;
use super::document::{Document, DocumentError};
use super::file::{ConfigFile, ConfigFileError};
use super::hooks::{self, Rest};
use super::hosts::{Host, HostFile, PlaceError, Scope};
use super::mask::masked;
use super::remembered::Remembered;
use super::selection::Selection;
use super::servers;
use super::wrap::Proxy;
use crate::find_daemon::FindDaemonError;

/// What the operator wants.
pub(crate) struct Wish<'a> {
    /// Whose agents.
    pub(crate) host: Host,
    /// Back to how it was.
    pub(crate) undo: bool,
    /// These servers alone, and no hooks.
    pub(crate) only: &'a [String],
    /// All but these servers.
    pub(crate) skip: &'a [String],
}

/// Finds our programs, when it turns out that they are needed.
pub(crate) trait Programs {
    /// The command that hooks are to run.
    fn hook(&self) -> Result<String, PlanError>;
    /// The proxy that servers are to be put behind.
    fn proxy(&self) -> Result<Proxy, PlanError>;
}

/// What is to become of one file.
#[derive(Debug)]
pub(crate) struct FilePlan {
    /// The file, as the host names it.
    pub(crate) path: PathBuf,
    /// What is in it.
    pub(crate) file: ConfigFile,
    /// What is to be in it.
    pub(crate) after: After,
    /// What changes, and what does not.
    pub(crate) changes: Vec<Change>,
    /// The difference as it may be shown.
    pub(crate) diff: String,
}

/// What a file is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// What it is.
    Same,
    /// This text.
    Text(String),
    /// No more.
    Gone,
}

/// Why nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PlanError {
    /// Nobody knows where the configuration stands.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A file cannot be read, or could not be replaced.
    #[error(transparent)]
    File(#[from] ConfigFileError),
    /// A file says nothing that can be changed.
    #[error("`{}`: {reason}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: DocumentError,
    },
    /// Undoing would not give the file back byte for byte. It is how changes are made that is wrong then.
    #[error("`{}` is laid out in a way that could not be restored", path.display())]
    Irreversible {
        /// The file.
        path: PathBuf,
    },
    /// A server was named that is not there.
    #[error("there is no server `{name}`")]
    NoSuchServer {
        /// The name.
        name: String,
    },
    /// One of our programs is nowhere.
    #[error(transparent)]
    Program(#[from] FindDaemonError),
    /// One of our programs is called otherwise, and `setup` would not know it again.
    #[error("`{}` is not called `{name}`, by which it would be known again", path.display())]
    Misnamed {
        /// What was named.
        path: PathBuf,
        /// What it has to be called.
        name: &'static str,
    },
    /// A path that no configuration can hold.
    #[error("`{}` is not UTF-8", path.display())]
    Unnameable {
        /// The path.
        path: PathBuf,
    },
    /// The file of rules is not there.
    #[error("`{}` is no file of rules that can be read", path.display())]
    NoRules {
        /// The path.
        path: PathBuf,
    },
}

/// What is to become of all files of a host.
///
/// # Errors
///
/// [`PlanError`]: one file that cannot be understood stops them all.
pub(crate) fn plan(
    wish: &Wish<'_>,
    scope: &Scope<'_>,
    programs: &dyn Programs,
) -> Result<Vec<FilePlan>, PlanError> {
    let mut names = Vec::new();
    let files = wish.host.files(scope)?.into_iter();
    let plans =
        files.map(|file| plan_file(wish, file, programs, &mut names)).collect::<Result<Vec<_>, _>>()?;
    match wish.only.iter().chain(wish.skip).find(|name| !names.contains(name)) {
        Some(name) => Err(PlanError::NoSuchServer { name: name.clone() }),
        None => Ok(plans),
    }
}

fn plan_file(
    wish: &Wish<'_>,
    place: HostFile,
    programs: &dyn Programs,
    names: &mut Vec<String>,
) -> Result<FilePlan, PlanError> {
    let file = ConfigFile::read(&place.path)?;
    let selection = Selection::Asked { only: wish.only, skip: wish.skip };
    let wrong = |reason| PlanError::Document { path: place.path.clone(), reason };
    let is_new = file.text().is_none();
    let text = match file.text() {
        Some(text) => text.to_owned(),
        // There is nothing to be wrapped in a file that is not there, or to be undone.
        None if wish.undo || place.events.is_empty() || !selection.hooks() => {
            return Ok(FilePlan::unchanged(place.path, file, Vec::new()));
        }
        None => "{}\n".to_owned(),
    };
    let before = Document::parse(text, place.syntax).map_err(wrong)?;
    let (entries, _) = servers::entries(&before, place.servers);
    names.extend(entries.iter().map(|entry| entry.name.to_owned()));
    let (rest, changes) = if wish.undo {
        let backups = file.backups().into_iter();
        let documents = backups.filter_map(|text| Document::parse(text, place.syntax).ok()).collect();
        undone(&before, &place, selection, &Remembered::of(documents)).map_err(wrong)?
    } else {
        set_up(&before, &place, selection, programs)?
    };
    let after = match rest {
        Rest::Nothing => After::Gone,
        Rest::Text(text) if text == before.text && !is_new => After::Same,
        Rest::Text(text) => After::Text(text),
    };
    let After::Text(text) = &after else {
        let mut plan = FilePlan::unchanged(place.path, file, changes);
        if after == After::Gone {
            plan.diff = diff(&plan.path, Some(&before), None);
            plan.after = after;
        }
        return Ok(plan);
    };
    let document = Document::parse(text.clone(), place.syntax).map_err(wrong)?;
    if !wish.undo {
        check_reversible(&before, &document, &place, &changes, is_new)?;
    }
    let diff = diff(&place.path, Some(&before).filter(|_| !is_new), Some(&document));
    Ok(FilePlan { path: place.path, file, after, changes, diff })
}

impl FilePlan {
    fn unchanged(path: PathBuf, file: ConfigFile, changes: Vec<Change>) -> Self {
        Self { path, file, after: After::Same, changes, diff: String::new() }
    }
}

fn set_up(
    before: &Document,
    place: &HostFile,
    selection: Selection<'_>,
    programs: &dyn Programs,
) -> Result<(Rest, Vec<Change>), PlanError> {
    let wrong = |reason| PlanError::Document { path: place.path.clone(), reason };
    let (entries, mut changes) = servers::entries(before, place.servers);
    let (edits, wrapped) = servers::wrap(before, &entries, selection, &mut || programs.proxy())?;
    changes.extend(wrapped);
    if selection.hooks() {
        changes.extend(hooks::switched_off(before));
    }
    let mut document = Document::parse(edits.apply(&before.text), place.syntax).map_err(wrong)?;
    if selection.hooks() && !place.events.is_empty() {
        let (with_hooks, added) = hooks::add(document, place.events, &programs.hook()?).map_err(wrong)?;
        changes.extend(added);
        document = with_hooks;
    }
    Ok((Rest::Text(document.text), changes))
}

fn undone(
    before: &Document,
    place: &HostFile,
    selection: Selection<'_>,
    remembered: &Remembered,
) -> Result<(Rest, Vec<Change>), DocumentError> {
    let (entries, _) = servers::entries(before, place.servers);
    let (edits, mut changes) = servers::unwrap(before, &entries, selection, remembered);
    let document = Document::parse(edits.apply(&before.text), place.syntax)?;
    if place.events.is_empty() || !selection.hooks() {
        return Ok((Rest::Text(document.text), changes));
    }
    let (rest, removed) = hooks::take_out(document, selection, remembered)?;
    changes.extend(removed);
    Ok((rest, changes))
}

/// Undoes what is about to be done, in memory: what cannot be restored byte for byte is not begun.
fn check_reversible(
    before: &Document,
    after: &Document,
    place: &HostFile,
    changes: &[Change],
    is_new: bool,
) -> Result<(), PlanError> {
    let done: Vec<Change> =
        changes.iter().filter(|change| matches!(change.deed, Deed::Add | Deed::Wrap)).cloned().collect();
    let remembered = Remembered::of(if is_new { Vec::new() } else { vec![before.clone()] });
    let restored = undone(after, place, Selection::Changed(&done), &remembered).map(|(rest, _)| rest);
    let expected = if is_new { Rest::Nothing } else { Rest::Text(before.text.clone()) };
    match restored {
        Ok(restored) if restored == expected => Ok(()),
        _ => Err(PlanError::Irreversible { path: place.path.clone() }),
    }
}

fn diff(path: &std::path::Path, before: Option<&Document>, after: Option<&Document>) -> String {
    let path = path.display().to_string();
    let (old, new) = (before.map(masked), after.map(masked));
    let name = |is_there: bool| if is_there { path.as_str() } else { "/dev/null" };
    difference::unified(
        (name(old.is_some()), old.as_deref().unwrap_or_default()),
        (name(new.is_some()), new.as_deref().unwrap_or_default()),
    )
}
