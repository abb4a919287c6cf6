//! Takes the proxy away from a server again: the reverse of what `wrap` does, whatever else was changed meanwhile.

use super::document::{Document, Syntax, quoted};
use super::edit::Edits;
use super::layout;
use super::server::{Wrapped, is_inline};
use super::tree::{Member, Node};

/// What the entry itself does not tell of how it was.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Before {
    /// It had `args`, an array without elements.
    pub(super) empty_arguments: bool,
    /// What its `type` was, as it was written.
    pub(super) kind: Option<String>,
}

/// The entry as it was.
pub(super) fn unwrap(document: &Document, entry: &Node, wrapped: &Wrapped<'_>, before: &Before) -> Edits {
    if wrapped.remote {
        remote(document, entry, wrapped, before)
    } else {
        local(document, entry, wrapped, before)
    }
}

fn local(document: &Document, entry: &Node, wrapped: &Wrapped<'_>, before: &Before) -> Edits {
    let mut edits = Edits::default();
    let Some(original) = wrapped.elements.get(wrapped.original) else { return edits };
    edits.replace(wrapped.command.value.range.clone(), document.slice(&original.range));
    let first = wrapped.elements.first().map_or(original.range.start, |first| first.range.start);
    match wrapped.elements.get(wrapped.original + 1) {
        Some(next) => edits.delete(first..next.range.start),
        None if before.empty_arguments => edits.delete(first..original.range.end),
        None => edits.extend(without(document, entry, wrapped.arguments)),
    }
    edits
}

fn remote(document: &Document, entry: &Node, wrapped: &Wrapped<'_>, before: &Before) -> Edits {
    let mut edits = Edits::default();
    let Some(original) = wrapped.elements.get(wrapped.original) else { return edits };
    let (command, arguments) = (wrapped.command, wrapped.arguments);
    let name = if document.syntax == Syntax::Toml { "url".to_owned() } else { quoted("url") };
    let between = document.slice(&(command.value.range.end..arguments.key.start));
    let adjacent =
        command.key.start < arguments.key.start
            && !layout::has_comment(document, command.value.range.end..arguments.key.start)
            && entry.members().unwrap_or_default().iter().all(|member| {
                member.key.start <= command.key.start || member.key.start >= arguments.key.start
            });
    if adjacent && !between.is_empty() {
        edits.replace(command.key.start..arguments.key.end, name);
    } else {
        edits.extend(without(document, entry, command));
        edits.replace(arguments.key.clone(), name);
    }
    edits.replace(arguments.value.range.clone(), document.slice(&original.range));
    if let Some(kind) = wrapped.kind {
        edits.replace(kind.range.clone(), before.kind.clone().unwrap_or_else(|| quoted("http")));
    }
    edits
}

fn without(document: &Document, entry: &Node, member: &Member) -> Edits {
    if document.syntax == Syntax::Toml && !is_inline(document, entry) {
        return without_line(document, member);
    }
    let index = entry.members().unwrap_or_default().iter().position(|one| one == member);
    index.map_or_else(Edits::default, |index| layout::remove(document, entry, index))
}

/// The line of a member goes with the line break before it; where it is the first line, with the one after it.
fn without_line(document: &Document, member: &Member) -> Edits {
    let mut edits = Edits::default();
    let (start, end) = (document.line_start(member.key.start), member.value.range.end);
    let before = document.text.get(..start).unwrap_or_default();
    let before = before.strip_suffix('\n').map(|rest| rest.strip_suffix('\r').unwrap_or(rest));
    match before {
        Some(before) => edits.delete(before.len()..end),
        None => {
            let rest = document.text.get(end..).unwrap_or_default();
            let line = rest.find('\n').map_or(rest.len(), |line_break| line_break + 1);
            edits.delete(start..end + line);
        }
    }
    edits
}
