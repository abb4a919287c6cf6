//! One rule.

use super::name::{Name, Spellings};
use super::pattern::Pattern;
use super::{Action, Operation};

/// A rule that applies: every condition that it has must hold.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) scope: Scope,
    /// Any of them; none means all.
    pub(super) operations: Vec<Operation>,
    pub(super) min_risk_score: Option<i64>,
    pub(super) action: Action,
}

/// Which tools of which servers.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) tool: Option<Pattern>,
    pub(super) server: Option<Pattern>,
}

impl Rule {
    pub(super) fn matches(&self, name: &Name, server: &Spellings, score: u8) -> bool {
        // Of a name that is too long to be read nobody knows that it deletes nothing.
        let meant = |operation: &Operation| self.operations.contains(operation);
        let operation = name.oversize || self.operations.is_empty() || name.operations.iter().any(meant);
        operation
            && self.min_risk_score.is_none_or(|least| i64::from(score) >= least)
            && self.scope.covers(name, server)
    }
}

impl Scope {
    /// Whether a tool of a server is meant.
    pub(super) fn covers(&self, name: &Name, server: &Spellings) -> bool {
        // Some servers stand for others, and give their tools names that hosts give elsewhere: a pattern may mean either.
        let fits = |pattern: &Pattern| {
            pattern.matches(&name.spellings)
                || name.whole.as_ref().is_some_and(|whole| pattern.matches(whole))
        };
        let tool = name.oversize || self.tool.as_ref().is_none_or(fits);
        tool && self.server.as_ref().is_none_or(|pattern| pattern.matches(server))
    }
}
