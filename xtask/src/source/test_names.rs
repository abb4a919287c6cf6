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

/// The names of the functions that a Python test runner would pick up, those that are skipped for good left out.
pub(crate) fn python_tests(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_skipped = false;
    for line in source.lines().map(str::trim) {
        is_skipped |= line.starts_with("@unittest.skip(") || line == "@unittest.skip";
        let Some(name) = line.strip_prefix("def ").and_then(|_| function_name(line, "def ")) else {
            continue;
        };
        if name.starts_with("test") && !is_skipped {
            names.push(name);
        }
        is_skipped = false;
    }
    names
}

/// The names of the functions that `go test` would run.
pub(crate) fn go_tests(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| line.starts_with("func Test"));
    lines.filter_map(|line| function_name(line, "func ")).collect()
}

/// The names of the tests of a file for Node's own runner; one whose name is made while it runs has none here.
pub(crate) fn node_tests(source: &str) -> Vec<String> {
    let quoted = source.lines().filter_map(|line| line.strip_prefix("test(\""));
    quoted.filter_map(|rest| rest.split_once("\", ")).map(|(name, _)| name.to_owned()).collect()
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

    #[test]
    fn python_tests_are_found_in_classes_and_skipped_ones_are_not() {
        let source = "class A:\n    def test_a(self):\n        pass\n    def helper(self):\n        pass\n    @unittest.skip(\"x\")\n    def test_b(self): pass\n";
        assert_eq!(python_tests(source), ["test_a"]);
    }

    #[test]
    fn go_tests_are_functions_of_that_name() {
        let source = "func TestA(t *testing.T) {\n\tfunc TestInside() {}\n}\nfunc helper() {}\n// func TestB(t *testing.T)\n";
        assert_eq!(go_tests(source), ["TestA"]);
    }

    #[test]
    fn node_tests_are_calls_at_the_margin_with_a_plain_name() {
        let source = "test(\"holds, and more\", async () => {\n  test(\"inside\", () => {});\n});\n// test(\"commented\", () => {});\ntest(`made ${n}`, () => {});\ntest.skip(\"skipped\", () => {});\n";
        assert_eq!(node_tests(source), ["holds, and more"]);
    }
}
