//! Many root chains in one daemon: by user, by session; taken up again, closed, handed over, and not without end.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use agent_receipts_chain::{KeyRing, Outcome, Status};
use agent_receipts_core::Timestamp;
use agent_receipts_core::json::Value;
use agent_receipts_daemon::{Chains, Daemon, Surroundings, rotate};
use support::process::{chain_ids, valid};
use support::{Client, Home, event, field};

fn home(chains: Chains) -> Home {
    let mut home = Home::new();
    home.config.chains = chains;
    home
}

fn of_session(session: &str, more: &str) -> String {
    let session = format!("{:?}", session);
    event(more).replacen("\"s\"", &session, 1)
}

fn chain_of(reply: &Value) -> String {
    field(reply, "chain_id").as_str().unwrap().to_owned()
}

fn record(client: &mut Client, session: &str, more: &str) -> String {
    chain_of(&client.record(&of_session(session, more)))
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

fn all_are(home: &Home, status: Status) {
    for verdict in home.verdicts(KeyRing::new(home.public_key, [])) {
        assert_eq!((verdict.outcome, verdict.status), (Outcome::Valid, status), "{:?}", verdict.chain_id);
    }
}

#[test]
fn each_user_has_a_chain_and_agents_stand_below_it() {
    let home = home(Chains::Uid);
    let daemon = home.start();
    let mut client = home.connect();
    let own = format!("audit/uid/{}", uid());
    assert_eq!(record(&mut client, "s", ""), own);
    assert_eq!(record(&mut client, "t", ""), own);
    let agents = record(&mut client, "s", r#""agent_id":"a""#);
    assert_eq!(agents, format!("{own}/agent/a"));
    daemon.stop().unwrap();
    assert_eq!(chain_ids(&home), [own.clone(), agents.clone()]);
    all_are(&home, Status::Interrupted);
    let delegation = home.chain(&agents)[0].subject.delegation.clone().unwrap();
    assert_eq!(delegation.parent_chain_id, own);
    assert_eq!(delegation.parent_receipt_id, home.chain(&own)[1].id);

    // What was closed is followed, and never continued.
    let daemon = home.start();
    assert_eq!(record(&mut home.connect(), "s", ""), format!("{own}/2"));
    assert_eq!(record(&mut home.connect(), "s", r#""agent_id":"a""#), format!("{own}/2/agent/a"));
    daemon.stop().unwrap();
    all_are(&home, Status::Interrupted);
}

#[test]
fn each_session_has_a_chain_whatever_it_is_called() {
    let home = home(Chains::Session);
    let daemon = home.start();
    let mut client = home.connect();
    let sessions = ["s", "s/2", "s-2", "agent/x", "é", "..", &"long ".repeat(100)];
    let mut chains = Vec::new();
    for session in sessions {
        let chain = record(&mut client, session, "");
        assert!(chain.starts_with(&format!("audit/session/{}/", uid())), "{chain}");
        assert_eq!(record(&mut client, session, ""), chain);
        chains.push(chain);
    }
    daemon.stop().unwrap();
    chains.sort();
    chains.dedup();
    assert_eq!(chains.len(), sessions.len(), "two sessions share a chain");
    assert_eq!(chain_ids(&home), chains);
    all_are(&home, Status::Interrupted);
}

#[test]
fn chains_that_an_unclean_stop_left_open_are_taken_up_and_closed_by_the_next() {
    for chains in [Chains::Uid, Chains::Session] {
        let mut home = home(chains);
        home.config.chain_id = None;
        home.config.shutdown_deadline = Duration::ZERO;
        let mut first = Vec::new();
        for (run, day) in ["2026-11-22", "2026-11-23", "2026-11-24"].into_iter().enumerate() {
            let surroundings = Surroundings {
                clock: Arc::new(move || Timestamp::parse(&format!("{day}T03:39:59Z")).unwrap()),
                ..home.surroundings()
            };
            let daemon = Daemon::start(&home.config, surroundings).unwrap();
            assert_eq!(daemon.chain_id(), "2026-11-22", "{chains:?}");
            let mut client = home.connect();
            let both = ["s", "t"].map(|session| record(&mut client, session, ""));
            if run == 0 {
                first = both.to_vec();
            }
            assert_eq!(both.to_vec(), first, "{chains:?}");
            daemon.stop().unwrap();
        }
        home.config.shutdown_deadline = Duration::from_secs(60);
        // Nobody writes to them in this run; they are closed all the same.
        home.start().stop().unwrap();
        all_are(&home, Status::Interrupted);
        first.dedup();
        assert_eq!(chain_ids(&home), first);
        // And the next day is a new one.
        let clock = Arc::new(|| Timestamp::parse("2026-11-25T00:00:00Z").unwrap());
        let daemon = Daemon::start(&home.config, Surroundings { clock, ..home.surroundings() }).unwrap();
        assert_eq!(daemon.chain_id(), "2026-11-25");
        daemon.stop().unwrap();
    }
}

#[test]
fn a_rotation_hands_all_of_them_over() {
    let mut home = home(Chains::Session);
    home.config.shutdown_deadline = Duration::ZERO;
    let daemon = home.start();
    let mut client = home.connect();
    let chains = ["s", "t", "u"].map(|session| record(&mut client, session, ""));
    daemon.stop().unwrap();
    let rotation = rotate(&home.config, &[7; 32].into(), None, home.surroundings()).unwrap();
    let handed_over: Vec<_> = rotation.receipts.iter().map(|(chain, ..)| chain.clone()).collect();
    assert_eq!(handed_over, [&chains[..], &["audit".to_owned()]].concat());
    home.config.shutdown_deadline = Duration::from_secs(60);
    let daemon = home.start();
    let mut client = home.connect();
    assert_eq!(record(&mut client, "t", ""), chains[1]);
    daemon.stop().unwrap();
    for chain in &chains {
        assert_eq!(valid(&home, chain).status, Status::Interrupted, "{chain}");
    }
    assert_eq!(home.chain(&chains[1]).len(), 4);
}

#[test]
fn a_user_with_too_many_chains_is_refused_and_told_so_in_the_chain() {
    let mut home = home(Chains::Session);
    home.config.max_chains_per_uid = 2;
    let daemon = home.start();
    let mut client = home.connect();
    let first = record(&mut client, "a", "");
    record(&mut client, "a", r#""agent_id":"x""#);
    for session in ["b", "c", "d"] {
        let refusal = client.ask(&of_session(session, ""));
        let error = field(&refusal, "error");
        assert_eq!(field(&refusal, "ok").as_bool(), Some(false), "{refusal}");
        assert_eq!(
            field(error, "code").as_str().or(field(&refusal, "code").as_str()),
            Some("too_many_chains"),
            "{refusal}"
        );
    }
    let refusal = client.ask(&of_session("a", r#""agent_id":"y""#));
    assert_eq!(field(&refusal, "ok").as_bool(), Some(false), "{refusal}");
    assert_eq!(record(&mut client, "a", ""), first);
    daemon.stop().unwrap();
    assert!(home.logged("has 2 chains open, and may have no more (max_chains_per_uid)"));
    let told: Vec<_> = home
        .chain(&first)
        .into_iter()
        .filter_map(|receipt| receipt.subject.action.emitter_metadata?.drop_count)
        .collect();
    assert_eq!(told, [4]);
    all_are(&home, Status::Interrupted);
}

#[test]
fn agents_count_too_where_all_share_a_root() {
    let mut home = home(Chains::One);
    home.config.max_chains_per_uid = 1;
    let daemon = home.start();
    let mut client = home.connect();
    assert_eq!(record(&mut client, "s", ""), "audit");
    assert_eq!(record(&mut client, "s", r#""agent_id":"a""#), "audit/agent/a");
    let refusal = client.ask(&of_session("s", r#""agent_id":"b""#));
    assert_eq!(field(&refusal, "ok").as_bool(), Some(false), "{refusal}");
    assert_eq!(record(&mut client, "t", ""), "audit");
    daemon.stop().unwrap();
    assert_eq!(chain_ids(&home), ["audit", "audit/agent/a"]);
}

#[test]
fn a_chain_that_was_idle_for_an_hour_is_closed_to_make_room() {
    let mut home = home(Chains::Session);
    home.config.max_chains_per_uid = 2;
    let start = Timestamp::parse("2026-11-22T03:39:59Z").unwrap().unix_seconds();
    let seconds = Arc::new(AtomicI64::new(start));
    let now = Arc::clone(&seconds);
    let clock = Arc::new(move || Timestamp::from_unix(now.load(Ordering::Relaxed), 0).unwrap());
    let daemon = Daemon::start(&home.config, Surroundings { clock, ..home.surroundings() }).unwrap();
    let mut client = home.connect();
    let first = record(&mut client, "a", "");
    seconds.fetch_add(1800, Ordering::Relaxed);
    let second = record(&mut client, "b", "");
    seconds.fetch_add(1800, Ordering::Relaxed);
    let third = record(&mut client, "c", "");
    let last = home.chain(&first).pop().unwrap();
    assert_eq!(last.subject.chain.terminal, Some(true), "`a` makes room");
    assert!(home.chain(&second).pop().unwrap().subject.chain.terminal.is_none());
    // The session comes back, once there is room: on the next chain.
    seconds.fetch_add(3600, Ordering::Relaxed);
    assert_eq!(record(&mut client, "a", ""), format!("{first}/2"));
    daemon.stop().unwrap();
    assert_eq!(chain_ids(&home).len(), 4);
    assert!(chain_ids(&home).contains(&third));
    all_are(&home, Status::Interrupted);
}

#[test]
fn what_no_event_is_left_to_tell_of_stands_on_the_users_chain() {
    let home = home(Chains::Session);
    let daemon = home.start();
    let mut client = home.connect();
    assert_eq!(field(&client.ask(r#"{"v":"1"}"#), "ok").as_bool(), Some(false));
    daemon.stop().unwrap();
    let own = format!("audit/uid/{}", uid());
    assert_eq!(chain_ids(&home), std::slice::from_ref(&own));
    let receipts = home.chain(&own);
    assert_eq!(receipts[0].subject.action.emitter_metadata.clone().unwrap().drop_count, Some(1));
    assert_eq!(valid(&home, &own).status, Status::Interrupted);
}
