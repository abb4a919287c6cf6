//! All servers of a configuration: which are there, which are put behind the proxy, which are taken out again.

use super::change::{Change, Deed};
use super::document::Document;
use super::edit::Edits;
use super::hosts::Place;
use super::remembered::Remembered;
use super::selection::Selection;
use super::server::{self, Server, Wrapped};
use super::tree::Node;
use super::unwrap;
use super::wrap::{self, Proxy};

/// A server, and where it stands.
pub(super) struct Entry<'a> {
    pub(super) project: Option<&'a str>,
    pub(super) name: &'a str,
    path: Vec<&'a str>,
    node: &'a Node,
}

/// The servers of a configuration, and what stands in the place of some and is none.
pub(super) fn entries<'a>(document: &'a Document, places: &[Place]) -> (Vec<Entry<'a>>, Vec<Change>) {
    let (mut entries, mut odd) = (Vec::new(), Vec::new());
    let mut take = |project: Option<&'a str>, path: Vec<&'a str>, servers: &'a Node| {
        let Some(members) = servers.members() else {
            let name = path.last().copied().unwrap_or_default();
            odd.push(Change::server(name, project, Deed::Leave).because("it is no object"));
            return;
        };
        for member in members {
            let path = path.iter().copied().chain([member.name.as_str()]).collect();
            entries.push(Entry { project, name: &member.name, path, node: &member.value });
        }
    };
    for place in places {
        match place {
            Place::Member(name) => {
                if let Some(servers) = document.root.get(name) {
                    take(None, vec![name], servers);
                }
            }
            Place::Projects => {
                let projects = document.root.get("projects").and_then(Node::members).unwrap_or_default();
                for project in projects {
                    if let Some(servers) = project.value.get("mcpServers") {
                        take(Some(&project.name), vec!["projects", &project.name, "mcpServers"], servers);
                    }
                }
            }
        }
    }
    (entries, odd)
}

/// The changes that put servers behind the proxy. `proxy` is asked for once there is one to be put there.
pub(super) fn wrap<E>(
    document: &Document,
    entries: &[Entry<'_>],
    selection: Selection<'_>,
    proxy: &mut dyn FnMut() -> Result<Proxy, E>,
) -> Result<(Edits, Vec<Change>), E> {
    let (mut edits, mut changes) = (Edits::default(), Vec::new());
    for Entry { project, name, node, .. } in entries {
        let change = |deed| Change::server(name, *project, deed);
        if !selection.server(*project, name) {
            continue;
        }
        changes.push(match server::read(document, name, node) {
            Server::Local { command, arguments } => {
                edits.extend(wrap::local(document, node, name, command, arguments, &proxy()?));
                change(Deed::Wrap)
            }
            Server::Remote { url, kind } => {
                edits.extend(wrap::remote(document, node, name, url, kind, &proxy()?));
                change(Deed::Wrap).because(NO_SIGN_IN)
            }
            Server::Wrapped(wrapped) => match proxy() {
                Ok(proxy) if !is_like(&wrapped, &proxy) => change(Deed::Keep).because(OTHERWISE),
                _ => change(Deed::Keep),
            },
            Server::WrappedOtherwise => change(Deed::Keep).because("not written by `setup`"),
            Server::Left(reason) => change(Deed::Leave).because(reason),
        });
    }
    Ok((edits, changes))
}

/// The changes that take the proxy away.
pub(super) fn unwrap(
    document: &Document,
    entries: &[Entry<'_>],
    selection: Selection<'_>,
    remembered: &Remembered,
) -> (Edits, Vec<Change>) {
    let (mut edits, mut changes) = (Edits::default(), Vec::new());
    for Entry { project, name, node, path } in entries {
        if !selection.server(*project, name) {
            continue;
        }
        match server::read(document, name, node) {
            Server::Wrapped(wrapped) => {
                edits.extend(unwrap::unwrap(document, node, &wrapped, &remembered.server(path)));
                changes.push(Change::server(name, *project, Deed::Unwrap));
            }
            Server::WrappedOtherwise => {
                let left = Change::server(name, *project, Deed::Leave);
                changes.push(left.because("it is behind the proxy in a form that `setup` does not write"));
            }
            _ => {}
        }
    }
    (edits, changes)
}

fn is_like(wrapped: &Wrapped<'_>, proxy: &Proxy) -> bool {
    wrapped.command.value.text() == Some(&proxy.program) && wrapped.rules == proxy.rules.as_deref()
}

const NO_SIGN_IN: &str = "the proxy signs in nowhere: if this server asks for it, undo with `--undo --only`";
const OTHERWISE: &str = "with another program or other rules; `--undo` first changes that";
