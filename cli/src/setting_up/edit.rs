//! Changes of a text at places, that leave everything else as it is.

use std::ops::Range;

/// Changes of one text. They do not overlap.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Edits {
    list: Vec<(Range<usize>, String)>,
}

impl Edits {
    /// Puts a text in the place of another.
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.list.push((range, text.into()));
    }

    /// Puts a text between two characters.
    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Takes a text away.
    pub(super) fn delete(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    /// All of these and all of those.
    pub(super) fn extend(&mut self, others: Self) {
        self.list.extend(others.list);
    }

    /// The text with the changes made.
    pub(super) fn apply(mut self, text: &str) -> String {
        self.list.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(text.len() + 1024);
        let mut at = 0;
        for (range, new) in &self.list {
            debug_assert!(range.start >= at, "changes overlap");
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(new);
            at = range.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}
