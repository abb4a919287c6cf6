//! A whole policy.

use std::time::Instant;

use agent_receipts_core::ReceiptHash;
use agent_receipts_core::json::Value;
use agent_receipts_core::redaction::Redactor;

use super::case::{Case, CaseOutcome};
use super::counters::Counters;
use super::limit::Limit;
use super::name::{Name, Spellings};
use super::rule::Rule;
use super::score::score;
use super::{Action, Call, Judgement};

/// Rules and limits, read and found sound. Immutable: what changes with time is in [`Counters`].
#[derive(Debug)]
pub struct Policy {
    /// Those that apply, in the file's order.
    pub(super) rules: Vec<Rule>,
    pub(super) limits: Vec<Limit>,
    pub(super) redactor: Redactor,
    pub(super) cases: Vec<Case>,
    pub(super) warnings: Vec<String>,
    pub(super) digest: ReceiptHash,
}

impl Policy {
    /// What the rules say of a call, whatever went before it. Limits are not looked at: see [`Policy::decide`].
    pub fn judge(&self, call: &Call<'_>) -> Judgement {
        let name = Name::of(call.tool);
        let server = Spellings::of(call.server);
        let (operation, score, parts) = score(&name, call);
        let mut judgement = Judgement {
            action: Action::Pass,
            rule: None,
            description: String::new(),
            operation,
            score,
            parts,
            matched: Vec::new(),
        };
        for rule in self.rules.iter().filter(|rule| rule.matches(&name, &server, score)) {
            judgement.matched.push(rule.name.clone());
            judgement.tighten(rule.action, &rule.name, &rule.description);
        }
        judgement
    }

    /// What rules and limits together say of a call that is made now. A call that is not blocked is counted.
    pub fn decide(&self, call: &Call<'_>, counters: &Counters, now: Instant) -> Judgement {
        counters.admit(self, call, self.judge(call), now)
    }

    /// `sha256:…` over the file's bytes, or over those of the built-in rules.
    pub fn digest(&self) -> ReceiptHash {
        self.digest
    }

    /// What is allowed and yet hardly meant, each in one line.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The names of the rules that apply and of the limits, in the file's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|rule| rule.name.as_str());
        rules.chain(self.limits.iter().map(|limit| limit.name.as_str()))
    }

    /// Whether any call may have to wait for somebody's approval.
    pub fn pauses(&self) -> bool {
        let mut actions =
            self.rules.iter().map(|rule| rule.action).chain(self.limits.iter().map(|limit| limit.action));
        actions.any(|action| action == Action::Pause)
    }

    /// A text without the secrets that the daemon knows the forms of, and without what the file's redaction patterns match; `[REDACTED]`
    /// altogether where a pattern matches too often.
    pub fn redact(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    /// Arguments as an approver sees them: redacted canonical JSON of at most `limit` bytes, with `…` where it was cut.
    ///
    /// Of more than 1 MiB only the length is shown: to look through them for secrets would hold up every other call.
    pub fn shown(&self, arguments: Option<&Value>, limit: usize) -> String {
        let Some(arguments) = arguments else { return "{}".to_owned() };
        let text = arguments.to_string();
        if text.len() > MOST_SHOWN {
            return format!("{} bytes, too many to be shown …", text.len());
        }
        // Redacted before it is cut: half a secret matches no pattern.
        let mut text = self.redact(&text);
        if text.len() > limit {
            text.truncate(text.floor_char_boundary(limit.saturating_sub('…'.len_utf8())));
            text.push('…');
        }
        text
    }

    /// Judges the calls that the file brings as tests, those that name no server as calls of `server`.
    pub fn run_tests(&self, server: &str) -> Vec<CaseOutcome> {
        self.cases.iter().map(|case| case.run(self, server)).collect()
    }
}

impl Judgement {
    /// Takes a stricter action over; of equally strict ones the first stays.
    pub(super) fn tighten(&mut self, action: Action, rule: &str, description: &str) {
        if action > self.action {
            self.action = action;
            self.rule = Some(rule.to_owned());
            self.description = description.to_owned();
        }
    }
}

/// Bytes.
const MOST_SHOWN: usize = 1 << 20;
