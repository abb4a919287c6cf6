//! Whether the archives beside the database are those that were taken in.

use agent_receipts_store::ArchiveFolder;

use super::check::Check;
use super::scene::Scene;
use crate::digest::sha256_of;
use crate::failure::Failure;
use crate::output::count;

const NAME: &str = "archives";
const MEND: &str = "restore the archive's folder from a backup, or move it away to give it up; `agent-receipts verify` says what it is worth";

/// Nothing where there are none. What stands in them, `verify` judges.
pub(super) fn check(scene: &Scene) -> Option<Check> {
    match look(scene) {
        Ok(found) => found,
        Err(failure) => Some(Check::of_failure(NAME, failure, MEND)),
    }
}

fn look(scene: &Scene) -> Result<Option<Check>, Failure> {
    let archives = ArchiveFolder::beside(&scene.database).archives()?;
    for archive in &archives {
        let name = &archive.name;
        match sha256_of(&archive.database) {
            Ok(digest) if digest == archive.manifest.sha256 => {}
            Ok(digest) => {
                let reason =
                    format_args!("archive `{name}` is not the one that was taken in: its digest is {digest}");
                return Ok(Some(Check::fail(NAME, reason, MEND)));
            }
            Err(error) => {
                let reason = format_args!("could not read `{}`: {error}", archive.database.display());
                return Ok(Some(Check::fail(NAME, reason, MEND)));
            }
        }
    }
    let number = archives.len() as u64;
    Ok((number > 0).then(|| Check::ok(NAME, format_args!("{}, as taken in", count(number, "archive")))))
}
