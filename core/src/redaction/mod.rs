//! Keeps secrets out of texts: out of `outcome.error`, the one text of a receipt that emitters copy from programs' output, and out of
//! what somebody is shown who is to approve a call.
//!
//! Three passes, as the reference makes them (wire protocol §1.10): values of JSON members with telling names, known
//! forms of tokens and keys, then the operator's own patterns. Hashes are taken before, over the raw payloads.
//!
//! What differs from the reference, where a reader might look for it: PKCS#8 keys (`BEGIN PRIVATE KEY`), the
//! form that the daemon itself writes, are redacted too, and so is a key whose end was cut off; JSON is written in
//! its canonical form, without Go's `\u003c` for `<`.

mod custom;
mod members;
mod patterns;

use std::borrow::Cow;

pub use custom::{CustomPattern, PatternError};

use patterns::{BuiltIn, replace_bounded};

/// What stands in place of a secret.
pub const REDACTED: &str = "[REDACTED]";

/// Replaces secrets in texts. Build one at start and share it.
#[derive(Debug)]
pub struct Redactor {
    built_in: BuiltIn,
    custom: Vec<regex::Regex>,
}

impl Redactor {
    /// A redactor with the built-in passes and the operator's patterns, in their order.
    ///
    /// # Errors
    ///
    /// [`PatternError`], which names the pattern. A process that cannot redact as told must not start.
    pub fn new(custom: &[CustomPattern]) -> Result<Self, PatternError> {
        let custom = custom.iter().map(CustomPattern::compile).collect::<Result<_, _>>()?;
        Ok(Self { built_in: BuiltIn::new()?, custom })
    }

    /// The text without the secrets that were recognised.
    ///
    /// Takes time linear in the text for the built-in passes; a custom pattern that matches more than a thousand
    /// times makes the whole text [`REDACTED`], because no bound on its time would be left.
    pub fn redact(&self, text: &str) -> String {
        let text = members::redact_members(text).map_or(Cow::Borrowed(text), Cow::Owned);
        let mut text = self.built_in.redact(text.into_owned());
        for pattern in &self.custom {
            match replace_bounded(pattern, &text) {
                Some(Cow::Owned(replaced)) => text = replaced,
                Some(Cow::Borrowed(_)) => {}
                None => return REDACTED.to_owned(),
            }
        }
        text
    }
}
