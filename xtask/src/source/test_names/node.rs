/// The names of the tests of a file for Node's own runner, but for those that are skipped, or may fail, whatever the circumstances.
/// One whose name is made while it runs has none here.
pub(crate) fn node_tests(source: &str) -> Vec<String> {
    // Each test ends where the next line at the margin begins one, or anything else.
    let parts = source.split("\ntest").enumerate();
    let tests =
        parts.filter_map(|(number, part)| if number == 0 { part.strip_prefix("test") } else { Some(part) });
    tests.filter_map(held).map(str::to_owned).collect()
}

/// The name of a test, from behind the word `test`, if it holds something.
fn held(test: &str) -> Option<&str> {
    let (name, rest) = test.strip_prefix("(\"")?.split_once("\", ")?;
    // Options stand before the function.
    let options = rest.split("=>").next().unwrap_or_default();
    let never = ["skip: true", "skip: \"", "skip: '", "skip: `", "todo:"]
        .iter()
        .any(|option| options.contains(option));
    (!never && !rest.lines().any(gives_up)).then_some(name)
}

/// Whether a line skips as the test's own statement, under no condition.
fn gives_up(line: &str) -> bool {
    let call = line.strip_prefix("  ").and_then(|statement| statement.split_once('.'));
    call.is_some_and(|(receiver, rest)| {
        !receiver.is_empty()
            && receiver.chars().all(char::is_alphanumeric)
            && ["skip(", "todo("].iter().any(|end| rest.starts_with(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_calls_at_the_margin_with_a_plain_name() {
        let source = "test(\"holds, and more\", async () => {\n  test(\"inside\", () => {});\n});\n// test(\"commented\", () => {});\ntest(`made ${n}`, () => {});\ntest.skip(\"skipped\", () => {});\ntest.todo(\"later\");\n";
        assert_eq!(node_tests(source), ["holds, and more"]);
        assert_eq!(node_tests("import a;\ntest(\"a\", () => {});\ntest(\"b\", () => {});\n"), ["a", "b"]);
    }

    #[test]
    fn what_is_skipped_or_may_fail_whatever_happens_holds_nothing() {
        for options in
            ["{ skip: true }", "{ skip: \"later\" }", "{\n  timeout: 1,\n  skip: true,\n}", "{ todo: true }"]
        {
            let source =
                format!("test(\"a\", {options}, () => {{}});\ntest(\"b\", {{ timeout: 1 }}, () => {{}});\n");
            assert_eq!(node_tests(&source), ["b"], "{options}");
        }
        for words in ["context.skip(\"x\");", "t.todo();"] {
            let source = format!(
                "test(\"a\", (t) => {{\n  {words}\n}});\ntest(\"b\", (t) => {{\n  if (x) {{\n    {words}\n  }}\n}});\n"
            );
            assert_eq!(node_tests(&source), ["b"], "{words}");
        }
    }

    #[test]
    fn what_is_skipped_in_some_circumstances_holds_in_others() {
        assert_eq!(node_tests("test(\"a\", { skip: process.platform === \"win32\" }, () => {});\n"), ["a"]);
    }
}
