//! `kill -9` in the midst of acknowledged traffic: what was acknowledged is there, and the chain goes on.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Sender, channel};

use agent_receipts_chain::Status;
use agent_receipts_core::json::{Rules, Value, parse};
use support::process::{DaemonProcess, chain_ids, valid};
use support::{Home, event, field};

/// How often the daemon is killed.
const ROUNDS: usize = 50;
/// Connections that send at the same time; the last belongs to an agent with a chain of its own.
const CLIENTS: usize = 4;
/// Frames that a connection sends ahead of their replies, so that a kill meets batches in every state.
const WINDOW: usize = 8;

#[test]
fn fifty_kills_lose_no_acknowledged_receipt() {
    let home = Home::new();
    let mut acknowledged = Vec::new();
    let mut stored_before = Vec::new();
    for round in 0..ROUNDS {
        let daemon = DaemonProcess::start(&home);
        if round > 0 {
            check(&home, &acknowledged, &mut stored_before, &format!("round {round}"));
        }
        let (told, acks) = channel();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let stream = UnixStream::connect(&home.config.socket).unwrap();
                let told = told.clone();
                std::thread::spawn(move || send_until_cut_off(stream, client == CLIENTS - 1, &told))
            })
            .collect();
        drop(told);
        // Another moment each time, by what has happened and not by the clock: first in the first batch, later among many.
        let patience = 1 + (round * 17) % 41;
        acknowledged.extend(acks.iter().take(patience));
        daemon.kill();
        clients.into_iter().for_each(|client| client.join().unwrap());
        // Replies that were under way at the kill count as well.
        acknowledged.extend(acks.iter());
        assert!(acknowledged.len() >= patience, "the daemon acknowledged too little in round {round}");
    }
    let daemon = DaemonProcess::start(&home);
    check(&home, &acknowledged, &mut stored_before, "after the last kill");
    assert_eq!(chain_ids(&home), ["audit", "audit/agent/a"], "a second chain was begun");
    // An orderly stop at the end closes both chains as if nothing had happened.
    home.connect().record(&event(""));
    daemon.stop();
    for chain in chain_ids(&home) {
        assert_eq!(valid(&home, &chain).status, Status::Interrupted);
    }
    let again = DaemonProcess::start(&home);
    assert!(again.logged("recording on chain `audit-2`"), "{:?}", again.lines());
    again.stop();
}

/// What an acknowledgement promises.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Promise {
    chain_id: String,
    sequence: u64,
    receipt_id: String,
    receipt_hash: String,
}

/// Every promise is kept, the chains hold, and nothing that was stored before has changed.
fn check(home: &Home, acknowledged: &[Promise], before: &mut Vec<(String, String)>, when: &str) {
    let rows = home.rows();
    let stored: HashMap<&str, Promise> = rows
        .iter()
        .map(|stored| {
            let row = &stored.row;
            let promise = Promise {
                chain_id: row.chain_id.clone(),
                sequence: row.sequence,
                receipt_id: row.id.clone(),
                receipt_hash: row.receipt_hash.clone(),
            };
            (row.id.as_str(), promise)
        })
        .collect();
    for promise in acknowledged {
        assert_eq!(stored.get(promise.receipt_id.as_str()), Some(promise), "{when}");
    }
    for chain in chain_ids(home) {
        assert_eq!(valid(home, &chain).status, Status::Unknown, "{when}: nobody has closed `{chain}`");
    }
    let now: Vec<_> = rows.iter().map(|row| (row.row.id.clone(), row.row.receipt_json.clone())).collect();
    assert!(now.starts_with(before), "{when}: an old row has changed or gone");
    *before = now;
}

/// Sends events that ask for a reply, some ahead of their replies, until the connection breaks.
fn send_until_cut_off(mut stream: UnixStream, agent: bool, told: &Sender<Promise>) {
    let body = event(if agent { r#""ack":true,"agent_id":"a""# } else { r#""ack":true"# });
    let frame = [&(body.len() as u32).to_be_bytes(), body.as_bytes()].concat();
    for sent in 0..100_000 {
        if stream.write_all(&frame).is_err() {
            break;
        }
        if sent >= WINDOW {
            let Some(reply) = reply(&mut stream) else { return };
            let _ = told.send(promise(&reply));
        }
    }
    while let Some(reply) = reply(&mut stream) {
        let _ = told.send(promise(&reply));
    }
}

/// The next whole reply; none once the daemon has gone.
fn reply(stream: &mut UnixStream) -> Option<Value> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut body).ok()?;
    Some(parse(&body, Rules::Receipt).unwrap())
}

fn promise(reply: &Value) -> Promise {
    assert_eq!(field(reply, "ok").as_bool(), Some(true), "{reply}");
    let text = |name| field(reply, name).as_str().unwrap().to_owned();
    Promise {
        chain_id: text("chain_id"),
        sequence: field(reply, "sequence").as_u64().unwrap(),
        receipt_id: text("receipt_id"),
        receipt_hash: text("receipt_hash"),
    }
}
