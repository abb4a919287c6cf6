//! From a file's bytes to a policy.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use agent_receipts_core::ReceiptHash;
use agent_receipts_core::redaction::{CustomPattern, Redactor};
use serde_saphyr::Spanned;
use thiserror::Error;

use super::case::Case;
use super::document::{Document, LimitAction, LimitText, RedactText, RuleText, TestText};
use super::limit::Limit;
use super::per::Per;
use super::rule::{Rule, Scope};
use super::{Action, Policy};

/// The built-in rules, as a file would have them.
pub const DEFAULTS: &str = include_str!("defaults.yaml");

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Larger than 1 MiB.
    #[error("the rules are larger than 1 MiB")]
    Oversize,
    /// Bytes that are not UTF-8.
    #[error("the rules are not UTF-8")]
    NotUtf8,
    /// Not the YAML that is wanted: an unknown key, action or operation, a malformed pattern, a key twice.
    #[error("{reason}")]
    Malformed {
        /// What is wrong, and in which line.
        reason: String,
    },
    /// Nothing at all: a file that was cut off must not let everything pass.
    #[error("there is neither a rule nor a limit; write `rules: []` where none is meant")]
    Empty,
    /// A limit whose name is empty.
    #[error("line {line}: the limit's name is empty")]
    UnnamedLimit {
        /// Its line, from 1.
        line: u64,
    },
    /// Two limits of one name, or a limit with a rule's: counts and receipts go by the name.
    #[error("line {line}: another limit or rule is named `{name}` already")]
    SameName {
        /// The name.
        name: String,
        /// The second's line, from 1.
        line: u64,
    },
}

/// Why a file is no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the rules `{}`: {}", path.display(), std::io::Error::from(*kind))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// A folder, a pipe, a device.
    #[error("the rules `{}` are not a regular file", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// What is in it.
    #[error("the rules `{}` are refused: {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: PolicyError,
    },
    /// The built-in rules.
    #[error("the built-in rules are refused: {0}")]
    Defaults(PolicyError),
}

impl Policy {
    /// Reads the YAML of a rules file: the reference's keys, and ours (`docs/policy.md`).
    ///
    /// # Errors
    ///
    /// [`PolicyError`]. What the reference ignores or switches off is refused: unknown keys, actions and operations, malformed patterns.
    pub fn read(text: &[u8]) -> Result<Self, PolicyError> {
        if text.len() > MAX_FILE {
            return Err(PolicyError::Oversize);
        }
        let digest = ReceiptHash::of(text);
        let text = std::str::from_utf8(text).map_err(|_| PolicyError::NotUtf8)?;
        let document: Option<Document> =
            serde_saphyr::from_str_with_options(text, options()).map_err(|error| malformed(&error))?;
        let document = document.ok_or(PolicyError::Empty)?;
        if document.rules.is_none() && document.limits.is_none() {
            return Err(PolicyError::Empty);
        }
        let mut reading = Reading::default();
        let rules: Vec<Rule> = reading.rules(document.rules.unwrap_or_default());
        let limits = reading.limits(document.limits.unwrap_or_default())?;
        if rules.is_empty() && limits.is_empty() {
            reading.warnings.push("no rule applies and there is no limit: every call passes".to_owned());
        }
        Ok(Self {
            rules,
            limits,
            redactor: redactor(document.redact.unwrap_or_default())?,
            cases: document.tests.unwrap_or_default().into_iter().map(case).collect(),
            warnings: reading.warnings,
            digest,
        })
    }

    /// The rules that hold where no file is given: the reference's ([`DEFAULTS`]).
    ///
    /// # Errors
    ///
    /// None that a release has: a test reads them.
    pub fn defaults() -> Result<Self, PolicyError> {
        Self::read(DEFAULTS.as_bytes())
    }

    /// Reads a rules file: a regular one, of 1 MiB at most.
    ///
    /// # Errors
    ///
    /// [`LoadError`], with the path and, where it can be told, the line.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let unreadable = |e: std::io::Error| LoadError::Unreadable { path: path.to_owned(), kind: e.kind() };
        // Before it is opened: to open a pipe would wait for its other end.
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(LoadError::NotAFile { path: path.to_owned() });
        }
        let refused = |why| LoadError::Refused { path: path.to_owned(), why };
        if metadata.len() > MAX_FILE as u64 {
            return Err(refused(PolicyError::Oversize));
        }
        let mut text = Vec::new();
        // One more than allowed, as it may have grown since.
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE as u64 + 1).read_to_end(&mut text).map_err(unreadable)?;
        let mut policy = Self::read(&text).map_err(refused)?;
        if writable_for_all(&metadata) {
            let warning = format!(
                "everybody may write `{}`, and so decide what is blocked: chmod o-w it",
                path.display()
            );
            policy.warnings.push(warning);
        }
        Ok(policy)
    }
}

#[cfg(unix)]
fn writable_for_all(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o002 != 0
}

#[cfg(not(unix))]
fn writable_for_all(_: &std::fs::Metadata) -> bool {
    false
}

/// What has to be remembered from rule to rule.
#[derive(Default)]
struct Reading {
    names: HashSet<String>,
    warnings: Vec<String>,
}

impl Reading {
    fn rules(&mut self, rules: Vec<Spanned<RuleText>>) -> Vec<Rule> {
        rules.into_iter().enumerate().filter_map(|(at, rule)| self.rule(at, rule)).collect()
    }

    /// The rule, if it applies; what is odd about it either way.
    fn rule(&mut self, at: usize, rule: Spanned<RuleText>) -> Option<Rule> {
        let line = rule.referenced.line();
        let rule = rule.value;
        let name = rule.name.filter(|name| !name.is_empty()).unwrap_or_else(|| {
            self.warn(line, format_args!("the rule has no name; receipts will call it `rule {}`", at + 1));
            format!("rule {}", at + 1)
        });
        if !self.names.insert(name.clone()) {
            self.warn(
                line,
                format_args!("another rule is named `{name}`, too; receipts cannot tell them apart"),
            );
        }
        let least = rule.min_risk_score.map(|score| score.0);
        match rule.enabled {
            None => {
                self.warn(line, format_args!("the rule `{name}` never applies, as it lacks `enabled: true`"));
                return None;
            }
            Some(false) => return None,
            Some(true) if least.is_some_and(|least| least > 100) => {
                self.warn(line, format_args!("the rule `{name}` never applies, as no risk is above 100"));
            }
            Some(true) if rule.action == Action::Pass => self.warn(
                line,
                format_args!("the rule `{name}` changes nothing, as the strictest rule decides and `pass` is the mildest"),
            ),
            Some(true) => {}
        }
        Some(Rule {
            name,
            description: rule.description.unwrap_or_default(),
            scope: Scope { tool: rule.tool_pattern, server: rule.server_pattern },
            operations: rule.operation_types.unwrap_or_default(),
            min_risk_score: least,
            action: rule.action,
        })
    }

    fn limits(&mut self, limits: Vec<Spanned<LimitText>>) -> Result<Vec<Limit>, PolicyError> {
        limits.into_iter().map(|limit| self.limit(limit.referenced.line(), limit.value)).collect()
    }

    fn limit(&mut self, line: u64, limit: LimitText) -> Result<Limit, PolicyError> {
        let LimitText { name, calls, per, .. } = limit;
        if name.trim().is_empty() {
            return Err(PolicyError::UnnamedLimit { line });
        }
        if !self.names.insert(name.clone()) {
            return Err(PolicyError::SameName { name, line });
        }
        let description = limit.description.unwrap_or_else(|| match per {
            Per::Window(_) => format!("more than {calls} calls in {per}"),
            Per::Session => format!("more than {calls} calls in this session"),
        });
        Ok(Limit {
            name,
            description,
            scope: Scope { tool: limit.tool_pattern, server: limit.server_pattern },
            each_tool: limit.each_tool.unwrap_or(false),
            calls,
            per,
            action: match limit.action.unwrap_or(LimitAction::Block) {
                LimitAction::Pause => Action::Pause,
                LimitAction::Block => Action::Block,
            },
        })
    }

    fn warn(&mut self, line: u64, what: std::fmt::Arguments<'_>) {
        self.warnings.push(format!("line {line}: {what}"));
    }
}

fn case(test: Spanned<TestText>) -> Case {
    let line = test.referenced.line();
    let TestText { call, expect, rule } = test.value;
    let arguments = call.arguments.map(|arguments| arguments.0);
    Case { line, server: call.server, tool: call.tool, arguments, expect, rule }
}

/// Far below the reader's own bounds: a rules file is written by hand.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_events: 200_000,
            max_nodes: 100_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
        with_snippet: false,
    }
}

/// What is wrong and in which line, without words for programmers.
fn malformed(error: &serde_saphyr::Error) -> PolicyError {
    let text = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    let text = text.lines().next().unwrap_or_default();
    let reason = match error.location() {
        Some(place) => {
            let what = text.rsplit_once(" at line ").map_or(text, |(what, _)| what);
            format!("line {}: {what}", place.line())
        }
        None => text.to_owned(),
    };
    PolicyError::Malformed { reason }
}

fn redactor(own: Vec<RedactText>) -> Result<Redactor, PolicyError> {
    let own: Vec<CustomPattern> =
        own.into_iter().map(|text| CustomPattern { name: text.name, pattern: text.pattern }).collect();
    Redactor::new(&own).map_err(|error| PolicyError::Malformed { reason: error.to_string() })
}

/// Levels: reading goes down with them, and a test's arguments need a few.
const DEEPEST: usize = 24;

/// Bytes.
const MAX_FILE: usize = 1 << 20;
