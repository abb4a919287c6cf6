//! Whether the receipt of the round-trip is the probe's, and names this very process.

use std::path::Path;

use agent_receipts_core::{PeerCredential, Received};
use agent_receipts_store::Row;

use super::check::Check;
use super::round_trip::{NAME, TOOL};

/// What the daemon says became of the probe.
pub(super) enum Told {
    /// This receipt of it is on disk.
    Accepted { receipt_id: String, receipt_hash: String },
    /// There was no reply.
    Nothing,
}

/// Judges the row that the probe left.
pub(super) fn judge(row: &Row, told: &Told, session: &str) -> Check {
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

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;
    use agent_receipts_core::{Draft, Receipt, ReceiptHash, Signature};

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

    /// A row as a daemon writes it, after `change`; nobody asks here who signed it.
    fn row(change: impl FnOnce(&mut Receipt)) -> (Row, ReceiptHash) {
        let mut receipt =
            Receipt { id: "urn:receipt:1".into(), version: "0.5.0".into(), ..Receipt::default() };
        receipt.issuer.session_id = Some("doctor-1".into());
        receipt.subject.action.tool_name = Some(TOOL.into());
        receipt.subject.action.peer_credential = Some(ours());
        change(&mut receipt);
        let draft = Draft::new(receipt);
        let signed =
            draft.attach(&Signature::from_bytes([0; 64]), "2026-11-22T03:39:59Z", "did:example:d#k1");
        let row = Row {
            id: "urn:receipt:1".into(),
            chain_id: "c".into(),
            sequence: 1,
            action_type: String::new(),
            tool_name: String::new(),
            risk_level: String::new(),
            status: String::new(),
            timestamp: String::new(),
            issuer_id: String::new(),
            principal_id: None,
            receipt_json: String::from_utf8(signed).unwrap(),
            receipt_hash: String::new(),
            previous_receipt_hash: None,
            session_id: None,
        };
        (row, draft.hash())
    }

    fn accepted(hash: impl ToString) -> Told {
        Told::Accepted { receipt_id: "urn:receipt:1".into(), receipt_hash: hash.to_string() }
    }

    #[test]
    fn the_probes_own_receipt_is_evidence_and_the_best_if_acknowledged() {
        let (row, hash) = row(|_| ());
        let acknowledged = judge(&row, &accepted(hash), "doctor-1");
        assert_eq!(acknowledged.status, Status::Ok, "{acknowledged:?}");
        assert_eq!(judge(&row, &Told::Nothing, "doctor-1").status, Status::Warn);
    }

    #[test]
    fn another_receipt_is_none() {
        let (genuine, hash) = row(|_| ());
        assert_eq!(judge(&genuine, &accepted(ReceiptHash::of(b"")), "doctor-1").status, Status::Fail);
        assert_eq!(judge(&genuine, &accepted(hash), "doctor-2").status, Status::Fail);
        let unreadable = Row { receipt_json: "{".into(), ..genuine };
        assert_eq!(judge(&unreadable, &Told::Nothing, "doctor-1").status, Status::Fail);
        let changes: [fn(&mut Receipt); 3] = [
            |receipt| receipt.issuer.session_id = None,
            |receipt| receipt.subject.action.tool_name = Some("other".into()),
            |receipt| receipt.subject.action.peer_credential = None,
        ];
        for change in changes {
            let (row, hash) = row(change);
            let found = judge(&row, &accepted(hash), "doctor-1");
            assert_eq!(found.status, Status::Fail, "{found:?}");
        }
    }
}
