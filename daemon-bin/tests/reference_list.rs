//! docs/reference-tests.md names tests all over the repository; each must be there.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_test_that_the_list_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let list = std::fs::read_to_string(root.join("docs/reference-tests.md")).unwrap();
    let mut reference = BTreeSet::new();
    let (mut missing, mut partly) = (Vec::new(), Vec::new());
    let mut named = 0;
    let tables = list.split_once("\n## Where the reference is wrong").unwrap();
    for row in tables.0.lines().filter(|line| line.starts_with("| `")) {
        let name = row.split('`').nth(1).unwrap();
        assert!(reference.insert(name), "`{name}` is listed twice");
        let has_none = !row.contains("::");
        assert_eq!(has_none, row.contains("**missing**"), "`{name}` has tests or is missing, one of both");
        if has_none {
            missing.push(name);
        }
        if row.contains("**partly**") {
            partly.push(name);
        }
    }
    assert_eq!(reference.len(), 116, "the reference has as many");
    for test in list.split('`').filter(|text| text.contains("::") && !text.contains(' ')) {
        let (file, function) = test.split_once("::").unwrap();
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("no file `{file}`"));
        let is_there = if file.ends_with(".py") {
            is_python_test(&source, function)
        } else {
            is_test(&source, function)
        };
        assert!(is_there, "no test `{test}`");
        named += 1;
    }
    assert!(named > 116, "{named}");
    assert_eq!(names_behind("**Missing**: ", &list), missing, "what is missing stands at the top");
    assert_eq!(names_behind("**In part only**: ", &list), partly, "and so does what is there in part");
}

/// Whether `function` is one that is run: it bears the attribute and is not ignored, or its program counts by itself.
fn is_test(source: &str, function: &str) -> bool {
    let Some((before, _)) = source.split_once(&format!("fn {function}(")) else { return false };
    let mut lines = before.lines().rev().map(str::trim).skip_while(|line| line.is_empty()).peekable();
    let mut is_marked = source.contains(&format!("(\"{function}\", {function})"));
    while let Some(line) = lines.next_if(|line| line.starts_with("#[") || line.starts_with("//")) {
        if line.starts_with("#[ignore") {
            return false;
        }
        is_marked |= line == "#[test]";
    }
    is_marked
}

fn is_python_test(source: &str, function: &str) -> bool {
    function.starts_with("test_") && source.contains(&format!("    def {function}(self"))
}

#[test]
fn what_only_bears_the_name_is_no_test() {
    assert!(is_test("/// Says.\n#[cfg(unix)]\n#[test]\nfn a() {}", "a"));
    assert!(is_test("mod tests {\n    #[test]\n    fn a() {}\n}", "a"));
    assert!(is_test("let tests = [(\"a\", a)];\nfn a(account: Account) {}", "a"));
    assert!(!is_test("fn a() {}", "a"));
    assert!(!is_test("#[test]\nfn b() {}\n\nfn a() {}", "a"));
    assert!(!is_test("#[ignore = \"slow\"]\n#[test]\nfn a() {}", "a"));
    assert!(!is_test("#[test]\nfn ab() {}", "a"));
    assert!(!is_python_test("def test_a():", "test_a") && is_python_test("    def test_a(self):", "test_a"));
}

/// What a line at the top names.
fn names_behind<'a>(title: &str, list: &'a str) -> Vec<&'a str> {
    let line = list.lines().find_map(|line| line.strip_prefix(title)).unwrap();
    line.split('`').skip(1).step_by(2).collect()
}
