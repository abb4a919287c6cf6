//! What backups still know and a changed file no longer tells: whether something was empty or was not there.
//!
//! Only that is taken from them. What an entry was before stands in the entry itself, so that undoing needs no backup.

use super::document::{Document, quoted};
use super::hooks;
use super::server::{Server, read};
use super::tree::{Kind, Node};
use super::unwrap::Before;

/// The backups of one file, parsed, newest first.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    documents: Vec<Document>,
}

impl Remembered {
    /// Of these backups, newest first. One that cannot be read tells nothing.
    pub(super) fn of(documents: Vec<Document>) -> Self {
        Self { documents }
    }

    /// Whether the file was there before our hooks were.
    pub(super) fn was_there(&self) -> bool {
        self.without_hooks().is_some()
    }

    /// The object or array at the end of these names as it was written when it was empty.
    pub(super) fn empty(&self, path: &[&str]) -> Option<String> {
        let document = self.without_hooks()?;
        let node = document.root.at(path)?;
        let empty = match &node.kind {
            Kind::Object(members) => members.is_empty(),
            Kind::Array(elements) => elements.is_empty(),
            _ => false,
        };
        empty.then(|| document.slice(&node.range).to_owned())
    }

    /// How a server's entry was.
    pub(super) fn server(&self, path: &[&str]) -> Before {
        let name = path.last().copied().unwrap_or_default();
        for document in &self.documents {
            let Some(entry) = document.root.at(path) else { continue };
            match read(document, name, entry) {
                Server::Local { arguments, .. } => {
                    let empty_arguments = arguments.is_some();
                    return Before { empty_arguments, kind: None };
                }
                Server::Remote { kind, .. } => {
                    let kind = kind.map(|kind| document.slice(&kind.range).to_owned());
                    // It was `http`, however that was spelled; a backup has no other say.
                    return Before { empty_arguments: false, kind };
                }
                _ => {}
            }
        }
        Before { empty_arguments: false, kind: Some(quoted("http")) }
    }

    fn without_hooks(&self) -> Option<&Document> {
        self.documents.iter().find(|document| !mentions_ours(&document.root))
    }
}

fn mentions_ours(root: &Node) -> bool {
    let events = root.get("hooks").and_then(Node::members).unwrap_or_default();
    let groups = events.iter().flat_map(|event| event.value.elements().unwrap_or_default());
    let mut hooks = groups.flat_map(|group| group.get("hooks").and_then(Node::elements).unwrap_or_default());
    hooks.any(|hook| hook.get("command").and_then(Node::text).is_some_and(hooks::is_ours))
}
