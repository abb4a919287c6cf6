//! Secrets that the operator knows the form of, kept out of what approvers see and of errors.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, de};

/// What stands in place of a secret, as in receipts.
pub(super) const REDACTED: &str = "[REDACTED]";

/// The text without what the patterns match, in their order.
///
/// A pattern that matches more than a thousand times makes the whole text [`REDACTED`], because no bound on its time would be left.
pub(super) fn redacted(patterns: &[Regex], text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for pattern in patterns {
        match replace_bounded(pattern, &text) {
            Some(Cow::Owned(replaced)) => text = Cow::Owned(replaced),
            Some(Cow::Borrowed(_)) => {}
            None => return REDACTED.to_owned(),
        }
    }
    text.into_owned()
}

/// Reads a regular expression (syntax of the crate `regex`, nearly RE2: matches in linear time) for a YAML reader.
pub(super) fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Regex, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refused = |reason: &dyn std::fmt::Display| {
        de::Error::custom(format_args!("the redaction pattern `{text}` {reason}"))
    };
    let pattern = RegexBuilder::new(&text).size_limit(COMPILED_SIZE).build().map_err(|error| {
        let error = error.to_string();
        let reason = error.lines().next_back().unwrap_or_default().trim_start_matches("error: ");
        refused(&format_args!("is malformed: {reason}"))
    })?;
    // It would cut every text to pieces.
    if pattern.is_match("") { Err(refused(&"matches the empty text")) } else { Ok(pattern) }
}

/// Replaces every match, or `None` if there are more than [`MOST_MATCHES`].
fn replace_bounded<'t>(pattern: &Regex, text: &'t str) -> Option<Cow<'t, str>> {
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

/// Bytes of one compiled pattern: `a{1000}{1000}` must not fill the memory.
const COMPILED_SIZE: usize = 1 << 20;
/// Matches of one pattern in one text.
const MOST_MATCHES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_match_of_every_pattern_goes() {
        let patterns = [Regex::new("sk_live_[a-z0-9]+").unwrap(), Regex::new("hunter\\d").unwrap()];
        assert_eq!(
            redacted(&patterns, "a sk_live_1x, hunter2 and hunter3."),
            "a [REDACTED], [REDACTED] and [REDACTED]."
        );
        assert_eq!(redacted(&patterns, "nothing"), "nothing");
    }

    #[test]
    fn a_pattern_that_matches_too_often_hides_the_whole_text() {
        let text = "x ".repeat(MOST_MATCHES + 1);
        assert_eq!(redacted(&[Regex::new("x").unwrap()], &text), REDACTED);
        assert_eq!(redacted(&[Regex::new("x").unwrap()], &text[2..]).matches(REDACTED).count(), MOST_MATCHES);
    }
}
