//! Names as rules look at them.

use super::Operation;
use super::fold::{folded, lowered};
use super::operation::own_name;

/// A name without its case, in one spelling or two.
///
/// Where the reference's lower case and folding differ (`ſet_x`), both are looked at, and whatever finds a rule counts: so no spelling
/// is judged more mildly than by the reference, and none dodges a rule.
pub(super) struct Spellings {
    lowered: Spelling,
    folded: Option<Spelling>,
}

/// One of them.
pub(super) struct Spelling {
    pub(super) text: String,
    pub(super) characters: Vec<char>,
}

impl Spellings {
    pub(super) fn of(name: &str) -> Self {
        let lowered = lowered(name);
        let folded = Some(folded(name)).filter(|folded| *folded != lowered);
        Self { lowered: lowered.into(), folded: folded.map(Spelling::from) }
    }

    pub(super) fn lowered(&self) -> &Spelling {
        &self.lowered
    }

    pub(super) fn folded(&self) -> &Spelling {
        self.folded.as_ref().unwrap_or(&self.lowered)
    }

    /// Whether any spelling is as asked.
    pub(super) fn any(&self, asked: impl Fn(&str) -> bool) -> bool {
        asked(&self.lowered.text) || self.folded.as_ref().is_some_and(|folded| asked(&folded.text))
    }
}

impl From<String> for Spelling {
    fn from(text: String) -> Self {
        Self { characters: text.chars().collect(), text }
    }
}

/// A tool's own name, read once for all rules.
pub(super) struct Name {
    pub(super) spellings: Spellings,
    /// The name with what a host puts before it, where it has that.
    pub(super) whole: Option<Spellings>,
    /// What the tool does: one, or two where the spellings differ on it.
    pub(super) operations: [Operation; 2],
    /// Longer than any tool's: nothing is looked for in it, and everything is taken for found.
    pub(super) oversize: bool,
}

impl Name {
    pub(super) fn of(tool: &str) -> Self {
        let oversize = tool.len() > MOST_BYTES;
        let own = if oversize { "" } else { own_name(tool) };
        let whole = (!oversize && own != tool).then(|| Spellings::of(tool));
        let spellings = Spellings::of(own);
        let operations =
            [&spellings.lowered, spellings.folded()].map(|spelling| Operation::of(&spelling.text));
        Self { spellings, whole, operations, oversize }
    }
}

/// Eight times what the protocol recommends as the longest name of a tool.
pub(super) const MOST_BYTES: usize = 1_024;
