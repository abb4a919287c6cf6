//! A tool's name as rules look at it.

use super::Operation;
use super::fold::folded;
use super::operation::own_name;

/// A tool's own name without its case, read once for all rules.
pub(super) struct Name {
    pub(super) folded: String,
    pub(super) characters: Vec<char>,
    pub(super) operation: Operation,
    /// Longer than any tool's: nothing is looked for in it, and everything is taken for found.
    pub(super) oversize: bool,
}

impl Name {
    pub(super) fn of(tool: &str) -> Self {
        if tool.len() > MOST_BYTES {
            let (folded, characters, operation) = (String::new(), Vec::new(), Operation::Unknown);
            return Self { folded, characters, operation, oversize: true };
        }
        let folded = folded(own_name(tool));
        let characters = folded.chars().collect();
        let operation = Operation::of(&folded);
        Self { folded, characters, operation, oversize: false }
    }
}

/// Eight times what the protocol recommends as the longest name of a tool.
pub(super) const MOST_BYTES: usize = 1_024;
