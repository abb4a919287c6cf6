//! The versions of the database and of the receipts in it.

use agent_receipts_core::{Received, Version};
use agent_receipts_store::{Head, ReceiptReader, SqliteReader, StoreError};

use super::check::Check;
use super::scene::Scene;
use crate::reading::Reading;

const NAME: &str = "schema/version";
const OTHER: &str = "--db or AGENTRECEIPTS_DB names another database";

pub(super) fn check(scene: &Scene) -> Check {
    let asked = Reading::open(&scene.database).and_then(|mut reading| reading.ask(versions));
    let (schema, newest) = match asked {
        Ok(found) => found,
        Err(error) => return Check::of_failure(NAME, error.into(), OTHER),
    };
    let receipts = match newest.as_ref().map(receipt_version) {
        None => "no receipts yet".to_owned(),
        Some(Ok(version)) => format!("receipts {version}"),
        Some(Err(why)) => {
            return Check::fail(NAME, why, "upgrade this program, or look with `agent-receipts verify`");
        }
    };
    match schema {
        Ok(Some(version)) => Check::ok(NAME, format_args!("database {version}, {receipts}")),
        Ok(None) => Check::ok(NAME, format_args!("database of the reference, {receipts}")),
        Err(newer) => Check::warn(NAME, newer, "upgrade this program and the daemon; reading works as it is"),
    }
}

/// The version of our tables or that it is newer than ours, and the newest receipt of a root chain.
type Versions = (Result<Option<u32>, StoreError>, Option<Head>);

fn versions(reader: &SqliteReader) -> Result<Versions, StoreError> {
    let schema = match reader.schema_version() {
        Err(error) if !matches!(error, StoreError::NewerSchema { .. }) => return Err(error),
        schema => schema,
    };
    let newest = reader.latest_root_chain()?.map_or(Ok(None), |chain_id| reader.head(&chain_id))?;
    Ok((schema, newest))
}

fn receipt_version(head: &Head) -> Result<Version, String> {
    let received = Received::parse(head.receipt_json.as_bytes())
        .map_err(|error| format!("the newest receipt cannot be read: {error}"))?;
    received.receipt().version.parse().map_err(|error| format!("the newest receipt has an {error}"))
}
