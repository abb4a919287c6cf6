//! Secrets do not reach receipts through error texts.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use agent_receipts_core::redaction::{CustomPattern, PatternError, REDACTED, Redactor};
use agent_receipts_daemon::{PatternFileError, load_patterns};

fn redact(text: &str) -> String {
    Redactor::new(&[]).unwrap().redact(text)
}

fn custom(name: &str, pattern: &str) -> CustomPattern {
    CustomPattern { name: name.to_owned(), pattern: pattern.to_owned() }
}

fn patterns(yaml: &str) -> Result<Vec<CustomPattern>, PatternFileError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("patterns.yaml");
    std::fs::write(&path, yaml).unwrap();
    load_patterns(&path)
}

/// `n` characters that every token's alphabet has.
fn filler(n: usize) -> String {
    "0123456789abcdef".chars().cycle().take(n).collect()
}

/// One of each known kind. Put together here, so that no scanner takes this file for a leak.
fn tokens() -> Vec<String> {
    let upper = |n: usize| "ABCDEFGH01234567".chars().cycle().take(n).collect::<String>();
    vec![
        format!("ghp_{}", filler(36)),
        format!("github_pat_{}", filler(82)),
        format!("gho_{}", filler(36)),
        format!("ghs_{}", filler(40)),
        format!("ghu_{}", filler(36)),
        format!("v1.{}", filler(40)),
        format!("sk-{}", filler(20)),
        format!("sk-proj-{}", filler(20)),
        format!("AKIA{}", upper(16)),
        format!("Bearer {}", filler(20)),
        format!("Bearer\t {}=", filler(20)),
        format!("eyJ{}.eyJ{}.{}", filler(8), filler(8), filler(8)),
        format!("eyJ{}.eyJ{}.", filler(8), filler(8)),
        format!("xoxb-{}", filler(10)),
    ]
}

fn pem(label: &str) -> String {
    format!("-----BEGIN {label}-----\nMC4CAQAwBQYDK2VwBCIEIA+/=\nAAAA\n-----END {label}-----")
}

#[test]
fn the_captured_example_of_the_reference() {
    let text = format!(r#"{{"code":1,"token":"abc","m":"ghp_{}"}}"#, filler(36));
    assert_eq!(redact(&text), r#"{"code":1,"m":"[REDACTED]","token":"[REDACTED]"}"#);
}

#[test]
fn every_known_token_in_prose_and_in_json() {
    for token in tokens() {
        assert_eq!(
            redact(&format!("failed with {token}, sorry")),
            "failed with [REDACTED], sorry",
            "{token}"
        );
        let plain = token.replace('\t', " ");
        assert_eq!(redact(&format!(r#"["{plain}"]"#)), r#"["[REDACTED]"]"#);
    }
}

#[test]
fn several_secrets_in_one_text() {
    let text = tokens().join(" and ");
    assert_eq!(redact(&text), vec![REDACTED; tokens().len()].join(" and "));
}

#[test]
fn what_is_too_short_for_a_token_stays() {
    for text in [
        format!("ghp_{}", filler(35)),
        format!("sk-{}", filler(19)),
        format!("Bearer {}", filler(19)),
        format!("v1.{}", filler(39)),
        "the bearer of the key, see eyJhbGciOi.txt".to_owned(),
        String::new(),
        "plain \u{20ac} text".to_owned(),
    ] {
        assert_eq!(redact(&text), text);
    }
}

#[test]
fn private_keys_of_every_label() {
    for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(redact(&format!("a {} b", pem(label))), "a [REDACTED] b", "{label}");
    }
}

/// The reference lets this one through, the very form in which the daemon's own key is stored.
#[test]
fn a_pkcs8_key_is_redacted_too() {
    assert_eq!(redact(&format!("a {} b", pem("PRIVATE KEY"))), "a [REDACTED] b");
    let in_json = format!("{{\"m\":\"{}\",\"n\":1}}", pem("PRIVATE KEY").replace('\n', "\\n"));
    assert_eq!(redact(&in_json), r#"{"m":"[REDACTED]","n":1}"#);
}

#[test]
fn a_key_whose_end_was_cut_off_is_redacted_as_far_as_it_goes() {
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY"] {
        let whole = pem(label);
        let cut = &whole[..whole.find("AAAA").unwrap() + 2];
        assert_eq!(redact(&format!("a {cut}")), "a [REDACTED]");
        let in_json = format!("{{\"m\":\"{}\",\"n\":\"kept\"}}", cut.replace('\n', "\\n"));
        assert_eq!(redact(&in_json), r#"{"m":"[REDACTED]","n":"kept"}"#);
    }
}

#[test]
fn two_keys_are_redacted_one_by_one_and_public_ones_stay() {
    let text = format!("{} between {}", pem("PRIVATE KEY"), pem("EC PRIVATE KEY"));
    assert_eq!(redact(&text), "[REDACTED] between [REDACTED]");
    assert_eq!(redact(&pem("PUBLIC KEY")), pem("PUBLIC KEY"));
    assert_eq!(redact(&pem("CERTIFICATE")), pem("CERTIFICATE"));
}

#[test]
fn of_a_query_only_the_value_goes() {
    for (text, expected) in [
        ("GET /x?token=abc&a=1", "GET /x?token=[REDACTED]&a=1"),
        ("/x?a=1&API-Key=abc def", "/x?a=1&API-Key=[REDACTED] def"),
        ("'/x?access_token=a.b'", "'/x?access_token=[REDACTED]'"),
        (
            "/x?auth=1&apikey=2&key=3&api_key=4",
            "/x?auth=[REDACTED]&apikey=[REDACTED]&key=[REDACTED]&api_key=[REDACTED]",
        ),
        ("/x?monkey=1&token=", "/x?monkey=1&token="),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn an_escape_in_json_hides_no_token() {
    let text = format!(r#"["gh\u0070_{}"]"#, filler(36));
    assert_eq!(redact(&text), r#"["[REDACTED]"]"#);
}

#[test]
fn json_is_written_canonically_and_without_html_escapes() {
    assert_eq!(redact(r#" { "b" : "<a&b>", "a" : 1.0 } "#), r#"{"a":1,"b":"<a&b>"}"#);
}

#[test]
fn what_was_redacted_once_stays_as_it_is() {
    let text = tokens().join("\n") + &pem("PRIVATE KEY") + "?token=x";
    let once = redact(&text);
    assert_eq!(redact(&once), once);
}

#[test]
fn custom_patterns_come_last_and_replace_the_whole_match() {
    let redactor =
        Redactor::new(&[custom("ticket", r"TICKET-\d+"), custom("mark", r"\[REDACTED\]!")]).unwrap();
    assert_eq!(redactor.redact("see TICKET-12, TICKET-7."), "see [REDACTED], [REDACTED].");
    assert_eq!(redactor.redact(&format!("ghp_{}!", filler(36))), "[REDACTED]");
    assert_eq!(redactor.redact("$1 ${name} TICKET-1"), "$1 ${name} [REDACTED]");
}

#[test]
fn a_pattern_that_matches_without_end_redacts_everything() {
    let redactor = Redactor::new(&[custom("slow", ".*[^A-Z]|[A-Z]")]).unwrap();
    assert_eq!(redactor.redact(&"A".repeat(1 << 13)), REDACTED);
    let letters = Redactor::new(&[custom("letter", "[a-z]")]).unwrap();
    assert_eq!(letters.redact(&"a".repeat(1_000)), REDACTED.repeat(1_000));
    assert_eq!(letters.redact(&"a".repeat(1_001)), REDACTED);
}

#[test]
fn a_mebibyte_of_beginnings_is_worked_through() {
    for unit in
        ["-----BEGIN PRIVATE KEY-----", "eyJa.", "Bearer ", "ghp_", "?token=", "[", "{\"a\":", "xoxb-"]
    {
        let text = unit.repeat((1 << 20) / unit.len());
        assert!(redact(&text).len() <= 4 * text.len(), "{unit}");
    }
}

#[test]
fn a_pattern_that_cannot_be_used_is_named() {
    for pattern in ["(", "[a-", "a{2,1}", r"\p{Nonsense}", "(?=a)", r"(a)\1", "(?:a{1000}){1000}"] {
        let refused = Redactor::new(&[custom("good", "a"), custom("the bad one", pattern)]).unwrap_err();
        assert!(
            matches!(&refused, PatternError::Malformed { name, .. } if name == "the bad one"),
            "{refused}"
        );
        assert!(refused.to_string().contains("`the bad one`"), "{refused}");
    }
    for pattern in ["", "a*", "(?:)", "a|"] {
        let refused = Redactor::new(&[custom("hollow", pattern)]).unwrap_err();
        assert_eq!(refused, PatternError::MatchesNothing { name: "hollow".to_owned() });
    }
}

#[test]
fn patterns_are_read_from_yaml() {
    let yaml =
        "# ours\npatterns:\n  - name: ticket\n    pattern: 'TICKET-\\d+'\n  - {name: b, pattern: \"x+\"}\n";
    assert_eq!(patterns(yaml), Ok(vec![custom("ticket", r"TICKET-\d+"), custom("b", "x+")]));
    assert_eq!(patterns("patterns: []\n"), Ok(vec![]));
}

#[test]
fn a_file_that_does_not_say_what_it_should_is_refused() {
    for yaml in [
        "",
        "patterns:\n",
        "[]",
        "pattern: []",
        "patterns: {name: a, pattern: b}",
        "patterns: [a]",
        "patterns:\n  - name: a\n",
        "patterns:\n  - pattern: a\n",
        "patterns:\n  - {name: a, pattern: b, flags: i}\n",
        "patterns: []\nextra: 1\n",
        "patterns: []\npatterns: []\n",
        "patterns:\n  - {name: a, name: b, pattern: c}\n",
        "patterns: [\n",
        "patterns: *nowhere\n",
        "patterns: []\n---\npatterns: []\n",
    ] {
        match patterns(yaml) {
            Err(PatternFileError::MalformedFile { reason, .. }) => {
                assert!(!reason.is_empty() && !reason.contains('\n'))
            }
            other => panic!("{yaml:?}: {other:?}"),
        }
    }
}

#[test]
fn a_pattern_needs_a_name() {
    let refused = patterns("patterns:\n  - {name: a, pattern: b}\n  - {name: ' ', pattern: b}\n");
    assert_eq!(refused, Err(PatternFileError::Unnamed { index: 2 }));
}

#[test]
fn aliases_that_multiply_are_refused_before_they_fill_the_memory() {
    let mut yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let previous = vec![format!("*a{}", level - 1); 10].join(",");
        yaml += &format!("a{level}: &a{level} [{previous}]\n");
    }
    assert!(matches!(patterns(&yaml), Err(PatternFileError::MalformedFile { .. })));
    let listed =
        format!("patterns: [{{name: &n aaaaaaaaaa, pattern: b}}{}]", ",{name: *n, pattern: b}".repeat(3));
    assert_eq!(patterns(&listed).map(|patterns| patterns.len()), Ok(4));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = Path::new("/nowhere/patterns.yaml");
    let refused = load_patterns(missing).unwrap_err();
    assert_eq!(
        refused,
        PatternFileError::Unreadable { path: missing.into(), kind: std::io::ErrorKind::NotFound }
    );
    assert!(refused.to_string().contains("/nowhere/patterns.yaml"));
    let endless = load_patterns(Path::new("/dev/zero")).unwrap_err();
    assert!(matches!(endless, PatternFileError::Oversize { .. }), "{endless}");
}
