use std::time::{Duration, Instant};

use super::policy;
use crate::policy::{Action, Call, Counters, Policy};

fn decided(rules: &Policy, counters: &Counters, tool: &str, now: Instant) -> (Action, Option<String>) {
    let judgement = rules.decide(&Call { server: "s", tool, arguments: None }, counters, now);
    (judgement.action, judgement.rule)
}

#[test]
fn a_limit_counts_in_any_stretch_of_time() {
    let rules = policy("limits: [{name: mails, tool_pattern: 'send_*', calls: 2, per: 60s}]");
    let (counters, start) = (Counters::new(), Instant::now());
    let at = |seconds| decided(&rules, &counters, "send_mail", start + Duration::from_secs(seconds)).0;
    assert_eq!([at(0), at(30), at(31), at(59)], [Action::Pass, Action::Pass, Action::Block, Action::Block]);
    // The first call is forgotten, the second is not; what was blocked did not count.
    assert_eq!([at(62), at(63), at(89), at(92)], [Action::Pass, Action::Block, Action::Block, Action::Pass]);
    assert_eq!(decided(&rules, &counters, "read_mail", start).0, Action::Pass);
}

#[test]
fn a_judgement_names_the_limit_and_what_it_says() {
    let rules = policy(concat!(
        "rules: [{name: all, enabled: true, action: flag}]\n",
        "limits:\n- {name: few, calls: 1, per: 2h, action: pause}\n- {name: budget, description: enough, calls: 2, per: session}\n",
    ));
    let (counters, now) = (Counters::new(), Instant::now());
    let call = Call { server: "s", tool: "x", arguments: None };
    let first = rules.decide(&call, &counters, now);
    assert_eq!((first.action, first.rule.as_deref()), (Action::Flag, Some("all")));
    let second = rules.decide(&call, &counters, now);
    assert_eq!((second.action, second.rule.as_deref()), (Action::Pause, Some("few")));
    assert_eq!(second.description, "more than 1 calls in 2h");
    let third = rules.decide(&call, &counters, now);
    assert_eq!(
        (third.action, third.rule.as_deref(), third.description.as_str()),
        (Action::Block, Some("budget"), "enough")
    );
    assert_eq!(third.matched, ["all", "few", "budget"]);
}

#[test]
fn what_a_rule_blocks_is_not_counted() {
    let rules = policy(concat!(
        "rules: [{name: no, enabled: true, tool_pattern: 'delete_*', action: block}]\n",
        "limits: [{name: budget, calls: 1, per: session}]\n",
    ));
    let (counters, now) = (Counters::new(), Instant::now());
    for _ in 0..3 {
        assert_eq!(decided(&rules, &counters, "delete_x", now), (Action::Block, Some("no".to_owned())));
    }
    assert_eq!(decided(&rules, &counters, "read_x", now).0, Action::Pass);
    assert_eq!(decided(&rules, &counters, "read_x", now).0, Action::Block);
}

#[test]
fn tools_are_counted_together_or_one_by_one() {
    for (each_tool, expected) in [("false", Action::Block), ("true", Action::Pass)] {
        let rules = policy(&format!("limits: [{{name: a, calls: 1, per: session, each_tool: {each_tool}}}]"));
        let (counters, now) = (Counters::new(), Instant::now());
        assert_eq!(decided(&rules, &counters, "send_a", now).0, Action::Pass);
        assert_eq!(decided(&rules, &counters, "send_b", now).0, expected, "{each_tool}");
        for variant in ["send_a", "SEND_A", "\u{17f}end_a", "mcp__s__send_a"] {
            assert_eq!(decided(&rules, &counters, variant, now).0, Action::Block, "{variant}");
        }
    }
}

#[test]
fn invented_names_fill_no_memory_and_win_nothing() {
    let rules = policy("limits: [{name: a, calls: 1, per: session, each_tool: true}]");
    let (counters, now) = (Counters::new(), Instant::now());
    let passed =
        (0..3_000).filter(|n| decided(&rules, &counters, &format!("t{n}"), now).0 == Action::Pass).count();
    // A thousand of their own, and one that all further ones share.
    assert_eq!(passed, 1_001);
}

#[test]
fn budgets_are_a_sessions_own_and_limits_in_time_are_shared() {
    let rules = policy("limits: [{name: hour, calls: 3, per: 1h}, {name: budget, calls: 2, per: session}]");
    let (one, now) = (Counters::new(), Instant::now());
    let other = one.another_session();
    let rule = |counters| decided(&rules, counters, "x", now).1;
    assert_eq!([rule(&one), rule(&one)], [None, None]);
    assert_eq!(rule(&one).as_deref(), Some("budget"));
    assert_eq!(rule(&other), None);
    assert_eq!(rule(&other).as_deref(), Some("hour"));
}

#[test]
fn a_reload_gives_no_budget_back() {
    let first = policy("limits: [{name: a, calls: 2, per: session}]");
    let (counters, now) = (Counters::new(), Instant::now());
    for expected in [Action::Pass, Action::Pass, Action::Block] {
        assert_eq!(decided(&first, &counters, "x", now).0, expected);
    }
    let second =
        policy("# edited\nlimits: [{name: a, calls: 3, per: session}, {name: b, calls: 9, per: 1h}]");
    assert_eq!(decided(&second, &counters, "x", now).0, Action::Pass);
    assert_eq!(decided(&second, &counters, "x", now).0, Action::Block);
    let another_time = policy("limits: [{name: a, calls: 1, per: 1h}]");
    assert_eq!(decided(&another_time, &counters, "x", now).0, Action::Pass);
}

#[test]
fn many_threads_at_once_pass_a_limit_as_often_as_one() {
    let rules = policy("limits: [{name: a, calls: 100, per: 1h}, {name: b, calls: 100, per: session}]");
    let (counters, now) = (Counters::new(), Instant::now());
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..100).filter(|_| decided(&rules, &counters, "x", now).0 == Action::Pass).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 100);
}

#[test]
fn no_calls_at_all_is_a_limit_too() {
    let rules = policy("limits: [{name: never, tool_pattern: x, calls: 0, per: session}]");
    assert_eq!(decided(&rules, &Counters::new(), "x", Instant::now()).0, Action::Block);
}
