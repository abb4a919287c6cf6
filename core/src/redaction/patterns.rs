//! The second pass: known forms of tokens and keys.

use std::borrow::Cow;

use regex::{Captures, Regex, RegexSet};

use super::{PatternError, REDACTED};

/// The built-in patterns, compiled.
#[derive(Debug)]
pub(super) struct BuiltIn {
    /// One pass tells which patterns occur at all; most errors hold none.
    any: RegexSet,
    each: Vec<Regex>,
}

impl BuiltIn {
    pub(super) fn new() -> Result<Self, PatternError> {
        let broken = |error: regex::Error| PatternError::Malformed {
            name: "built-in".to_owned(),
            reason: error.to_string(),
        };
        let each = PATTERNS.iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>();
        Ok(Self { any: RegexSet::new(PATTERNS).map_err(broken)?, each: each.map_err(broken)? })
    }

    pub(super) fn redact(&self, mut text: String) -> String {
        // No replacement makes another pattern match that did not before: all of them need what is replaced.
        for at in self.any.matches(&text) {
            if let Cow::Owned(replaced) = self.each[at].replace_all(&text, replacement) {
                text = replaced;
            }
        }
        text
    }
}

/// Replaces every match, or `None` if there are more than [`MOST_MATCHES`].
///
/// One search takes linear time, but a pattern can be written such that every search reads to the end of the text.
pub(super) fn replace_bounded<'t>(pattern: &Regex, text: &'t str) -> Option<Cow<'t, str>> {
    let mut out = String::new();
    let mut copied = 0;
    for (count, found) in pattern.find_iter(text).enumerate() {
        if count == MOST_MATCHES {
            return None;
        }
        if !found.is_empty() {
            out.push_str(&text[copied..found.start()]);
            out.push_str(REDACTED);
            copied = found.end();
        }
    }
    if copied == 0 {
        return Some(Cow::Borrowed(text));
    }
    out.push_str(&text[copied..]);
    Some(Cow::Owned(out))
}

fn replacement(found: &Captures<'_>) -> String {
    format!("{}{REDACTED}", found.get(1).map_or("", |kept| kept.as_str()))
}

/// In the order in which they are replaced. What the first group holds is kept, as in the last one.
const PATTERNS: [&str; 14] = [
    "ghp_[A-Za-z0-9]{36,}",
    "github_pat_[A-Za-z0-9_]{82}",
    "gho_[A-Za-z0-9]{36,}",
    "ghs_[A-Za-z0-9]{36,}",
    "ghu_[A-Za-z0-9]{36,}",
    r"v1\.[a-f0-9]{40,}",
    r"sk-[A-Za-z0-9\-]{20,}",
    "AKIA[A-Z0-9]{16}",
    r"Bearer\s+[A-Za-z0-9._\-/+=]{20,}",
    r"eyJ[A-Za-z0-9_=\-]+\.eyJ[A-Za-z0-9_=\-]+\.[A-Za-z0-9_=\-]*",
    r"xox[bpras]-[A-Za-z0-9\-]+",
    // `*` where the reference has `+`: PKCS#8 has no word before `PRIVATE KEY`.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
    // A key whose end was cut off, up to what cannot be part of it. The backslash is that of `\n` within JSON.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=:,\-\\\s]*",
    r#"(?i)([?&](?:access_token|token|api[_-]?key|apikey|key|auth)=)[^&\s"'<>\[\]]+"#,
];

/// Matches of one custom pattern in one text; a thousand linear searches of 1 MiB are still seconds.
const MOST_MATCHES: usize = 1_000;
