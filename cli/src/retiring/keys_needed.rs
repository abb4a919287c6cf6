//! Hand-overs of keys that chains which stay are not valid without.
//!
//! A chain may have been signed by a key that handed over in another chain. With the archives beside it all is found; but the
//! database must hold by itself, too, for verifiers that know of no archives and where the archives are lost.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use agent_receipts_chain::KeyRing;
use agent_receipts_store::{SqliteReader, StoreError};

use crate::failure::Failure;
use crate::reading::Reading;
use crate::verification::{StoreVerification, Trust};

/// A chain that stays, is valid as it is, and would not be if these chains went. `all` are the keys of all that there is.
pub(super) fn left_invalid(
    database: &std::path::Path,
    leaving: &BTreeSet<String>,
    all: &Arc<KeyRing>,
    trust: &Trust,
) -> Result<Option<String>, Failure> {
    let remaining = Reading::open(database)?.ask(|reader| remaining_keys(reader, leaving, trust))?;
    let mut now = StoreVerification::with_ring(Reading::open(database)?, Arc::clone(all))?;
    let mut then = StoreVerification::with_ring(Reading::open(database)?, Arc::new(remaining))?;
    for chain in now.chains()? {
        let stays = !leaving.contains(&chain.chain_id);
        if stays && now.chain(&chain.chain_id)?.is_valid() && !then.chain(&chain.chain_id)?.is_valid() {
            return Ok(Some(chain.chain_id));
        }
    }
    Ok(None)
}

fn remaining_keys(
    reader: &SqliteReader,
    leaving: &BTreeSet<String>,
    trust: &Trust,
) -> Result<KeyRing, StoreError> {
    let mut lineage = trust.lineage();
    reader.texts(&mut |chain_id, receipt_json| {
        if !leaving.contains(chain_id) {
            lineage.observe(chain_id, receipt_json.as_bytes());
        }
        ControlFlow::Continue(())
    })?;
    Ok(lineage.resolve())
}
