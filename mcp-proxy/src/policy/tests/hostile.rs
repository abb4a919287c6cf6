//! YAML that somebody made to hurt. Everything ends, in an error or a policy, on a small stack.

use std::fmt::Write;

use crate::policy::{Policy, PolicyError};

fn read(text: String) -> Result<(), PolicyError> {
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || Policy::read(text.as_bytes()).map(drop))
        .unwrap()
        .join()
        .unwrap()
}

fn in_a_test(arguments: &str) -> String {
    format!("rules: []\ntests: [{{call: {{tool: x, arguments: {{a: {arguments}}}}}, expect: pass}}]\n")
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = String::from(
        "rules: []\ntests:\n- call:\n    tool: x\n    arguments:\n      a: &a [x,x,x,x,x,x,x,x,x,x]\n",
    );
    for (name, inner) in ('b'..='j').zip('a'..) {
        let aliases = vec![format!("*{inner}"); 10].join(",");
        writeln!(bomb, "      {name}: &{name} [{aliases}]").unwrap();
    }
    bomb.push_str("  expect: pass\n");
    assert!(matches!(read(bomb), Err(PolicyError::Malformed { .. })));
    assert!(read(in_a_test("&a [*a]")).is_err());
    let merges = "rules:\n- &a {name: a, action: flag}\n".to_owned() + &"- {<<: *a}\n".repeat(2_000);
    assert!(read(merges).is_err());
}

#[test]
fn depth_is_bounded() {
    assert!(read(in_a_test(&format!("{}{}", "[".repeat(15), "]".repeat(15)))).is_ok());
    for levels in [100, 1_000, 100_000] {
        assert!(read(in_a_test(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)))).is_err());
        assert!(read(in_a_test(&"{a: ".repeat(levels))).is_err());
        assert!(read("- ".repeat(levels)).is_err());
    }
}

#[test]
fn size_is_bounded() {
    let many = format!(
        "rules: []\ntests: [{{call: {{tool: x, arguments: {{a: [{}]}}}}, expect: pass}}]\n",
        "1,".repeat(150_000)
    );
    assert!(matches!(read(many), Err(PolicyError::Malformed { .. })));
    assert_eq!(read(" ".repeat((1 << 20) + 1)), Err(PolicyError::Oversize));
    assert!(read(format!("rules: [] #{}", "x".repeat(1_000_000))).is_ok());
    let long =
        format!("rules: [{{name: a, enabled: true, action: flag, tool_pattern: '{}'}}]", "a".repeat(1_001));
    assert!(matches!(read(long), Err(PolicyError::Malformed { .. })));
}

#[test]
fn patterns_are_bounded_in_memory() {
    for pattern in ["(a{1000}){1000}", "((a{100}){100}){100}", "\\\\pL{5000}"] {
        let text = format!("rules: []\nredact: [{{name: a, pattern: \"{pattern}\"}}]");
        assert!(matches!(read(text), Err(PolicyError::Malformed { .. })), "{pattern}");
    }
}

#[test]
fn no_cut_of_a_file_is_a_panic_and_no_cut_widens_what_it_says() {
    let text = concat!(
        "rules:\n",
        "  - name: a\n    enabled: true\n    tool_pattern: 'x*'\n    operation_types: [read, write]\n    min_risk_score: 3\n    action: block\n",
        "limits:\n  - {name: b, calls: 3, per: 1h}\n",
        "redact:\n  - {name: c, pattern: 'd+'}\n",
        "tests:\n  - {call: {tool: x, arguments: {a: [1, {b: null}]}}, expect: pass}\n",
    );
    for end in 0..text.len() {
        if let Ok(policy) = Policy::read(&text.as_bytes()[..end]) {
            assert!(policy.names().next() == Some("a"), "{:?}", &text[..end]);
        }
    }
    // Every byte replaced by signs that mean something to YAML.
    for at in 0..text.len() {
        for sign in *b"\0\t\n !&*-:[]{}#'\"\\%@`|>?,\xff" {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = sign;
            let _ = Policy::read(&bytes);
        }
    }
}
