//! One real event, from this process through the daemon into the database.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_receipts_core::{PeerCredential, Received};
use agent_receipts_ipc::{Ack, Decision, EmitError, Emitter, EventToSend, TransportError};
use agent_receipts_store::{Query, ReceiptReader, Row, StoreError};

use super::check::Check;
use super::scene::Scene;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::recorder::RecordError;

const NAME: &str = "round-trip";
/// The probe as the reference emits it, so that a chain's reader knows it by one name.
const CHANNEL: &str = "doctor";
const TOOL: &str = "agent-receipts-doctor.roundtrip";

/// What the daemon says became of the probe.
enum Told {
    Accepted { receipt_id: String, receipt_hash: String },
    Nothing,
}

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
        Err(failure) => Check::of_failure(NAME, failure),
    }
}

fn probe(socket: &Path, session: &str, patience: Duration) -> Result<Told, Failure> {
    let emitter = Emitter::builder()
        .socket_path(socket)
        .session_id(session)
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

fn judge(row: &Row, told: &Told, session: &str) -> Check {
    let look = format!("look with `agent-receipts verify-event --id {}`", row.id);
    let received = match Received::parse(row.receipt_json.as_bytes()) {
        Ok(received) => received,
        Err(error) => return Check::fail(NAME, format_args!("the receipt cannot be read: {error}"), look),
    };
    if let Told::Accepted { receipt_hash, .. } = told
        && received.hash().to_string() != *receipt_hash
    {
        return Check::fail(NAME, "the receipt in the database is not the one that was acknowledged", look);
    }
    let receipt = received.receipt();
    let action = &receipt.subject.action;
    if receipt.issuer.session_id.as_deref() != Some(session) || action.tool_name.as_deref() != Some(TOOL) {
        return Check::fail(NAME, "the receipt is of another event than was sent", look);
    }
    if let Err(fault) = attests_us(action.peer_credential.as_ref()) {
        let mend = "name the daemon's own socket with --socket: between it and this process may stand a relay, or \
                    a container with process or user ids of its own";
        return Check::fail(NAME, fault, mend);
    }
    let place = format!("`{}` #{} names this process, {}", row.chain_id, row.sequence, std::process::id());
    match told {
        Told::Accepted { .. } => Check::ok(NAME, format_args!("recorded and acknowledged: {place}")),
        Told::Nothing => Check::warn(
            NAME,
            format_args!("recorded but not acknowledged: {place}"),
            "the daemon does not tell emitters what is on disk; ours does",
        ),
    }
}

/// Whether the kernel's word in the receipt is about this very process.
fn attests_us(peer: Option<&PeerCredential>) -> Result<(), String> {
    let peer = peer.ok_or("the receipt names no process")?;
    let (pid, uid) = (u64::from(std::process::id()), u64::from(rustix::process::geteuid().as_raw()));
    if peer.pid != pid {
        return Err(format!("the receipt names process {}, and this one is {pid}", peer.pid));
    }
    if peer.uid != Some(uid) {
        return Err(format!("the receipt names another user than this one, {uid}"));
    }
    let real = |path: &Path| path.canonicalize().ok();
    let own = std::env::current_exe().ok().and_then(|path| real(&path));
    match &peer.exe_path {
        Some(path) if own.is_some() && real(Path::new(path)) != own => {
            Err(format!("the receipt names the executable `{path}`, which is not this one's"))
        }
        _ => Ok(()),
    }
}

/// Since 1970; what makes this session one that no other run has.
fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> PeerCredential {
        PeerCredential {
            pid: u64::from(std::process::id()),
            uid: Some(u64::from(rustix::process::geteuid().as_raw())),
            exe_path: std::env::current_exe().unwrap().to_str().map(str::to_owned),
            ..PeerCredential::default()
        }
    }

    #[test]
    fn only_this_process_is_this_process() {
        assert_eq!(attests_us(Some(&ours())), Ok(()));
        // Not every system tells the executable.
        assert_eq!(attests_us(Some(&PeerCredential { exe_path: None, ..ours() })), Ok(()));
        let (pid, uid) = (ours().pid + 1, ours().uid.map(|uid| uid + 1));
        for other in [
            None,
            Some(PeerCredential { pid, ..ours() }),
            Some(PeerCredential { pid: 0, ..ours() }),
            Some(PeerCredential { uid, ..ours() }),
            Some(PeerCredential { uid: None, ..ours() }),
            Some(PeerCredential { exe_path: Some("/bin/sh".into()), ..ours() }),
            Some(PeerCredential { exe_path: Some("/nowhere/at/all".into()), ..ours() }),
        ] {
            assert!(attests_us(other.as_ref()).is_err(), "{other:?}");
        }
    }
}
