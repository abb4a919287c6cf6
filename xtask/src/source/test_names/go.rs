use super::function_name;

/// The names of the functions that `go test` would run, but for those that skip themselves whatever the circumstances.
pub(crate) fn go_tests(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in source.lines() {
        if line.starts_with("//go:build ignore") {
            return Vec::new();
        }
        if line.starts_with("func Test") {
            names.extend(function_name(line, "func "));
        } else if skips(line) {
            names.pop();
        }
    }
    names
}

/// Whether a line skips as a function's own statement, under no condition.
fn skips(line: &str) -> bool {
    let call = line.strip_prefix('\t').and_then(|statement| statement.split_once(".Skip"));
    call.is_some_and(|(receiver, rest)| {
        receiver.chars().all(char::is_alphanumeric)
            && ["(", "f(", "Now("].iter().any(|end| rest.starts_with(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_functions_of_that_name() {
        let source = "func TestA(t *testing.T) {\n\tfunc TestInside() {}\n}\nfunc helper() {}\n// func TestB(t *testing.T)\n";
        assert_eq!(go_tests(source), ["TestA"]);
    }

    #[test]
    fn what_skips_itself_whatever_happens_holds_nothing() {
        for skip in ["t.Skip(\"x\")", "t.Skipf(\"%d\", 1)", "t.SkipNow()"] {
            let source = format!(
                "func TestA(t *testing.T) {{\n\t{skip}\n\tt.Fatal()\n}}\nfunc TestB(t *testing.T) {{\n\tif x {{\n\t\t{skip}\n\t}}\n}}\n"
            );
            assert_eq!(go_tests(&source), ["TestB"], "{skip}");
        }
        assert!(go_tests("//go:build ignore\n\npackage a\n\nfunc TestA(t *testing.T) {}\n").is_empty());
    }
}
