//! Databases of many receipts, made without a daemon.

use std::path::Path;
use std::time::Instant;

use agent_receipts_keysource::{FileKeySource, KeySource};
use agent_receipts_store::SqliteStore;
use serde::Serialize;

use crate::pipeline::Pipeline;
use crate::placing::{Facts, METHOD};
use crate::{Chain, Failure};

/// A database that was filled.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Filled {
    /// How many receipts it holds.
    pub receipts: u64,
    /// How long that took, in seconds.
    pub seconds: f64,
}

/// Makes a database of one chain of valid receipts, signed with the key at `key`.
///
/// # Errors
///
/// [`Failure`] if there is a database already, or the key cannot be used.
pub fn fill(db: &Path, key: &Path, receipts: u64, chain: Chain) -> Result<Filled, Failure> {
    let mut key = FileKeySource::new(key, METHOD);
    key.init()?;
    let mut store = SqliteStore::create(db)?;
    let began = Instant::now();
    let prepare = |number: u64| Ok(facts(number));
    Pipeline { prepare: &prepare, key: &key, events: receipts, batch: BATCH }.run(chain, &mut store)?;
    Ok(Filled { receipts, seconds: began.elapsed().as_secs_f64() })
}

/// A hundred events a session, as of agents that come and go.
fn facts(number: u64) -> Facts {
    let hash = |salt: u64| Some(format!("sha256:{:064x}", u128::from(number + 1) * u128::from(salt)));
    Facts {
        session_id: format!("0193a7a0-0000-7000-8000-{:012}", number / 100),
        action_type: "mcp.github.list_repos".to_owned(),
        tool_name: "list_repos".to_owned(),
        parameters_hash: hash(0x9e37_79b9_7f4a_7c15),
        response_hash: hash(0xc2b2_ae3d_27d4_eb4f),
    }
}

const BATCH: u64 = 1024;
