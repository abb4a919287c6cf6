//! `status`: who this is and how it fares. Nothing here waits for the thread that writes.

use std::path::Path;
use std::sync::atomic::Ordering;

use agent_receipts_core::json::{Object, Value};
use agent_receipts_ipc::ControlReply;

use super::House;

/// Tells of the process, the chain, the key, and what was written and waits.
pub(super) fn answer(_: &Object, house: &House) -> ControlReply {
    let config = &house.config;
    let path = |path: &Path| Value::from(path.to_string_lossy().into_owned());
    let (waiting, bytes) = house.queue.waiting();
    let queue: Object = [("waiting", Value::from(waiting as u64)), ("bytes", Value::from(bytes as u64))]
        .into_iter()
        .collect();
    ControlReply::Done(
        [
            ("pid", Value::from(std::process::id())),
            ("version", Value::from(env!("CARGO_PKG_VERSION"))),
            ("uptime_seconds", Value::from(house.started.elapsed().as_secs())),
            ("chain_id", Value::from(house.chain_id.as_str())),
            ("heads", Value::from(house.heads.load(Ordering::Relaxed) as u64)),
            ("key_fingerprint", Value::from(house.key().to_string())),
            ("receipts", Value::from(house.receipts.load(Ordering::Relaxed))),
            ("queue", Value::from(queue)),
            ("socket", path(&config.socket)),
            ("db", path(&config.db)),
            ("key", path(&config.key)),
            ("public_key", path(&config.public_key)),
        ]
        .into_iter()
        .collect(),
    )
}
