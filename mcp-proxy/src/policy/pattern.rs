//! A pattern for names in any spelling.

use serde::de;

use super::fold::{folded_char, lowered_char};
use super::glob::{Glob, MalformedGlob};
use super::name::Spellings;

/// A [`Glob`] in lower case and one without case, for the two spellings of names.
#[derive(Debug)]
pub(super) struct Pattern {
    lowered: Glob,
    folded: Glob,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, MalformedGlob> {
        Ok(Self { lowered: Glob::parse(text, lowered_char)?, folded: Glob::parse(text, folded_char)? })
    }

    /// The same for a YAML reader. The reference switches a rule with a malformed pattern off; here it is refused at load.
    pub(super) fn read<E: de::Error>(text: &str) -> Result<Self, E> {
        Self::parse(text)
            .map_err(|reason| E::custom(format_args!("the pattern `{text}` is malformed: {reason}")))
    }

    pub(super) fn matches(&self, name: &Spellings) -> bool {
        self.lowered.matches(&name.lowered().characters) || self.folded.matches(&name.folded().characters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str, name: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(&Spellings::of(name))
    }

    #[test]
    fn no_case_dodges_a_pattern() {
        for (pattern, name) in [
            ("delete_*", "DELETE_all"),
            ("DELETE_*", "delete_all"),
            ("send_*", "\u{17f}end_mail"),
            ("*token*", "to\u{212a}en"),
            ("*TO\u{212a}EN*", "token"),
            ("write_*", "WRİTE_x"),
            ("write_*", "wrıte_x"),
            ("[A-Z]x", "QX"),
            ("[r-t]end", "\u{17f}end"),
            ("\\DELETE", "delete"),
            ("É*", "éa"),
        ] {
            assert!(matched(pattern, name), "{pattern} against {name}");
        }
        for name in ["\u{200b}delete_all", "delete\u{200b}_all", "dеlete_all", "ｄelete_all"] {
            assert!(!matched("delete_*", name), "{name:?} is another tool's name");
        }
    }

    #[test]
    fn what_the_reference_matches_in_lower_case_alone_still_matches() {
        for (pattern, name) in
            [("[^s]et_*", "\u{17f}et_x"), ("[\u{17e}-\u{180}]et_*", "\u{17f}et_x"), ("\u{17f}*", "\u{17f}")]
        {
            assert!(matched(pattern, name), "{pattern} against {name}");
        }
    }
}
