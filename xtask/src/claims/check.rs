use std::collections::BTreeSet;

use super::ledger::{Claim, Ledger};
use crate::source::{go_tests, node_tests, python_tests, rust_tests};
use crate::workspace::TrackedFile;

/// A claim that nothing holds, or that nobody recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimBreach {
    /// An id that is not `C-` and two digits or more.
    #[error("`{id}` is no claim id: `C-` and at least two digits")]
    BadId {
        /// The id.
        id: String,
    },
    /// One id, two claims.
    #[error("claim `{id}` stands in the ledger twice")]
    Repeated {
        /// The id.
        id: String,
    },
    /// A claim without a document, a test, or a text.
    #[error("claim `{id}` names no {what}")]
    Names {
        /// The claim.
        id: String,
        /// What it lacks.
        what: &'static str,
    },
    /// A test that is gone, renamed, ignored or skipped whatever happens, or was never there.
    #[error("claim `{id}`: there is no test `{test}`, or it is skipped")]
    NoTest {
        /// The claim.
        id: String,
        /// The test as the ledger names it.
        test: String,
    },
    /// A document that does not hold the sentence with its mark.
    #[error("claim `{id}`: `{document}` does not say `{sentence}`")]
    NotStated {
        /// The claim.
        id: String,
        /// The document.
        document: String,
        /// The sentence and its mark, blanks and emphasis removed.
        sentence: String,
    },
    /// A mark in a document that the ledger does not know, or does not know to stand there.
    #[error("`{document}` states claim `{id}`, and the ledger does not say so")]
    NotRecorded {
        /// The mark.
        id: String,
        /// The document.
        document: String,
    },
}

/// Holds the ledger against the documents and the tests that are tracked. Every Markdown file is a document.
#[must_use]
pub fn check_claims(ledger: &Ledger, files: &[TrackedFile]) -> Vec<ClaimBreach> {
    let mut breaches = Vec::new();
    let mut seen = BTreeSet::new();
    for claim in &ledger.claims {
        if !seen.insert(&claim.id) {
            breaches.push(ClaimBreach::Repeated { id: claim.id.clone() });
        }
        breaches.extend(check_shape(claim));
        breaches.extend(
            claim
                .tests
                .iter()
                .filter(|test| !test_exists(test, files))
                .map(|test| ClaimBreach::NoTest { id: claim.id.clone(), test: test.clone() }),
        );
        breaches.extend(claim.stated_in.iter().filter_map(|document| not_stated(claim, document, files)));
    }
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for id in marks(&file.text) {
            let recorded = |claim: &Claim| claim.id == id && claim.stated_in.contains(&file.path);
            if !ledger.claims.iter().any(recorded) {
                breaches.push(ClaimBreach::NotRecorded { id, document: file.path.clone() });
            }
        }
    }
    breaches
}

fn check_shape(claim: &Claim) -> Vec<ClaimBreach> {
    let mut breaches = Vec::new();
    let id = || claim.id.clone();
    if !is_id(&claim.id) {
        breaches.push(ClaimBreach::BadId { id: id() });
    }
    let lacks = [
        (claim.text.trim().is_empty(), "text"),
        (claim.stated_in.is_empty(), "document"),
        (claim.tests.is_empty(), "test"),
    ];
    breaches.extend(
        lacks.iter().filter(|(lacking, _)| *lacking).map(|(_, what)| ClaimBreach::Names { id: id(), what }),
    );
    breaches
}

fn test_exists(test: &str, files: &[TrackedFile]) -> bool {
    let Some((path, name)) = test.split_once("::") else { return false };
    let Some(file) = files.iter().find(|file| file.path == path) else { return false };
    let names = match path.rsplit_once('.') {
        Some((_, "rs")) => rust_tests(&file.text),
        Some((_, "py")) => python_tests(&file.text),
        Some((_, "go")) => go_tests(&file.text),
        Some((_, "mjs")) => node_tests(&file.text),
        _ => Vec::new(),
    };
    names.iter().any(|known| known == name)
}

fn not_stated(claim: &Claim, document: &str, files: &[TrackedFile]) -> Option<ClaimBreach> {
    let sentence = plain(&format!("{} [{}]", claim.text, claim.id));
    let stated = files.iter().any(|file| file.path == document && plain(&file.text).contains(&sentence));
    (!stated).then(|| ClaimBreach::NotStated {
        id: claim.id.clone(),
        document: document.to_string(),
        sentence,
    })
}

/// Text without emphasis and code marks, with every run of blanks as one: how a sentence is wrapped or set does not
/// change what it states.
fn plain(text: &str) -> String {
    let unmarked: String = text.chars().filter(|c| !matches!(c, '*' | '`')).collect();
    unmarked.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every `[C-…]` in a document, once each.
fn marks(text: &str) -> BTreeSet<String> {
    text.match_indices("[C-")
        .filter_map(|(at, _)| {
            let inner = text.get(at + 1..)?;
            let id = inner.get(..inner.find(']')?)?;
            is_id(id).then(|| id.to_string())
        })
        .collect()
}

fn is_id(id: &str) -> bool {
    id.strip_prefix("C-")
        .is_some_and(|digits| digits.len() >= 2 && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            id: "C-01".into(),
            text: "An empty chain is never `VALID`.".into(),
            stated_in: vec!["README.md".into()],
            tests: vec!["chain/tests/empty.rs::empty_is_not_valid".into(), "py/test_x.py::test_y".into()],
        }
    }

    fn files() -> Vec<TrackedFile> {
        [
            ("README.md", "# Title\n\nAn **empty** chain is\nnever VALID. [C-01] More.\n"),
            ("chain/tests/empty.rs", "#[test]\nfn empty_is_not_valid() {}\nfn helper() {}\n"),
            ("py/test_x.py", "class T:\n    def test_y(self):\n        pass\n"),
        ]
        .map(|(path, text)| TrackedFile { path: path.into(), text: text.into() })
        .to_vec()
    }

    fn breaches_of(claim: Claim) -> Vec<ClaimBreach> {
        check_claims(&Ledger { claims: vec![claim] }, &files())
    }

    #[test]
    fn a_claim_that_is_stated_and_held_is_no_breach() {
        assert_eq!(breaches_of(claim()), []);
    }

    #[test]
    fn a_missing_test_is_a_breach_whatever_is_missing_of_it() {
        for test in [
            "chain/tests/empty.rs::gone",
            "chain/tests/empty.rs::helper",
            "chain/tests/gone.rs::empty_is_not_valid",
            "chain/tests/empty.rs",
            "README.md::Title",
            "py/test_x.py::test_z",
        ] {
            let breaches = breaches_of(Claim { tests: vec![test.into()], ..claim() });
            assert_eq!(breaches, [ClaimBreach::NoTest { id: "C-01".into(), test: test.into() }]);
        }
    }

    #[test]
    fn a_sentence_that_changed_is_a_breach() {
        let breaches = breaches_of(Claim { text: "An empty chain is rarely VALID.".into(), ..claim() });
        assert!(matches!(breaches.as_slice(), [ClaimBreach::NotStated { .. }]), "{breaches:?}");
    }

    #[test]
    fn a_mark_that_the_ledger_lacks_is_a_breach() {
        let mut files = files();
        files[0].text.push_str("Never lost. [C-02]\n");
        let breaches = check_claims(&Ledger { claims: vec![claim()] }, &files);
        assert_eq!(breaches, [ClaimBreach::NotRecorded { id: "C-02".into(), document: "README.md".into() }]);
    }

    #[test]
    fn a_mark_in_a_document_that_the_claim_does_not_name_is_a_breach() {
        let mut files = files();
        files.push(TrackedFile { path: "SECURITY.md".into(), text: "Also here. [C-01]".into() });
        let breaches = check_claims(&Ledger { claims: vec![claim()] }, &files);
        assert_eq!(
            breaches,
            [ClaimBreach::NotRecorded { id: "C-01".into(), document: "SECURITY.md".into() }]
        );
    }

    #[test]
    fn a_claim_without_a_test_or_a_document_is_a_breach() {
        let breaches = breaches_of(Claim { tests: vec![], ..claim() });
        assert_eq!(breaches, [ClaimBreach::Names { id: "C-01".into(), what: "test" }]);
        let breaches = breaches_of(Claim { stated_in: vec![], ..claim() });
        assert!(breaches.contains(&ClaimBreach::Names { id: "C-01".into(), what: "document" }));
    }

    #[test]
    fn an_id_twice_is_a_breach() {
        let ledger = Ledger { claims: vec![claim(), claim()] };
        assert_eq!(check_claims(&ledger, &files()), [ClaimBreach::Repeated { id: "C-01".into() }]);
    }
}
