//! docs/reference-tests.md names tests all over the repository; each must be there.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_test_that_the_list_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let list = std::fs::read_to_string(root.join("docs/reference-tests.md")).unwrap();
    let mut reference = BTreeSet::new();
    let mut missing = Vec::new();
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
    }
    assert_eq!(reference.len(), 116, "the reference has as many");
    for test in list.split('`').filter(|text| text.contains("::") && !text.contains(' ')) {
        let (file, function) = test.split_once("::").unwrap();
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("no file `{file}`"));
        let keyword = if file.ends_with(".py") { "def" } else { "fn" };
        assert!(source.contains(&format!("{keyword} {function}(")), "no test `{test}`");
        named += 1;
    }
    assert!(named > 116, "{named}");
    let said: Vec<_> = missing_names(&list).split('`').skip(1).step_by(2).collect();
    assert_eq!(said, missing, "what is missing stands at the top");
}

/// What the line at the top says is missing.
fn missing_names(list: &str) -> &str {
    let line = list.lines().find(|line| line.starts_with("**Missing**: ")).unwrap();
    line.trim_start_matches("**Missing**: ")
}
