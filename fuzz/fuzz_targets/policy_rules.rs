#![no_main]
//! No rules file makes its reader panic. What it reads judges every call alike twice, and no call more mildly than its rules alone.

use std::time::Instant;

use agent_receipts_core::json::{Rules, parse};
use agent_receipts_mcp::{Action, Call, Counters, Policy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(policy) = Policy::read(text) else { return };
    let words = String::from_utf8_lossy(text);
    let arguments = parse(br#"{"sql":"drop table t","a":[{"query":"x"}]}"#, Rules::Receipt).ok();
    let (counters, now) = (Counters::new(), Instant::now());
    // Names that stand in the file, so that its patterns meet what they are to match.
    for tool in words.split_whitespace().take(50).chain(["delete_auth", "mcp__s__send_x", "\u{17f}end_x"]) {
        let call = Call { server: "s", tool, arguments: arguments.as_ref() };
        let judgement = policy.judge(&call);
        assert_eq!(judgement, policy.judge(&call));
        assert!(judgement.score <= 100);
        assert_eq!(judgement.rule.is_some(), judgement.action != Action::Pass);
        let decided = policy.decide(&call, &counters, now);
        assert!(decided.action >= judgement.action);
        assert!(decided.rule.is_none_or(|rule| policy.names().any(|name| name == rule)));
    }
    policy.run_tests("s");
    policy.redact(&words);
});
