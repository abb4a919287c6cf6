//! The names of the tests that a file holds, for each language: of those alone that can fail.

mod go;
mod node;
mod python;

pub(crate) use go::go_tests;
pub(crate) use node::node_tests;
pub(crate) use python::python_tests;

use super::code_only;

/// The names of the functions under `#[test]` in Rust source, those under `#[ignore]` left out.
pub(crate) fn rust_tests(source: &str) -> Vec<String> {
    let code = code_only(source);
    let mut names = Vec::new();
    let (mut is_test, mut is_ignored) = (false, false);
    for line in code.lines().map(str::trim) {
        is_test |= line.contains("#[test]");
        is_ignored |= line.contains("#[ignore");
        let Some(name) = function_name(line, "fn ") else { continue };
        if is_test && !is_ignored {
            names.push(name);
        }
        (is_test, is_ignored) = (false, false);
    }
    names
}

fn function_name(line: &str, keyword: &str) -> Option<String> {
    let at = line.find(keyword)?;
    let starts_word = line.get(..at)?.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let name: String = line
        .get(at + keyword.len()..)?
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (starts_word && !name.is_empty()).then_some(name)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_functions_under_the_attribute_are_tests() {
        let source = "fn helper() {}\n#[test]\nfn holds() {}\n#[test] fn inline() {}\nfn another() {}";
        assert_eq!(rust_tests(source), ["holds", "inline"]);
    }

    #[test]
    fn an_ignored_or_commented_test_holds_nothing() {
        let source = "#[test]\n#[ignore = \"slow\"]\nfn ignored() {}\n// #[test]\nfn commented() {}\n#[test]\nfn real() {}";
        assert_eq!(rust_tests(source), ["real"]);
    }

    #[test]
    fn other_attributes_between_do_not_hide_a_test() {
        assert_eq!(rust_tests("#[test]\n#[should_panic]\npub fn panics() {}"), ["panics"]);
    }
}
