//! One rule.

use super::glob::Glob;
use super::name::Name;
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
    pub(super) tool: Option<Glob>,
    pub(super) server: Option<Glob>,
}

impl Rule {
    pub(super) fn matches(&self, name: &Name, server: &[char], score: u8) -> bool {
        // Of a name that is too long to be read nobody knows that it deletes nothing.
        let operation =
            name.oversize || self.operations.is_empty() || self.operations.contains(&name.operation);
        operation
            && self.min_risk_score.is_none_or(|least| i64::from(score) >= least)
            && self.scope.covers(name, server)
    }
}

impl Scope {
    /// Whether a tool of a server (folded) is meant.
    pub(super) fn covers(&self, name: &Name, server: &[char]) -> bool {
        let tool = name.oversize || self.tool.as_ref().is_none_or(|glob| glob.matches(&name.characters));
        tool && self.server.as_ref().is_none_or(|glob| glob.matches(server))
    }
}
