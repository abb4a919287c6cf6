//! Puts the proxy in front of a server, in place.

use super::document::{Document, Syntax, quoted};
use super::edit::Edits;
use super::layout::{insert_behind, space_before};
use super::server::is_inline;
use super::tree::{Member, Node};

/// The proxy, as entries are to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// Its binary, an absolute path.
    pub(crate) program: String,
    /// The file of rules, an absolute path.
    pub(crate) rules: Option<String>,
}

impl Proxy {
    /// The first arguments, in quotes.
    fn arguments(&self, name: &str, last: &str) -> Vec<String> {
        let mut arguments = vec![quoted("--name"), quoted(name)];
        if let Some(rules) = &self.rules {
            arguments.extend([quoted("--rules"), quoted(rules)]);
        }
        arguments.push(quoted(last));
        arguments
    }
}

/// `command` becomes the proxy; what it was stands first among the arguments after `--`, as it was written.
pub(super) fn local(
    document: &Document,
    entry: &Node,
    name: &str,
    command: &Member,
    arguments: Option<&Node>,
    proxy: &Proxy,
) -> Edits {
    let mut list = proxy.arguments(name, "--");
    list.push(document.slice(&command.value.range).to_owned());
    let mut edits = Edits::default();
    edits.replace(command.value.range.clone(), quoted(&proxy.program));
    match arguments.map(|array| (array, array.elements().unwrap_or_default())) {
        Some((array, [first, ..])) => {
            let separator = separator(document, array);
            let text: String = list.iter().map(|argument| format!("{argument}{separator}")).collect();
            edits.insert(first.range.start, text);
        }
        Some((array, [])) => edits.insert(array.range.start + 1, list.join(", ")),
        None => {
            let place = Place::beside(document, entry, command);
            let text = format!("{}[{}]", place.name("args"), list.join(", "));
            match place.line_end {
                Some(at) => edits.insert(at, format!("{}{text}", place.space)),
                None => edits.extend(insert_behind(document, entry, command, &place.space, &text)),
            }
        }
    }
    edits
}

/// `url` becomes the last of the proxy's arguments, `type` that of a program.
pub(super) fn remote(
    document: &Document,
    entry: &Node,
    name: &str,
    url: &Member,
    kind: Option<&Node>,
    proxy: &Proxy,
) -> Edits {
    let place = Place::beside(document, entry, url);
    let mut list = proxy.arguments(name, "--remote");
    list.push(document.slice(&url.value.range).to_owned());
    let mut edits = Edits::default();
    let comma = if place.line_end.is_some() { "" } else { "," };
    let head = format!("{}{}{comma}{}", place.name("command"), quoted(&proxy.program), place.space);
    edits.replace(url.key.clone(), format!("{head}{}", place.bare("args")));
    edits.replace(url.value.range.clone(), format!("[{}]", list.join(", ")));
    if let Some(kind) = kind {
        edits.replace(kind.range.clone(), quoted("stdio"));
    }
    edits
}

/// What stands between two arguments.
fn separator(document: &Document, array: &Node) -> String {
    let set_off = |one: &Node| line_part(space_before(document, one.range.start));
    let space = match array.elements().unwrap_or_default() {
        [_, second, ..] => set_off(second),
        [first] => Some(set_off(first)).filter(|space| space.contains('\n')).unwrap_or(" "),
        [] => " ",
    };
    format!(",{space}")
}

/// Of white space, the last line break and what follows it, so that empty lines are not repeated.
fn line_part(space: &str) -> &str {
    let from = space.rfind('\n').map_or(0, |at| at - usize::from(space[..at].ends_with('\r')));
    &space[from..]
}

/// How a member is written beside another one of the same entry.
struct Place {
    /// Where the line of the other member ends, where each has a line of its own and no comma.
    line_end: Option<usize>,
    /// What sets it off.
    space: String,
    /// What stands between a name and its value.
    joint: String,
    syntax: Syntax,
}

impl Place {
    fn beside(document: &Document, entry: &Node, member: &Member) -> Self {
        let joint = document.slice(&(member.key.end..member.value.range.start)).to_owned();
        let (line_end, space) = if document.syntax == Syntax::Toml && !is_inline(document, entry) {
            // Below whatever comment ends this line. Dotted names begin as this one does.
            let rest = document.text.get(member.value.range.end..).unwrap_or_default();
            let end = member.value.range.end + rest.find(['\r', '\n']).unwrap_or(rest.len());
            let beginning = document.slice(&(document.line_start(member.key.start)..member.key.start));
            (Some(end), format!("{}{beginning}", document.line_break()))
        } else {
            let space = line_part(space_before(document, member.key.start));
            (None, if space.contains('\n') { space.to_owned() } else { " ".to_owned() })
        };
        let joint = if joint.contains(['/', '#', '\n']) { ": ".to_owned() } else { joint };
        let joint =
            if document.syntax == Syntax::Toml && joint.contains(':') { " = ".to_owned() } else { joint };
        Self { line_end, space, joint, syntax: document.syntax }
    }

    fn bare(&self, name: &str) -> String {
        if self.syntax == Syntax::Toml { name.to_owned() } else { quoted(name) }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{}", self.bare(name), self.joint)
    }
}
