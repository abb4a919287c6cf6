//! Our hook in a host's list of hooks: `hooks.EVENT` is an array of groups, each with an array `hooks` of commands.

use std::path::Path;

use super::change::{Change, Deed};
use super::document::{Document, DocumentError, quoted};
use super::edit::Edits;
use super::layout::{self, Shape};
use super::remembered::Remembered;
use super::selection::Selection;
use super::tree::{Kind, Member, Node};

/// The hook's program. A hook that starts a program of this name is ours.
pub(crate) const HOOK: &str = "agent-receipts-hook";

/// An event that a host tells its hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: &'static str,
    /// Whether it is about a tool, so that a matcher chooses among them.
    pub(super) of_tools: bool,
}

/// What is left of a file once our hooks are taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rest {
    /// A file.
    Text(String),
    /// Nothing: we made the file.
    Nothing,
}

/// Whether a command of a hook starts our program.
pub(super) fn is_ours(command: &str) -> bool {
    program(command).is_some_and(|program| Path::new(&program).file_name() == Some(HOOK.as_ref()))
}

/// Adds the command to every event that has no hook of ours yet.
///
/// # Errors
///
/// [`DocumentError`], where what we wrote is not what we meant to write; nothing is to be written then.
pub(super) fn add(
    mut document: Document,
    events: &[Event],
    command: &str,
) -> Result<(Document, Vec<Change>), DocumentError> {
    let mut changes = Vec::new();
    let Some(hooks) = document.root.member("hooks") else {
        let all = events.iter().map(|event| (event.name.to_owned(), groups(*event, command)));
        let shape = Shape::Object(all.collect());
        let edits = layout::insert_last(&document, &document.root, Some("hooks"), &shape);
        changes.extend(events.iter().map(|event| Change::hook(event.name, Deed::Add)));
        return Ok((applied(document, edits)?, changes));
    };
    if hooks.value.members().is_none() {
        changes.push(Change::hook("hooks", Deed::Leave).because("it is no object"));
        return Ok((document, changes));
    }
    for event in events {
        let Some(hooks) = document.root.get("hooks") else { break };
        let edits = match hooks.get(event.name) {
            None => layout::insert_last(&document, hooks, Some(event.name), &groups(*event, command)),
            Some(groups) => match groups.elements() {
                None => {
                    changes.push(Change::hook(event.name, Deed::Leave).because("it is no array"));
                    continue;
                }
                Some(_) if find(groups).next().is_some() => {
                    changes.push(kept(*event, groups, command));
                    continue;
                }
                Some(_) => {
                    layout::insert_last(&document, groups, None, &Shape::Token(group(*event, command)))
                }
            },
        };
        changes.push(Change::hook(event.name, Deed::Add));
        document = applied(document, edits)?;
    }
    Ok((document, changes))
}

/// Where a configuration switches all hooks off, which ours would never be heard for.
pub(super) fn switched_off(document: &Document) -> Option<Change> {
    let is =
        |path: &[&str], state| document.root.at(path).is_some_and(|node| node.kind == Kind::Truth(state));
    let off = is(&["disableAllHooks"], true)
        || is(&["features", "hooks"], false)
        || is(&["features", "codex_hooks"], false);
    off.then(|| Change::hook("hooks", Deed::Leave).because("the host's configuration switches all hooks off"))
}

/// Takes our hooks out, and what we made for them. Hooks that name our program without its folder were written by somebody else,
/// and stay.
///
/// # Errors
///
/// As [`add`].
pub(super) fn take_out(
    mut document: Document,
    selection: Selection<'_>,
    remembered: &Remembered,
) -> Result<(Rest, Vec<Change>), DocumentError> {
    let mut changes = Vec::new();
    let mut strangers = Vec::new();
    loop {
        let hooks = document.root.member("hooks");
        let events = hooks.and_then(|hooks| hooks.value.members()).unwrap_or_default();
        strangers.clear();
        let mut found = None;
        for (at, event) in events.iter().enumerate().filter(|(_, event)| selection.hook(&event.name)) {
            for (group, hook, command) in find(&event.value) {
                if program(command).is_some_and(|program| Path::new(&program).is_absolute()) {
                    found = found.or(Some((at, group, hook)));
                } else {
                    strangers.push(event.name.clone());
                }
            }
        }
        let (Some((at, group, hook)), Some(hooks)) = (found, hooks) else { break };
        changes.push(Change::hook(&events[at].name, Deed::Remove));
        match without(&document, hooks, at, group, hook, remembered) {
            Some(edits) => document = applied(document, edits)?,
            None => return Ok((Rest::Nothing, changes)),
        }
    }
    let named = "it names the program without its folder: not written by `setup`";
    changes.extend(strangers.iter().map(|name| Change::hook(name, Deed::Leave).because(named)));
    Ok((Rest::Text(document.text), changes))
}

/// The smallest thing that holds nothing but this hook goes. `None`: that is all of a file that was not there before.
fn without(
    document: &Document,
    hooks: &Member,
    event: usize,
    group: usize,
    hook: usize,
    remembered: &Remembered,
) -> Option<Edits> {
    let mut edits = Edits::default();
    let events = hooks.value.members().unwrap_or_default();
    let groups = &events[event].value;
    let elements = groups.elements().unwrap_or_default();
    let inner = elements[group].get("hooks");
    if let Some(inner) = inner.filter(|inner| inner.elements().is_some_and(|all| all.len() > 1)) {
        return Some(layout::remove(document, inner, hook));
    }
    if elements.len() > 1 {
        return Some(layout::remove(document, groups, group));
    }
    if let Some(empty) = remembered.empty(&["hooks", &events[event].name]) {
        edits.replace(groups.range.clone(), empty);
        return Some(edits);
    }
    if events.len() > 1 {
        return Some(layout::remove(document, &hooks.value, event));
    }
    if let Some(empty) = remembered.empty(&["hooks"]) {
        edits.replace(hooks.value.range.clone(), empty);
        return Some(edits);
    }
    let members = document.root.members().unwrap_or_default();
    if let Some(at) = members.iter().position(|member| member == hooks).filter(|_| members.len() > 1) {
        return Some(layout::remove(document, &document.root, at));
    }
    match remembered.empty(&[]) {
        Some(empty) => edits.replace(document.root.range.clone(), empty),
        None if !layout::comments(document).is_empty() => {
            return Some(layout::remove(document, &document.root, 0));
        }
        None if remembered.was_there() => edits.replace(document.root.range.clone(), "{}"),
        None => return None,
    }
    Some(edits)
}

/// Group, hook and command of each hook that starts our program.
fn find(groups: &Node) -> impl Iterator<Item = (usize, usize, &str)> {
    groups.elements().unwrap_or_default().iter().enumerate().flat_map(|(group, node)| {
        let hooks = node.get("hooks").and_then(Node::elements).unwrap_or_default();
        hooks.iter().enumerate().filter_map(move |(hook, node)| {
            let command = node.get("command").and_then(Node::text).filter(|command| is_ours(command))?;
            Some((group, hook, command))
        })
    })
}

fn kept(event: Event, groups: &Node, command: &str) -> Change {
    let change = Change::hook(event.name, Deed::Keep);
    let matcher = |group: usize| groups.elements()?.get(group)?.get("matcher")?.text();
    let (mut narrow, mut same) = (true, false);
    for (group, _, found) in find(groups) {
        narrow &= matcher(group).is_some_and(|matcher| !["", "*", ".*"].contains(&matcher));
        same |= found == command;
    }
    match (narrow, same) {
        (true, _) => change.because("its matcher leaves some of them out"),
        (false, false) => change.because("it starts another program than this `setup` would name"),
        (false, true) => change,
    }
}

/// One group in one line, so that a host's file stays readable.
fn group(event: Event, command: &str) -> String {
    let matcher = if event.of_tools { "\"matcher\": \"*\", " } else { "" };
    format!(r#"{{ {matcher}"hooks": [{{ "type": "command", "command": {} }}] }}"#, quoted(command))
}

fn groups(event: Event, command: &str) -> Shape {
    Shape::Token(format!("[{}]", group(event, command)))
}

fn applied(document: Document, edits: Edits) -> Result<Document, DocumentError> {
    Document::parse(edits.apply(&document.text), document.syntax)
}

/// A path as the first word of a shell's command.
pub(crate) fn as_command(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// The first word of a command, as far as [`as_command`] or a plain hand writes it.
fn program(command: &str) -> Option<String> {
    let command = command.trim_start();
    if let Some(rest) = command.strip_prefix('"') {
        return rest.split_once('"').map(|(word, _)| word.to_owned());
    }
    let Some(mut rest) = command.strip_prefix('\'') else {
        return command.split_whitespace().next().map(str::to_owned);
    };
    let mut word = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        word.push_str(part);
        match after.strip_prefix(r"\''") {
            Some(next) => {
                word.push('\'');
                rest = next;
            }
            None => return Some(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_the_shell() {
        for path in
            ["/opt/bin/agent-receipts-hook", "/o p/it's/agent-receipts-hook", "/$x/`y`/agent-receipts-hook"]
        {
            let command = as_command(path);
            assert_eq!(program(&command).as_deref(), Some(path));
            assert_eq!(program(&format!("{command} --strict")).as_deref(), Some(path));
            let output =
                std::process::Command::new("sh").args(["-c", &format!("printf %s {command}")]).output();
            assert_eq!(output.unwrap().stdout, path.as_bytes());
            assert!(is_ours(&command));
        }
        for stranger in
            ["", "echo agent-receipts-hook", "/x/agent-receipts-hook.sh", "'/x/agent-receipts-hook"]
        {
            assert!(!is_ours(stranger), "{stranger}");
        }
    }
}
