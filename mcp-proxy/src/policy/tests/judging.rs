use std::time::Instant;

use super::{judged, policy};
use crate::policy::{Action, Call, Counters, Operation, Policy};

#[test]
fn the_built_in_rules_say_what_the_reference_says() {
    let rules = Policy::defaults().unwrap();
    for (server, tool, arguments, action, rule) in [
        ("fs", "read_file", "{}", Action::Pass, None),
        ("fs", "delete_file", "{}", Action::Pass, None),
        ("fs", "delete_secret", "{}", Action::Block, Some("block_destructive_ops")),
        ("fs", "DELETE_SECRET", "{}", Action::Block, Some("block_destructive_ops")),
        ("fs", "delete_\u{17f}ecret", "{}", Action::Block, Some("block_destructive_ops")),
        ("fs", "mcp__fs__delete_secret", "{}", Action::Block, Some("block_destructive_ops")),
        ("fs", "remove_secret", "{}", Action::Pause, Some("pause_high_risk")),
        ("fs", "run_query", r#"{"sql":"drop table t"}"#, Action::Pause, Some("pause_high_risk")),
        ("Postgres-main", "run_query", "{}", Action::Flag, Some("flag_sql_mutations")),
        ("postgres", "run_query", r#"{"sql":"drop table t"}"#, Action::Pause, Some("pause_high_risk")),
        ("fs", "get_author", "{}", Action::Flag, Some("flag_auth_tools")),
        ("fs", "set_config", "{}", Action::Flag, Some("flag_config_changes")),
        ("fs", "get_config", "{}", Action::Pass, None),
        ("mail", "send_mail", "{}", Action::Flag, Some("flag_external_messages")),
        ("fs", "frobnicate", "{}", Action::Pass, None),
    ] {
        let judgement = judged(&rules, server, tool, arguments);
        assert_eq!(
            (judgement.action, judgement.rule.as_deref()),
            (action, rule),
            "{server} {tool} {arguments}"
        );
    }
}

#[test]
fn the_strictest_wins_and_of_equals_the_first() {
    let rules = policy(concat!(
        "rules:\n",
        "- {name: flag 1, description: one, enabled: true, action: flag}\n",
        "- {name: pass, enabled: true, action: pass}\n",
        "- {name: pause 1, description: first, enabled: true, tool_pattern: 'x*', action: pause}\n",
        "- {name: pause 2, description: second, enabled: true, tool_pattern: 'x*', action: pause}\n",
        "- {name: off, enabled: false, action: block}\n",
    ));
    let judgement = judged(&rules, "s", "x_token", "{}");
    assert_eq!(judgement.action, Action::Pause);
    assert_eq!(judgement.rule.as_deref(), Some("pause 1"));
    assert_eq!(judgement.description, "first");
    assert_eq!(judgement.matched, ["flag 1", "pass", "pause 1", "pause 2"]);
    assert_eq!((judgement.operation, judgement.score), (Operation::Unknown, 40));
    let judgement = judged(&rules, "s", "y", "{}");
    assert_eq!((judgement.action, judgement.rule.as_deref()), (Action::Flag, Some("flag 1")));
    let only_passes = policy("rules: [{name: p, description: d, enabled: true, action: pass}]");
    let judgement = judged(&only_passes, "s", "y", "{}");
    assert_eq!((judgement.rule, judgement.description.as_str()), (None, ""));
    assert_eq!(judgement.matched, ["p"]);
}

#[test]
fn all_conditions_must_hold() {
    let rules = policy(concat!(
        "rules:\n- name: all\n  enabled: true\n  tool_pattern: '*_prod*'\n  server_pattern: 'db?'\n",
        "  operation_types: [delete, write]\n  min_risk_score: 40\n  action: block\n",
    ));
    for (server, tool, action) in [
        ("db1", "delete_prod_row", Action::Block),
        ("DB1", "update_prod_token", Action::Block),
        ("db", "delete_prod_row", Action::Pass),
        ("db1", "delete_test_row", Action::Pass),
        ("db1", "run_prod_token", Action::Pass),
        ("db1", "update_prod_row", Action::Pass),
    ] {
        assert_eq!(judged(&rules, server, tool, "{}").action, action, "{server} {tool}");
    }
}

#[test]
fn no_spelling_is_judged_more_mildly_than_by_its_lower_case() {
    let rules = policy(concat!(
        "rules:\n- {name: unknown, enabled: true, operation_types: [unknown], action: pause}\n",
        "- {name: write, enabled: true, operation_types: [write], action: block}\n",
        "- {name: not s, enabled: true, tool_pattern: '[^s]*', action: flag}\n",
    ));
    // To the reference, these names tell no operation and begin with no `s`.
    let judgement = judged(&rules, "s", "\u{17f}et_x", "{}");
    assert_eq!(judgement.matched, ["unknown", "write", "not s"]);
    assert_eq!((judgement.operation, judgement.score), (Operation::Write, 20));
    let judgement = judged(&rules, "s", "\u{17f}earch_x", "{}");
    assert_eq!(judgement.matched, ["unknown", "not s"]);
    assert_eq!((judgement.operation, judgement.score), (Operation::Unknown, 10));
    assert_eq!(judged(&rules, "s", "search_x", "{}").score, 0);
}

#[test]
fn a_name_too_long_to_be_looked_at_matches_everything() {
    let rules = policy(concat!(
        "rules:\n- {name: a, enabled: true, tool_pattern: 'zzz', operation_types: [delete], action: block}\n",
        "- {name: b, enabled: true, server_pattern: 'other', action: block}\n",
    ));
    let judgement = judged(&rules, "s", &"y".repeat(5_000), "{}");
    assert_eq!((judgement.action, judgement.score), (Action::Block, 100));
    assert_eq!(judgement.matched, ["a"]);
    assert_eq!(judged(&rules, "s", &"y".repeat(1_000), "{}").action, Action::Pass);
}

#[test]
fn what_cannot_be_looked_through_is_judged_as_if_it_were_what_is_looked_for() {
    let rules = Policy::defaults().unwrap();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let judgement = judged(&rules, "s", "run_query", &deep);
    assert_eq!((judgement.action, judgement.score), (Action::Pause, 60));
    assert_eq!(judgement.parts[1].what, "arguments too large to be looked through for SQL");
}

#[test]
fn redaction_sees_the_whole_text_before_it_is_cut() {
    let rules = policy("rules: []\nredact: [{name: key, pattern: 'sk_[a-z0-9]{8,}'}]\n");
    let arguments = super::json(r#"{"to":"bob","key":"sk_\u0061bcdefgh1"}"#);
    assert_eq!(rules.shown(Some(&arguments), 1_000), r#"{"key":"[REDACTED]","to":"bob"}"#);
    assert_eq!(rules.shown(Some(&arguments), 15), r#"{"key":"[RED…"#);
    assert_eq!(rules.shown(None, 15), "{}");
    assert_eq!(rules.redact("no sk_12345678!"), "no [REDACTED]!");
}

#[test]
fn what_the_daemon_redacts_is_not_shown_either() {
    let rules = Policy::defaults().unwrap();
    let token = format!("ghp_{}", "a".repeat(36));
    let arguments = super::json(&format!(r#"{{"n":{{"password":"hunter2"}},"text":"{token}"}}"#));
    let shown = r#"{"n":{"password":"[REDACTED]"},"text":"[REDACTED]"}"#;
    assert_eq!(rules.shown(Some(&arguments), 1_000), shown);
    assert_eq!(rules.redact(&token), "[REDACTED]");
}

#[test]
fn arguments_beyond_a_mebibyte_are_not_shown_but_counted() {
    let rules = Policy::defaults().unwrap();
    let arguments = super::json(&format!(r#"{{"harmless":"{}"}}"#, "x".repeat(1 << 20)));
    assert_eq!(rules.shown(Some(&arguments), 1_000), "1048591 bytes, too many to be shown …");
}

#[test]
fn tests_in_the_file_say_what_came_of_them() {
    let rules = policy(concat!(
        "rules:\n- {name: no drops, enabled: true, min_risk_score: 60, action: block}\n",
        "tests:\n",
        "- call: {tool: run_query, arguments: {sql: 'drop table t', dry: true, n: [1, 2.5, null]}}\n  expect: block\n  rule: no drops\n",
        "- call: {tool: run_query, arguments: {sql: 'select 1'}}\n  expect: pass\n",
        "- call: {tool: run_query}\n  expect: block\n",
        "- call: {tool: run_query, arguments: {sql: 'drop table t'}}\n  expect: block\n  rule: another\n",
    ));
    let outcomes = rules.run_tests("db");
    let told: Vec<_> = outcomes.iter().map(|outcome| (outcome.line, outcome.passed())).collect();
    assert_eq!(told, [(4, true), (7, true), (9, false), (11, false)]);
    assert_eq!(outcomes[2].judgement.action, Action::Pass);
}

/// A server that stands for several gives its tools such names, and whoever writes rules for it sees them.
#[test]
fn a_pattern_may_name_a_tool_as_a_host_shows_it() {
    let rules = "rules:\n- {name: gateway, enabled: true, tool_pattern: 'mcp__GitHub__*', action: block}\n\
                 - {name: own, enabled: true, tool_pattern: 'merge', action: flag}\n\
                 limits:\n- {name: few, tool_pattern: '*mail__*', calls: 0, per: 1h}\n";
    let policy = policy(rules);
    assert_eq!(judged(&policy, "s", "mcp__github__merge", "{}").matched, ["gateway", "own"]);
    assert_eq!(judged(&policy, "s", "mcp__gitlab__merge", "{}").matched, ["own"]);
    assert_eq!(judged(&policy, "s", "merge", "{}").matched, ["own"]);
    let call = Call { server: "s", tool: "mcp__mail__x", arguments: None };
    assert_eq!(policy.decide(&call, &Counters::new(), Instant::now()).action, Action::Block);
}
