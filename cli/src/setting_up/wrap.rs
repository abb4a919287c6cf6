//! Puts the proxy in front of a server, in place.

use super::document::{Document, Syntax, quoted};
use super::edit::Edits;
use super::layout::{has_comment, space_before};
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
            edits.insert(place.at, format!("{}{}[{}]", place.between, place.name("args"), list.join(", ")));
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
    let head = format!("{}{}{}", place.name("command"), quoted(&proxy.program), place.between);
    edits.replace(url.key.clone(), format!("{head}{}", place.bare("args")));
    edits.replace(url.value.range.clone(), format!("[{}]", list.join(", ")));
    if let Some(kind) = kind {
        edits.replace(kind.range.clone(), quoted("stdio"));
    }
    edits
}

/// What stands between two arguments.
fn separator(document: &Document, array: &Node) -> String {
    let elements = array.elements().unwrap_or_default();
    let set_off = |from: usize, first: &Node| {
        let gap = from..first.range.start;
        (!has_comment(document, gap)).then(|| space_before(document, first.range.start).to_owned())
    };
    let space = match elements {
        [first, second, ..] => set_off(first.range.end, second),
        [first] => set_off(array.range.start + 1, first).filter(|space| space.contains('\n')),
        [] => None,
    };
    format!(",{}", space.unwrap_or_else(|| " ".to_owned()))
}

/// How a member is written beside another one of the same entry.
struct Place {
    /// Where the text after the other member goes.
    at: usize,
    /// What comes between the two.
    between: String,
    /// What stands between a name and its value.
    joint: String,
    syntax: Syntax,
}

impl Place {
    fn beside(document: &Document, entry: &Node, member: &Member) -> Self {
        let joint = document.slice(&(member.key.end..member.value.range.start)).to_owned();
        let (at, between) = if document.syntax == Syntax::Toml && !is_inline(document, entry) {
            // A line of its own, below whatever comment ends this one. Dotted names begin as this one does.
            let rest = document.text.get(member.value.range.end..).unwrap_or_default();
            let end = member.value.range.end + rest.find(['\r', '\n']).unwrap_or(rest.len());
            let beginning = document.slice(&(document.line_start(member.key.start)..member.key.start));
            (end, format!("{}{beginning}", document.line_break()))
        } else {
            let space = space_before(document, member.key.start);
            let space = match space.rfind('\n') {
                Some(line_break) => &space[line_break - usize::from(space[..line_break].ends_with('\r'))..],
                None => " ",
            };
            (member.value.range.end, format!(",{space}"))
        };
        let joint = if joint.contains(['/', '#', '\n']) { ": ".to_owned() } else { joint };
        let joint = if document.syntax == Syntax::Toml && joint.contains(':') { " = ".to_owned() } else { joint };
        Self { at, between, joint, syntax: document.syntax }
    }

    fn bare(&self, name: &str) -> String {
        if self.syntax == Syntax::Toml { name.to_owned() } else { quoted(name) }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{}", self.bare(name), self.joint)
    }
}
