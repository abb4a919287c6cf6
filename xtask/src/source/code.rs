/// Blanks comments and the contents of string and character literals; every line keeps its number.
///
/// This is a scanner, not a parser: it knows nested block comments, raw strings and lifetimes, which is what it
/// takes to find words that stand in code.
pub(crate) fn code_only(source: &str) -> String {
    let mut scanner = Scanner { rest: source, out: String::with_capacity(source.len()) };
    while let Some(next) = scanner.rest.chars().next() {
        let at_word_start = !scanner.out.chars().next_back().is_some_and(is_word);
        match next {
            '/' if scanner.rest.starts_with("//") => scanner.blank(line_comment(scanner.rest)),
            '/' if scanner.rest.starts_with("/*") => scanner.blank(block_comment(scanner.rest)),
            '"' => scanner.blank(string(scanner.rest)),
            'r' | 'b' | 'c' if at_word_start => match prefixed_string(scanner.rest) {
                Some(length) => scanner.blank(length),
                None => scanner.keep(next),
            },
            '\'' => match character(scanner.rest) {
                Some(length) => scanner.blank(length),
                None => scanner.keep(next),
            },
            _ => scanner.keep(next),
        }
    }
    scanner.out
}

/// Blanks what stands under `#[cfg(test)]`, in text that [`code_only`] returned; every line keeps its number.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (item, after) = from.split_at(item_length(from));
        blank_into(&mut out, item);
        rest = after;
    }
    out.push_str(rest);
    out
}

struct Scanner<'a> {
    rest: &'a str,
    out: String,
}

impl Scanner<'_> {
    fn keep(&mut self, next: char) {
        self.out.push(next);
        self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
    }

    fn blank(&mut self, length: usize) {
        let (blanked, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        blank_into(&mut self.out, blanked);
        self.rest = rest;
    }
}

fn blank_into(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_comment(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (step, deeper) = match rest {
            rest if rest.starts_with("/*") => (2, Some(true)),
            rest if rest.starts_with("*/") => (2, Some(false)),
            rest => (rest.chars().next().map_or(1, char::len_utf8), None),
        };
        at += step;
        match deeper {
            Some(true) => depth += 1,
            Some(false) if depth <= 1 => return at,
            Some(false) => depth -= 1,
            None => {}
        }
    }
    text.len()
}

/// The length of a string literal that starts at `text`'s first quote.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, `b"…"`, `br#"…"#`, `c"…"`; `None` when `text` starts no such literal.
fn prefixed_string(text: &str) -> Option<usize> {
    let letters = text.len() - text.trim_start_matches(['r', 'b', 'c']).len();
    if letters > 2 {
        return None;
    }
    let after = text.get(letters..)?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let quoted = after.get(hashes..)?;
    if !quoted.starts_with('"') {
        return None;
    }
    if !text.get(..letters)?.contains('r') {
        return (hashes == 0).then(|| letters + string(quoted));
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = quoted.get(1..)?;
    Some(body.find(&close).map_or(text.len(), |end| letters + hashes + 1 + end + close.len()))
}

/// The length of a character literal; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1);
    }
    chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

/// From an attribute to the end of its item: its matching brace, or the semicolon that comes before any brace.
fn item_length(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_comments_and_literals_are_gone_and_those_in_code_stay() {
        let source =
            "use a; // std::fs\n/* std::net /* deep */ std::env */ b(\"std::io \\\" x\", 'c', '\\'');";
        let code = code_only(source);
        assert!(!code.contains("std::"), "{code}");
        assert!(code.contains("use a;") && code.contains("b(") && code.trim_end().ends_with(");"), "{code}");
        assert_eq!(code.lines().count(), 2);
    }

    #[test]
    fn raw_strings_end_where_they_end() {
        let code = code_only("let x = r#\"one \" unsafe \"#; let y = br\"unsafe\"; unsafe {}");
        assert_eq!(code.matches("unsafe").count(), 1);
    }

    #[test]
    fn a_lifetime_opens_no_literal() {
        let code = code_only("fn f<'a>(x: &'a str) -> &'static str { std::fs::read }");
        assert!(code.contains("std::fs"));
    }

    #[test]
    fn a_raw_identifier_and_a_word_that_ends_in_r_open_no_literal() {
        assert!(code_only("r#type; for\"x\"; std::fs").contains("std::fs"));
    }

    #[test]
    fn what_stands_under_cfg_test_is_gone_and_what_follows_stays() {
        let code = without_tests(
            "a();\n#[cfg(test)]\nmod tests { fn f() { unsafe {} } }\nb();\n#[cfg(test)]\nuse c;\nd();",
        );
        assert!(!code.contains("unsafe") && !code.contains("use c"));
        assert!(code.contains("a();") && code.contains("b();") && code.contains("d();"));
        assert_eq!(code.lines().count(), 7);
    }

    #[test]
    fn an_unclosed_literal_or_comment_swallows_the_rest_and_does_not_panic() {
        for source in ["\"open", "/* open", "r#\"open\"", "'", "'\\", "#[cfg(test)] mod x {", "é\"é"] {
            without_tests(&code_only(source));
        }
    }
}
