//! Agents and their chains: very many of them, taken up again, and followed where they cannot be continued.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use agent_receipts_chain::{KeyRing, Outcome, Status};
use agent_receipts_core::Receipt;
use support::process::{chain_ids, valid, verdict};
use support::{Client, Home, event, field};

/// More than the daemon keeps heads for at once.
const AGENTS: usize = 5_000;

/// Sends one event of each agent and waits until the last is recorded.
fn visit_all(client: &mut Client) {
    for n in 0..AGENTS - 1 {
        client.send(&event(&format!(r#""agent_id":"agent-{n}""#)));
    }
    client.record(&event(&format!(r#""agent_id":"agent-{}""#, AGENTS - 1)));
}

#[test]
fn five_thousand_agents_are_recorded_taken_up_again_and_closed() {
    let mut home = Home::new();
    home.config.shutdown_deadline = Duration::ZERO;
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(""));
    visit_all(&mut client);
    // A second visit in the same run meets chains whose heads were forgotten in between.
    visit_all(&mut client);
    daemon.stop().unwrap();
    assert!(home.logged("left open"), "this stop was to be as good as a crash");

    home.config.shutdown_deadline = Duration::from_secs(120);
    let daemon = home.start();
    assert_eq!(daemon.chain_id(), "audit");
    visit_all(&mut home.connect());
    daemon.stop().unwrap();

    assert_eq!(chain_ids(&home).len(), AGENTS + 1, "one chain for each agent and the root");
    let (receipts, verdicts) = judge_all(&home);
    assert_eq!(receipts, 3 * AGENTS + 1 + AGENTS + 1);
    for (chain, outcome, status, length) in verdicts {
        let expected = if chain == "audit" { 2 } else { 4 };
        assert_eq!((outcome, status, length), (Outcome::Valid, Status::Interrupted, expected), "`{chain}`");
    }
    let root = home.chain("audit");
    let firsts = home.receipts().into_iter().filter(|r| r.subject.chain.sequence == 1 && is_agents(r));
    let mut delegated = 0;
    for first in firsts {
        let delegation = first.subject.delegation.unwrap();
        assert_eq!(
            (delegation.parent_chain_id.as_str(), &delegation.parent_receipt_id),
            ("audit", &root[0].id)
        );
        delegated += 1;
    }
    assert_eq!(delegated, AGENTS);
    // The newest rows are the terminators, the root's last of all.
    assert_eq!(home.rows().last().unwrap().row.chain_id, "audit");
}

fn is_agents(receipt: &Receipt) -> bool {
    receipt.subject.chain.chain_id.contains("/agent/")
}

/// How many receipts there are, and the verdict over each chain.
fn judge_all(home: &Home) -> (usize, Vec<(String, Outcome, Status, u64)>) {
    let verdicts = home.verdicts(KeyRing::new(home.public_key, []));
    let receipts = verdicts.iter().map(|verdict| verdict.length as usize).sum();
    let each = verdicts.into_iter().map(|v| (v.chain_id.unwrap(), v.outcome, v.status, v.length));
    (receipts, each.collect())
}

#[test]
fn an_agents_chain_that_an_unclean_stop_left_open_is_taken_up() {
    let mut home = Home::new();
    home.config.shutdown_deadline = Duration::ZERO;
    for run in 0..4 {
        let daemon = home.start();
        let reply = home.connect().record(&event(r#""agent_id":"a""#));
        assert_eq!(field(&reply, "chain_id").as_str(), Some("audit/agent/a"));
        assert_eq!(field(&reply, "sequence").as_u64(), Some(run + 1));
        daemon.stop().unwrap();
    }
    assert_eq!(valid(&home, "audit/agent/a").status, Status::Unknown);
    assert_eq!(chain_ids(&home), ["audit/agent/a"]);
}

#[test]
fn an_agents_open_chain_is_closed_by_the_next_orderly_stop_even_if_the_agent_stays_away() {
    let mut home = Home::new();
    home.config.shutdown_deadline = Duration::ZERO;
    let daemon = home.start();
    home.connect().record(&event(r#""agent_id":"a""#));
    daemon.stop().unwrap();
    home.config.shutdown_deadline = Duration::from_secs(120);
    let daemon = home.start();
    home.connect().record(&event(r#""agent_id":"b""#));
    daemon.stop().unwrap();
    for chain in ["audit/agent/a", "audit/agent/b"] {
        let verdict = valid(&home, chain);
        assert_eq!((verdict.length, verdict.status), (2, Status::Interrupted), "`{chain}`");
    }
}

#[test]
fn an_agents_chain_of_another_key_is_followed_and_not_broken() {
    let mut home = Home::new();
    home.config.shutdown_deadline = Duration::ZERO;
    let daemon = home.start();
    home.connect().record(&event(r#""agent_id":"a""#));
    daemon.stop().unwrap();
    let before = home.rows();

    let mut other = Home::with_seed([43; 32]);
    other.config.db = home.config.db.clone();
    let daemon = other.start();
    let mut client = other.connect();
    for expected in 1..=3 {
        let reply = client.record(&event(r#""agent_id":"a""#));
        assert_eq!(field(&reply, "chain_id").as_str(), Some("audit/agent/a/2"));
        assert_eq!(field(&reply, "sequence").as_u64(), Some(expected));
    }
    daemon.stop().unwrap();
    assert_eq!(other.rows()[..before.len()], before[..], "what the first key signed stays as it was");
    // Each chain holds under the key that wrote it, and under no other.
    assert_eq!(valid(&home, "audit/agent/a").status, Status::Unknown);
    assert_eq!(valid(&other, "audit/agent/a/2").status, Status::Interrupted);
    assert_eq!(verdict(&other, "audit/agent/a").outcome, Outcome::Broken);
    assert_eq!(verdict(&home, "audit/agent/a/2").outcome, Outcome::Broken);
}

#[test]
fn agents_whose_names_look_alike_have_chains_of_their_own() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(""));
    let long = "é".repeat(128);
    let names = ["a", "A", "a ", "a-2", "a\\u0009", "agent", "..", "%", "_", "\\u00e9", "e\\u0301", &long];
    for name in names {
        let reply = client.record(&event(&format!(r#""agent_id":"{name}""#)));
        assert_eq!(field(&reply, "sequence").as_u64(), Some(1), "`{name}` shares a chain");
    }
    for name in ["a/b", "a\\u002fb", "a\\u0000b", &"é".repeat(129)] {
        let reply = client.ask(&event(&format!(r#""agent_id":"{name}""#)));
        assert_eq!(field(&reply, "ok").as_bool(), Some(false), "`{name}`");
    }
    daemon.stop().unwrap();
    let chains = chain_ids(&home);
    assert_eq!(chains.len(), names.len() + 1);
    chains.iter().for_each(|chain| assert_eq!(valid(&home, chain).status, Status::Interrupted));
}
