//! What an archive holds, against what its manifest says that it held when it was taken in.
//!
//! The digest is of one file. This is of what is read, wherever SQLite finds it.

use std::collections::BTreeMap;

use agent_receipts_store::{Archive, ArchivedChain, ChainSummary, ReceiptReader as _};

use super::moved::bounded;
use super::stored::StoreVerification;
use crate::failure::Failure;
use crate::output::{count, total};

/// Every chain that is not as it was taken in; only this one, where one was asked for.
pub(super) fn differences(
    archive: &Archive,
    verification: &mut StoreVerification,
    only: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let name = &archive.name;
    let is_asked_for = |chain_id: &str| only.is_none_or(|only| only == chain_id);
    let mut there: BTreeMap<String, ChainSummary> =
        verification.chains()?.into_iter().map(|chain| (chain.chain_id.clone(), chain)).collect();
    let receipts = total(there.values().map(|chain| chain.length));
    let mut found = Vec::new();
    for taken_in in archive.manifest.chains.iter().filter(|chain| is_asked_for(&chain.chain_id)) {
        let ArchivedChain { chain_id, .. } = taken_in;
        let Some(is) = there.remove(chain_id) else {
            found.push(format!("archive `{name}` has no chain `{chain_id}`, which was taken in with it"));
            continue;
        };
        let extent = (is.length, is.first_sequence, is.last_sequence);
        let was = (taken_in.receipts, taken_in.first_sequence, taken_in.last_sequence);
        if extent != was {
            found.push(format!(
                "archive `{name}` has {} of chain `{chain_id}`, sequences {} to {}, and was taken in with {}, sequences {} to {}",
                count(extent.0, "receipt"),
                extent.1,
                extent.2,
                count(was.0, "receipt"),
                was.1,
                was.2
            ));
            continue;
        }
        let head = verification.reading().ask(|reader| reader.head(chain_id))?;
        if head.is_none_or(|head| head.receipt_hash != taken_in.tip_hash) {
            found.push(format!(
                "chain `{chain_id}` of archive `{name}` ends in another receipt than when it was taken in"
            ));
        }
    }
    found.extend(
        there.into_keys().filter(|chain_id| is_asked_for(chain_id)).map(|chain_id| {
            format!("archive `{name}` has chain `{chain_id}`, which was not taken in with it")
        }),
    );
    if found.is_empty() && only.is_none() && receipts != archive.manifest.receipts {
        let was = count(archive.manifest.receipts, "receipt");
        found.push(format!(
            "archive `{name}` has {}, and was taken in with {was}",
            count(receipts, "receipt")
        ));
    }
    Ok(bounded(found))
}
