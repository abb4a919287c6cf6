use super::policy;
use crate::policy::{Action, Policy, PolicyError};

fn refusal(text: &str) -> String {
    Policy::read(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_the_reference_ignores_or_switches_off_is_refused_with_its_line() {
    for (text, expected) in [
        (
            "rules:\n- name: a\n  action: blok\n",
            "line 3: unknown variant `blok`, expected one of pass, flag, pause, block",
        ),
        ("rules:\n- name: a\n  action: Block\n", "line 3: unknown variant `Block`"),
        ("rules:\n- name: a\n  enabled: false\n  action: deny\n", "line 4: unknown variant `deny`"),
        ("rules:\n- name: a\n  enabled: true\n", "line 3: missing field `action`"),
        ("rules:\n- name: a\n  action:\n", "line 3: "),
        ("rules:\n- name: a\n  action: block\n  tool_patern: x\n", "line 4: unknown field `tool_patern`"),
        ("rules:\n- name: a\n  action: block\n  Enabled: true\n", "line 4: unknown field `Enabled`"),
        ("rule: []\n", "line 1: unknown field `rule`, expected one of rules, limits, redact, tests"),
        (
            "rules:\n- name: a\n  action: block\n  operation_types: [delete, reed]\n",
            "line 4: unknown variant `reed`",
        ),
        ("rules:\n- name: a\n  action: block\n  operation_types: delete\n", "line 4: "),
        (
            "rules:\n- name: a\n  action: block\n  tool_pattern: '[a'\n",
            "line 4: the pattern `[a` is malformed: a `[` is not closed",
        ),
        (
            "rules:\n- name: a\n  action: block\n  server_pattern: 'a\\'\n",
            "line 4: the pattern `a\\` is malformed",
        ),
        (
            "rules:\n- name: a\n  action: block\n  min_risk_score: high\n",
            "line 4: invalid type: string \"high\", expected a whole number",
        ),
        ("rules:\n- name: a\n  action: block\n  min_risk_score: '50'\n", "line 4: invalid type: string"),
        ("rules:\n- name: a\n  action: block\n  min_risk_score: 1.5\n", "line 4: invalid value"),
        ("rules:\n- name: a\n  action: block\n  enabled: maybe\n", "line 4: "),
        ("rules:\n- name: a\n  action: pass\n  action: block\n", "line 4: duplicate mapping key `action`"),
        ("rules: []\nrules: []\n", "line 2: duplicate mapping key `rules`"),
        ("rules: 7\n", "line 1: "),
        ("rules:\n-\n", "line 2: "),
        ("- name: a\n", "line 1: "),
        ("rules: [\n", "line "),
        ("rules: []\n---\nrules: []\n", "line 2: "),
        ("rules: []\nlimits:\n- {name: a, calls: 3, per: 1d}\n", "line 3: `1d` is neither a time"),
        ("rules: []\nlimits:\n- {name: a, calls: 3}\n", "line 3: missing field `per`"),
        ("rules: []\nlimits:\n- {name: a, calls: -3, per: 1h}\n", "line 3: `-3` is no number of calls"),
        (
            "rules: []\nlimits:\n- {name: a, calls: 4294967296, per: 1h}\n",
            "line 3: `4294967296` is no number of calls",
        ),
        (
            "rules: []\nlimits:\n- {name: a, calls: 3, per: 1h, action: flag}\n",
            "line 3: unknown variant `flag`",
        ),
        ("rules: []\nlimits:\n- {name: ' ', calls: 3, per: 1h}\n", "line 3: the limit's name is empty"),
        (
            "rules: []\nlimits:\n- {name: a, calls: 3, per: 1h}\n- {name: a, calls: 4, per: 1h}\n",
            "line 4: another limit or rule is named `a` already",
        ),
        (
            "rules: []\nredact:\n- {name: a, pattern: '(('}\n",
            "line 3: the redaction pattern `((` is malformed: unclosed group",
        ),
        (
            "rules: []\nredact:\n- {name: a, pattern: 'a*'}\n",
            "line 3: the redaction pattern `a*` matches the empty text",
        ),
        ("rules: []\nredact:\n- {name: '', pattern: 'a'}\n", "line 3: a name is empty"),
        ("rules: []\nredact:\n- {pattern: 'a'}\n", "line 3: missing field `name`"),
        (
            "rules: []\ntests:\n- {call: {tool: x, arguments: [1]}, expect: pass}\n",
            "line 3: arguments are an object, not of type array",
        ),
        ("rules: []\ntests:\n- {call: {tool: x, arguments: {a: .inf}}, expect: pass}\n", "line 3: "),
        ("rules: []\ntests:\n- {call: {name: x}, expect: pass}\n", "line 3: unknown field `name`"),
    ] {
        let refused = refusal(text);
        assert!(refused.starts_with(expected), "{text:?}: {refused}");
        assert!(!refused.contains("Policy") && !refused.contains('\n'), "{refused}");
    }
}

#[test]
fn an_empty_file_lets_nothing_pass() {
    for text in ["", " \n", "# rules:\n", "rules:\n", "{}", "~", "redact: []\n", "tests: []\n", "---\n"] {
        assert_eq!(Policy::read(text.as_bytes()).unwrap_err(), PolicyError::Empty, "{text:?}");
    }
    let none = policy("rules: []\n");
    assert_eq!(none.warnings(), ["no rule applies and there is no limit: every call passes"]);
    assert_eq!(policy("limits: [{name: a, calls: 1, per: session}]").warnings(), [""; 0]);
}

#[test]
fn every_spelling_that_the_reference_reads_is_read() {
    let rules = policy(concat!(
        "# a file as the reference's reader takes it\n",
        "rules:\n",
        "  - &base\n    name: 12\n    description: null\n    enabled: yes\n    tool_pattern: ~\n    server_pattern: ''\n",
        "    operation_types: null\n    min_risk_score: 5e1\n    action: block\n",
        "  - <<: *base\n    name: merged\n    action: \"flag\"\n",
        "  - {name: flow, enabled: on, operation_types: [], min_risk_score: 0x32, action: 'pause'}\n",
        "  - name: |-\n      literal\n    enabled: True\n    min_risk_score: -3\n    action: flag\n",
    ));
    assert_eq!(rules.warnings(), [""; 0]);
    let matched = rules.judge(&crate::policy::Call { server: "s", tool: "update_auth", arguments: None });
    assert_eq!(matched.matched, ["12", "merged", "flow", "literal"]);
    assert_eq!((matched.action, matched.score), (Action::Block, 50));
}

#[test]
fn what_is_hardly_meant_is_said() {
    let rules = policy(concat!(
        "rules:\n",
        "- name: absent\n  action: block\n",
        "- name: off\n  enabled: false\n  action: block\n",
        "- name: too high\n  enabled: true\n  min_risk_score: 101\n  action: block\n",
        "- name: allow\n  enabled: true\n  action: pass\n",
        "- enabled: true\n  action: flag\n",
        "- name: allow\n  enabled: true\n  action: flag\n",
    ));
    assert_eq!(
        rules.warnings(),
        [
            "line 2: the rule `absent` never applies, as it lacks `enabled: true`",
            "line 7: the rule `too high` never applies, as no risk is above 100",
            "line 11: the rule `allow` changes nothing, as the strictest rule decides and `pass` is the mildest",
            "line 14: the rule has no name; receipts will call it `rule 5`",
            "line 16: another rule is named `allow`, too; receipts cannot tell them apart",
        ]
    );
    assert_eq!(rules.names().collect::<Vec<_>>(), ["too high", "allow", "rule 5", "allow"]);
}

#[test]
fn the_built_in_rules_are_sound() {
    let rules = Policy::defaults().unwrap();
    assert_eq!(rules.warnings(), [""; 0]);
    assert_eq!(
        rules.names().collect::<Vec<_>>(),
        [
            "block_destructive_ops",
            "pause_high_risk",
            "flag_sql_mutations",
            "flag_auth_tools",
            "flag_config_changes",
            "flag_external_messages"
        ]
    );
    assert!(rules.pauses());
    assert!(!policy("rules: [{name: a, enabled: true, action: block}]").pauses());
    assert!(policy("limits: [{name: a, calls: 1, per: 1s, action: pause}]").pauses());
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let text = "rules: []\n";
    let digest = policy(text).digest();
    assert_eq!(digest, agent_receipts_core::ReceiptHash::of(text.as_bytes()));
    assert_ne!(digest, policy("rules: [] \n").digest());
    assert!(digest.to_string().starts_with("sha256:"));
}
