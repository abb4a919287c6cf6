//! Whether the archives are there to which receipts were moved.

use std::collections::BTreeMap;

use agent_receipts_store::{ArchiveFolder, StoreError};

use super::check::Check;
use super::scene::Scene;
use crate::failure::Failure;
use crate::output::{count, total};
use crate::reading::Reading;
use crate::retiring::unfinished;

const NAME: &str = "moved receipts";

/// Nothing where nothing was moved. What stands in the archives, `verify` looks at.
pub(super) fn check(scene: &Scene) -> Option<Check> {
    match look(scene) {
        Ok(found) => found,
        Err(failure) => Some(Check::of_failure(NAME, failure, "look with `agent-receipts verify`")),
    }
}

fn look(scene: &Scene) -> Result<Option<Check>, Failure> {
    let moved = match Reading::open(&scene.database) {
        // Another check speaks of a database that is not there.
        Err(StoreError::Missing { .. }) => return Ok(None),
        reading => reading?.ask(|reader| reader.moved_chains())?,
    };
    if let Some((archive, chains)) = unfinished(&scene.database)?.first() {
        let chains = count(chains.len() as u64, "chain");
        let reason = format_args!("{chains} in archive `{archive}` not yet taken out of the database");
        return Ok(Some(Check::warn(NAME, reason, "`agent-receipts retire` completes that")));
    }
    let mut archives: BTreeMap<&str, u64> = BTreeMap::new();
    for chain in &moved {
        let sum = archives.entry(&chain.archive).or_default();
        *sum = total([*sum, chain.receipts]);
    }
    if archives.is_empty() {
        return Ok(None);
    }
    let there = ArchiveFolder::beside(&scene.database).archives()?;
    let gone = archives.iter().find(|(name, _)| there.iter().all(|archive| archive.name != **name));
    if let Some((name, receipts)) = gone {
        let receipts = count(*receipts, "receipt");
        let reason = format_args!("archive `{name}` is not here, to which {receipts} were moved");
        return Ok(Some(Check::fail(NAME, reason, "bring the archive's folder back, from a backup of it")));
    }
    let receipts = count(total(archives.values().copied()), "receipt");
    let (chains, archives) = (count(moved.len() as u64, "chain"), count(archives.len() as u64, "archive"));
    Ok(Some(Check::ok(NAME, format_args!("{receipts} of {chains} in {archives}, all here"))))
}
