//! Tests that a rules file brings with it.

use agent_receipts_core::json::Value;

use super::{Action, Call, Judgement, Policy};

/// A call, and what is expected of the rules.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) line: u64,
    pub(super) server: Option<String>,
    pub(super) tool: String,
    pub(super) arguments: Option<Value>,
    pub(super) expect: Action,
    pub(super) rule: Option<String>,
}

/// What came of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOutcome {
    /// Where the test stands in the file, from 1.
    pub line: u64,
    /// The tool that it calls.
    pub tool: String,
    /// What it expects.
    pub expected: Action,
    /// The rule by which it expects that, if it says so.
    pub expected_rule: Option<String>,
    /// What the rules say.
    pub judgement: Judgement,
}

impl CaseOutcome {
    /// Whether the rules say what is expected.
    pub fn passed(&self) -> bool {
        let rule = self.expected_rule.is_none() || self.expected_rule == self.judgement.rule;
        rule && self.expected == self.judgement.action
    }
}

impl Case {
    pub(super) fn run(&self, policy: &Policy, server: &str) -> CaseOutcome {
        let server = self.server.as_deref().unwrap_or(server);
        let call = Call { server, tool: &self.tool, arguments: self.arguments.as_ref() };
        CaseOutcome {
            line: self.line,
            tool: self.tool.clone(),
            expected: self.expect,
            expected_rule: self.rule.clone(),
            judgement: policy.judge(&call),
        }
    }
}
