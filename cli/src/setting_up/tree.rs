//! A configuration as a tree in which everything knows where it stands in the text.

use std::ops::Range;

/// A value, and the bytes that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Where it stands. A table of TOML that is written under a heading stands where its heading does.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An object or a table, its members in the order of the text.
    Object(Vec<Member>),
    /// An array.
    Array(Vec<Node>),
    /// A text, decoded.
    Text(String),
    /// `true` or `false`.
    Truth(bool),
    /// A number, a time or nothing.
    Other,
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its name, decoded.
    pub(super) name: String,
    /// Where the name stands, quotes included.
    pub(super) key: Range<usize>,
    /// Its value.
    pub(super) value: Node,
}

impl Member {
    /// From the name to the end of the value.
    pub(super) fn range(&self) -> Range<usize> {
        self.key.start..self.value.range.end
    }
}

impl Node {
    /// The members, of an object.
    pub(super) fn members(&self) -> Option<&[Member]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, of an array.
    pub(super) fn elements(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The text, of a text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member of that name.
    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.members()?.iter().find(|member| member.name == name)
    }

    /// The value of the member of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.member(name).map(|member| &member.value)
    }

    /// The value at the end of these names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }
}
