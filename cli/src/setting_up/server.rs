//! What an entry of an MCP server in a host's configuration is.

use std::path::Path;

use super::address;
use super::document::{Document, Syntax, quoted};
use super::tree::{Member, Node};

/// The proxy's program. An entry that starts a program of this name is wrapped.
pub(crate) const PROXY: &str = "agent-receipts-mcp";
const OPERATOR: &str = "agent-receipts";

/// An entry, read.
pub(super) enum Server<'a> {
    /// The host starts it and speaks to its standard input.
    Local {
        command: &'a Member,
        /// `None` if the entry has none.
        arguments: Option<&'a Node>,
    },
    /// The host reaches it by HTTP.
    Remote { url: &'a Member, kind: Option<&'a Node> },
    /// It is behind the proxy, in the form that we write.
    Wrapped(Wrapped<'a>),
    /// It is behind the proxy, in somebody else's form.
    WrappedOtherwise,
    /// It is left as it is, for this reason.
    Left(String),
}

/// An entry in the form that we write.
pub(super) struct Wrapped<'a> {
    pub(super) command: &'a Member,
    pub(super) arguments: &'a Member,
    pub(super) kind: Option<&'a Node>,
    pub(super) elements: &'a [Node],
    /// The file of rules.
    pub(super) rules: Option<&'a str>,
    /// The place of the first argument that was there before: of the server's command, or of its address.
    pub(super) original: usize,
    pub(super) remote: bool,
}

/// Reads an entry. Whatever is not plainly one thing or the other is left.
pub(super) fn read<'a>(document: &Document, name: &str, entry: &'a Node) -> Server<'a> {
    let left = |reason: &str| Server::Left(reason.to_owned());
    if entry.members().is_none() {
        return left("it is no object");
    }
    let plain = |name: &str| {
        entry.member(name).is_none_or(|member| {
            let written = document.slice(&member.key);
            written == quoted(name) || (document.syntax == Syntax::Toml && written == name)
        })
    };
    if !["command", "args", "url", "type"].into_iter().all(plain) {
        return left("its names are written with escapes");
    }
    match (entry.member("command"), entry.member("url")) {
        (Some(_), Some(_)) => left("it has both `command` and `url`"),
        (None, None) => left("it has neither `command` nor `url`"),
        (Some(command), None) => local(document, name, entry, command),
        (None, Some(url)) => remote(name, entry, url),
    }
}

fn local<'a>(document: &Document, name: &str, entry: &'a Node, command: &'a Member) -> Server<'a> {
    let left = |reason: &str| Server::Left(reason.to_owned());
    let Some(program) = command.value.text() else { return left("its `command` is no text") };
    let kind = entry.get("type");
    if kind.is_some_and(|kind| kind.text() != Some("stdio")) {
        return left("it has a `command`, and a `type` that is not `stdio`");
    }
    let arguments = entry.member("args");
    if let Some(member) = arguments {
        let texts = member.value.elements().map(|elements| elements.iter().all(|one| one.text().is_some()));
        if texts != Some(true) {
            return left("its `args` are no array of texts");
        }
    }
    let called = Path::new(program).file_name().and_then(std::ffi::OsStr::to_str);
    let elements = arguments.and_then(|member| member.value.elements()).unwrap_or_default();
    let first = elements.first().and_then(Node::text);
    if called == Some(OPERATOR) && first == Some("mcp") {
        return Server::WrappedOtherwise;
    }
    if called == Some(PROXY) {
        let ours = arguments.filter(|_| Path::new(program).is_absolute());
        let read = ours.and_then(|arguments| wrapped(command, arguments, elements, kind));
        return read.map_or(Server::WrappedOtherwise, Server::Wrapped);
    }
    if program.is_empty() || program.starts_with('-') {
        return left("its `command` is no program");
    }
    if let Some(reason) = unfit(name) {
        return left(reason);
    }
    if in_dotted_line(document, entry, command) {
        return left("it is written in a line with dotted names; give it a table of its own");
    }
    Server::Local { command, arguments: arguments.map(|member| &member.value) }
}

/// `--name NAME [--rules FILE] -- COMMAND ARGUMENTS…` or `--name NAME [--rules FILE] --remote URL`.
fn wrapped<'a>(
    command: &'a Member,
    arguments: &'a Member,
    elements: &'a [Node],
    kind: Option<&'a Node>,
) -> Option<Wrapped<'a>> {
    let texts: Vec<&str> = elements.iter().filter_map(Node::text).collect();
    let (rules, rest) = match texts.as_slice() {
        ["--name", _, "--rules", rules, ..] => (Some(*rules), 4),
        ["--name", _, ..] => (None, 2),
        _ => return None,
    };
    let remote = match texts.get(rest..)? {
        ["--", _, ..] => false,
        ["--remote", _] => true,
        _ => return None,
    };
    Some(Wrapped { command, arguments, kind, elements, rules, original: rest + 1, remote })
}

fn remote<'a>(name: &str, entry: &'a Node, url: &'a Member) -> Server<'a> {
    let left = |reason: &str| Server::Left(reason.to_owned());
    let Some(place) = url.value.text() else { return left("its `url` is no text") };
    let kind = entry.get("type");
    match kind.map(Node::text) {
        None | Some(Some("http")) => {}
        Some(Some("sse")) => return left("it speaks the older transport SSE, which the proxy does not"),
        Some(_) => return left("its `type` is not `http`"),
    }
    let stranger =
        entry.members().unwrap_or_default().iter().find(|one| !HARMLESS.contains(&one.name.as_str()));
    if let Some(member) = stranger {
        return Server::Left(format!("it has `{}`, which the proxy would not pass on", member.name));
    }
    if let Some(reason) = address::unfit(place) {
        return left(reason);
    }
    match unfit(name) {
        Some(reason) => left(reason),
        None => Server::Remote { url, kind },
    }
}

/// A name that the proxy would take for a flag, or that no receipt takes.
fn unfit(name: &str) -> Option<&'static str> {
    let odd = name.is_empty() || name.starts_with('-') || name.chars().any(char::is_control);
    odd.then_some("its name cannot be passed on")
}

/// In TOML `a.command = "x"` in an inline table: a member beside it would need the same beginning.
fn in_dotted_line(document: &Document, entry: &Node, command: &Member) -> bool {
    document.syntax == Syntax::Toml
        && is_inline(document, entry)
        && document.text.get(..command.key.start).is_some_and(|before| before.trim_end().ends_with('.'))
}

/// Whether a table of TOML stands in braces.
pub(super) fn is_inline(document: &Document, table: &Node) -> bool {
    document.slice(&table.range).starts_with('{')
}

/// Members of a remote server that say nothing of how it is reached, and that a local server may have as well.
const HARMLESS: [&str; 15] = [
    "type",
    "url",
    "enabled",
    "disabled",
    "required",
    "description",
    "timeout",
    "startup_timeout_sec",
    "startup_timeout_ms",
    "tool_timeout_sec",
    "enabled_tools",
    "disabled_tools",
    "alwaysAllow",
    "autoApprove",
    "gallery",
];
