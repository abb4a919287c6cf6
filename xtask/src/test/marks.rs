/// Whose words say what a failed test printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rust's own test runner: after all tests, `---- name stdout ----` and what the test printed.
    Rust,
    /// Python's `unittest`: after all tests, `FAIL: name` below a line of `=`.
    Unittest,
    /// pytest: after all tests, the name between underscores.
    Pytest,
    /// TAP, as Node prints it: `not ok 3 - name`, and a block that ends in `...`.
    Tap,
    /// `go test -v`: what it printed before `--- FAIL: name`, and what follows.
    Go,
}

/// What one line of a test runner's output says of the tests that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The tests of another program begin.
    Program(String),
    /// A test ended well, or begins: what was printed before is not of the next.
    Edge,
    /// What a failed test printed begins; of Go's, some of it stands before.
    Opens(Kind, String),
    /// A test failed, and what it printed stands before.
    Failed(String),
    /// What a failed test printed has ended.
    Closes,
    /// Nothing.
    Nothing,
}

impl Mark {
    /// Judges a line by the one before it, and by whose words of a failed test are being read: a test may print anything, so that
    /// only what ends these words is seen in them.
    pub(super) fn of(line: &str, before: &str, open: Option<Kind>) -> Self {
        let opened = opening(line, before);
        match (open, opened) {
            (None, Some((kind, name))) => Self::Opens(kind, name),
            (None, None) => Self::between(line),
            (Some(open), Some((kind, name))) if open == kind => Self::Opens(kind, name),
            (Some(open), _) if closes(line, open) => Self::Closes,
            (Some(_), _) => Self::Nothing,
        }
    }

    fn between(line: &str) -> Self {
        let bare = line.trim_start();
        let programs = ["Running ", "Doc-tests "].into_iter();
        if let Some(name) = programs.into_iter().find_map(|word| indented(line)?.strip_prefix(word)) {
            return Self::Program(name.to_owned());
        }
        // What cargo says of a program that did not end as test programs end: nothing else names its tests.
        if bare.starts_with("process didn't exit successfully: ") {
            return Self::Failed(bare.to_owned());
        }
        if let Some((name, verdict)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) {
            let name = name.trim_end_matches(" - should panic");
            return if verdict.starts_with("FAILED") { Self::Failed(name.to_owned()) } else { Self::Edge };
        }
        let begins = line.strip_prefix("=== RUN ").is_some_and(|name| !name.contains('/'));
        if begins || line.starts_with("--- PASS") { Self::Edge } else { Self::Nothing }
    }
}

fn opening(line: &str, before: &str) -> Option<(Kind, String)> {
    let found = |kind, name: &str| Some((kind, name.to_owned()));
    let bare = line.trim_start();
    if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
        return found(Kind::Rust, name);
    }
    if let Some(name) = line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: "))
        && is_rule(before, '=')
    {
        return found(Kind::Unittest, name);
    }
    if line.starts_with("___") && line.ends_with("___") && !is_rule(line, '_') {
        return found(Kind::Pytest, line.trim_matches('_').trim());
    }
    if let Some((_, name)) = bare.strip_prefix("not ok ").and_then(|rest| rest.split_once(" - "))
        && !["# TODO", "# SKIP"].iter().any(|excuse| name.contains(excuse))
    {
        return found(Kind::Tap, name);
    }
    let name = line.strip_prefix("--- FAIL: ")?;
    found(Kind::Go, name.split(' ').next().unwrap_or(name))
}

fn closes(line: &str, open: Kind) -> bool {
    match open {
        Kind::Rust => line == "failures:",
        Kind::Unittest => is_rule(line, '=') || (line.starts_with("Ran ") && line.contains(" test")),
        Kind::Pytest => line.starts_with("====") && line.ends_with("===="),
        Kind::Tap => ["...", "ok ", "1.."].iter().any(|end| line.trim_start().starts_with(end)),
        Kind::Go => ["=== RUN ", "--- ", "FAIL", "ok ", "PASS"].iter().any(|end| line.starts_with(end)),
    }
}

/// A line that cargo sets to the right: by at least four blanks.
fn indented(line: &str) -> Option<&str> {
    line.strip_prefix("   ").map(str::trim_start)
}

fn is_rule(line: &str, of: char) -> bool {
    line.len() >= 20 && line.chars().all(|character| character == of)
}
