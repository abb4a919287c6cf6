use super::{function_name, indentation};

/// The names of the functions that a Python test runner would pick up and hold to something: those left out that are skipped, or
/// expected to fail, whatever the circumstances, by a mark of their own, of their class or of their file, or by their own words.
pub(crate) fn python_tests(source: &str) -> Vec<String> {
    if source.lines().any(skips_the_file) {
        return Vec::new();
    }
    let mut names = Vec::new();
    let mut marked = false;
    // A skipped class hides what is indented more than it.
    let mut hidden_below = None;
    // The last test found ends with the first line that is not indented more.
    let mut last = None;
    for line in source.lines().filter(|line| !line.trim().is_empty()) {
        let (depth, words) = (indentation(line), line.trim());
        hidden_below = hidden_below.filter(|class| depth > *class);
        last = last.filter(|test| depth > *test);
        marked |= words.strip_prefix('@').is_some_and(skips);
        if words.starts_with("class ") {
            hidden_below = hidden_below.or(std::mem::take(&mut marked).then_some(depth));
        } else if let Some(name) = name_of(words) {
            if name.starts_with("test") && !std::mem::take(&mut marked) && hidden_below.is_none() {
                last = Some(depth);
                names.push(name);
            }
            marked = false;
        } else if last.is_some_and(|test| depth == test + 4) && gives_up(words) {
            last = None;
            names.pop();
        }
    }
    names
}

fn name_of(words: &str) -> Option<String> {
    let words = words.strip_prefix("async ").unwrap_or(words);
    words.starts_with("def ").then(|| function_name(words, "def "))?
}

/// Whether a decorator skips what it decorates, or lets it fail.
fn skips(decorator: &str) -> bool {
    let path = decorator.split('(').next().unwrap_or_default().trim();
    matches!(path.rsplit('.').next(), Some("skip" | "xfail" | "expectedFailure"))
}

fn skips_the_file(line: &str) -> bool {
    let marked = line
        .strip_prefix("pytestmark")
        .is_some_and(|mark| mark.contains(".skip(") || mark.ends_with(".skip"));
    marked || gives_up(line)
}

fn gives_up(words: &str) -> bool {
    ["self.skipTest(", "pytest.skip(", "raise unittest.SkipTest"].iter().any(|skip| words.starts_with(skip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_in_classes_and_outside() {
        let source = "class A:\n    def test_a(self):\n        pass\n    def helper(self):\n        pass\n\nasync def test_b(): pass\n";
        assert_eq!(python_tests(source), ["test_a", "test_b"]);
    }

    #[test]
    fn what_is_skipped_or_may_fail_whatever_happens_holds_nothing() {
        for mark in [
            "unittest.skip(\"x\")",
            "unittest.skip",
            "pytest.mark.skip",
            "pytest.mark.skip(reason=\"x\")",
            "pytest.mark.xfail",
            "unittest.expectedFailure",
        ] {
            let source = format!("@{mark}\ndef test_a(): pass\ndef test_b(): pass\n");
            assert_eq!(python_tests(&source), ["test_b"], "{mark}");
            let source = format!(
                "@{mark}\nclass A:\n    def test_a(self): pass\n\n    def test_b(self): pass\n\ndef test_c(): pass\n"
            );
            assert_eq!(python_tests(&source), ["test_c"], "{mark}");
        }
        for words in ["self.skipTest(\"x\")", "pytest.skip(\"x\")", "raise unittest.SkipTest"] {
            let source = format!("def test_a():\n    {words}\n    assert False\ndef test_b(): pass\n");
            assert_eq!(python_tests(&source), ["test_b"], "{words}");
        }
        for line in
            ["pytestmark = pytest.mark.skip(reason=\"x\")", "pytest.skip(\"x\", allow_module_level=True)"]
        {
            assert!(python_tests(&format!("{line}\ndef test_a(): pass\n")).is_empty(), "{line}");
        }
    }

    #[test]
    fn what_is_skipped_in_some_circumstances_holds_in_others() {
        let source = "@unittest.skipUnless(SHARED, \"x\")\ndef test_a():\n    if True:\n        pytest.skip(\"x\")\n    assert True\n";
        assert_eq!(python_tests(source), ["test_a"]);
    }
}
