//! One real event, from this process through the daemon into the database.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_receipts_ipc::{Ack, Decision, EmitError, Emitter, EventToSend, TransportError};
use agent_receipts_store::{Query, ReceiptReader, Row, StoreError};

use super::check::Check;
use super::evidence::{Told, judge};
use super::scene::Scene;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::recorder::RecordError;

pub(super) const NAME: &str = "round-trip";
/// The probe as the reference emits it, so that a chain's reader knows it by one name.
const CHANNEL: &str = "doctor";
pub(super) const TOOL: &str = "agent-receipts-doctor.roundtrip";

/// Records the probe, waiting `patience` at most, and looks for it in the database; without patience nothing is recorded.
pub(super) fn check(scene: &Scene, patience: Option<Duration>) -> Check {
    let Some(patience) = patience else {
        return Check::warn(NAME, "skipped: nothing was recorded", "leave --no-roundtrip out to be sure");
    };
    let session = format!("doctor-{}", nanoseconds());
    let probed = probe(&scene.socket, &session, patience)
        .and_then(|told| Ok((find(&scene.database, &told, &session)?, told)));
    match probed {
        Ok((Some(row), told)) => judge(&row, &told, &session),
        Ok((None, Told::Accepted { receipt_id, .. })) => Check::fail(
            NAME,
            format_args!(
                "the daemon recorded `{receipt_id}`, which is not in `{}`",
                scene.database.display()
            ),
            "name the database that the daemon writes with --db or AGENTRECEIPTS_DB",
        ),
        Ok((None, Told::Nothing)) => Check::fail(
            NAME,
            format_args!("no reply within {patience:?}, and no receipt in `{}`", scene.database.display()),
            "look into the daemon's log; --roundtrip-timeout waits longer",
        ),
        Err(failure) => Check::of_failure(NAME, failure, "look into the daemon's log"),
    }
}

fn probe(socket: &Path, session: &str, patience: Duration) -> Result<Told, Failure> {
    let emitter = Emitter::builder()
        .socket_path(socket)
        .session_id(session)
        .no_drop_folder()
        .dial_timeout(patience)
        .write_timeout(patience)
        .build()
        .map_err(Failure::new)?;
    match emitter.emit_acknowledged(&EventToSend::new(CHANNEL, TOOL, Decision::Allowed), patience) {
        Ok(Ack::Accepted { receipt_id, receipt_hash, .. }) => Ok(Told::Accepted { receipt_id, receipt_hash }),
        Ok(Ack::Refused { code, message }) => Err(RecordError::Refused { code, message }.into()),
        // The reference's daemon records and says nothing.
        Err(EmitError::Transport(TransportError::NoReply { .. })) => Ok(Told::Nothing),
        Err(error) => Err(RecordError::Emit(error).into()),
    }
}

fn find(database: &Path, told: &Told, session: &str) -> Result<Option<Row>, StoreError> {
    Reading::open(database)?.ask(|reader| match told {
        Told::Accepted { receipt_id, .. } => Ok(reader.by_id(receipt_id)?.map(|stored| stored.row)),
        Told::Nothing => {
            let query = Query { session_id: Some(session.to_owned()), limit: Some(1), ..Query::default() };
            let mut found = None;
            reader.stream(&query, &mut |stored| {
                found = Some(stored.row);
                std::ops::ControlFlow::Break(())
            })?;
            Ok(found)
        }
    })
}

/// Since 1970; what makes this session one that no other run has.
fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}
