//! The round-trip: with the daemon, without it, and with others in its place.

use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;
use std::thread;

use agent_receipts_ipc::{Ack, Peer, read_frame, write_frame};
use agent_receipts_store::{ReceiptStore, SqliteStore};

use super::{Diagnosis, UNAVOIDABLE};
use crate::chains::{Chain, Key, database};
use crate::daemon::Daemon;
use crate::house::{House, Said};

const TOOL: &str = "agent-receipts-doctor.roundtrip";

#[test]
fn the_round_trip_lands_with_the_fresh_credential_of_this_very_process() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    for sequence in [1, 2] {
        let child = house.command(["doctor", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        let diagnosis = Diagnosis::read(&Said::of(&child.wait_with_output().unwrap()));
        assert_eq!((diagnosis.code, diagnosis.troubles()), (0, vec![UNAVOIDABLE]));
        diagnosis.assert("round-trip", "ok", &format!("#{sequence} names this process, {pid}"));
        let receipts = house.say(["list", "--json"]).json();
        assert_eq!(receipts.as_array().unwrap().len(), sequence, "one receipt a run");
        let (newest, action) = (&receipts[0], &receipts[0]["credentialSubject"]["action"]);
        assert_eq!(action["type"], "doctor.agent-receipts-doctor.roundtrip");
        assert_eq!(action["tool_name"], TOOL);
        assert!(newest["issuer"]["session_id"].as_str().unwrap().starts_with("doctor-"), "{newest}");
        let peer = &action["peer_credential"];
        assert_eq!(peer["pid"], pid);
        assert_eq!(peer["uid"], rustix::process::geteuid().as_raw());
        assert_eq!(peer["exe_path"], env!("CARGO_BIN_EXE_agent-receipts"));
    }
    assert_eq!(house.say(["verify"]).out, "Chain c: VALID (2 receipts)\n");
}

#[test]
fn without_a_round_trip_nothing_is_written() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    assert_eq!(house.say(["emit", "--tool", "t"]).code, 0);
    let files = || ["receipts.db", "receipts.db-wal"].map(|name| std::fs::read(house.data(name)).unwrap());
    let before = files();
    let diagnosis = Diagnosis::of(&house, ["--no-roundtrip"]);
    assert!(before == files());
    assert_eq!((diagnosis.code, diagnosis.ok), (0, true));
    diagnosis.assert("round-trip", "warn", "skipped");
    diagnosis.assert("chain head", "ok", "1 chain, 1 receipt");
    assert_eq!(Diagnosis::of(&house, ["--no-roundtrip", "--warn-as-error"]).code, 1);
}

#[test]
fn a_receipt_in_another_database_is_no_round_trip() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let key = Key::new(1);
    database(&house.path("o/r.db"), &Chain::new("c").rows(&key, 1));
    key.publish(&house.path("k.pub"));
    let diagnosis = Diagnosis::of(&house, ["--db", "o/r.db", "--public-key", "k.pub"]);
    assert_eq!(diagnosis.code, 1);
    diagnosis.assert("round-trip", "fail", "which is not in `o/r.db`");
    diagnosis.assert("chain head", "ok", "1 chain, 1 receipt");
}

/// Accepts one connection that says something; the doctor's first one only knocks.
fn serve(listener: UnixListener, serve: impl FnOnce(Vec<u8>, UnixStream) + Send + 'static) {
    thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut frame = Vec::new();
            if read_frame(&mut stream, &mut frame).unwrap().is_some() {
                return serve(frame, stream);
            }
        }
    });
}

/// Events that reach the daemon through another process carry that process's name, and nothing else may be called
/// attested.
#[test]
fn a_relay_between_us_and_the_daemon_is_found_out() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let real = house.socket();
    serve(UnixListener::bind(house.path("relay")).unwrap(), move |frame, mut stream| {
        let mut daemon = UnixStream::connect(real).unwrap();
        write_frame(&mut daemon, &frame).unwrap();
        let mut reply = Vec::new();
        read_frame(&mut daemon, &mut reply).unwrap();
        write_frame(&mut stream, &reply).unwrap();
    });
    let diagnosis = Diagnosis::of(&house, ["--socket", "relay"]);
    assert_eq!(diagnosis.code, 1);
    diagnosis.assert("round-trip", "fail", &format!("names process {}", std::process::id()));
}

#[test]
fn an_acknowledgement_without_a_receipt_is_worth_nothing() {
    let house = House::new();
    let key = Key::new(1);
    let rows = Chain::new("c").rows(&key, 1);
    // A receipt that is there, but is another event's, is no better than one that is not.
    for (receipt_id, words) in
        [("urn:receipt:made-up", "which is not in"), (rows[0].id.as_str(), "another event")]
    {
        database(&house.path(&format!("{}.db", words.len())), &rows);
        let ack = Ack::Accepted {
            receipt_id: receipt_id.to_owned(),
            chain_id: "c".into(),
            sequence: 1,
            receipt_hash: rows[0].receipt_hash.clone(),
        };
        let _ = std::fs::remove_file(house.path("liar"));
        serve(UnixListener::bind(house.path("liar")).unwrap(), move |_, mut stream| {
            write_frame(&mut stream, &ack.to_json()).unwrap();
        });
        let db = format!("{}.db", words.len());
        let diagnosis = Diagnosis::of(&house, ["--socket", "liar", "--db", &db]);
        assert_eq!(diagnosis.code, 1);
        diagnosis.assert("round-trip", "fail", words);
    }
}

#[test]
fn a_refusal_is_quoted() {
    let house = House::new();
    database(&house.data("receipts.db"), &[]);
    serve(UnixListener::bind(house.path("s")).unwrap(), |_, mut stream| {
        let refusal = Ack::Refused { code: "overloaded".into(), message: "no \u{1b}[2J room".into() };
        write_frame(&mut stream, &refusal.to_json()).unwrap();
    });
    let said = house.say(["doctor", "--socket", "s"]);
    assert!(said.code == 1 && said.out.contains("no \\u{1b}[2J room (overloaded)"), "{}", said.all());
    assert!(!said.out.contains('\u{1b}'), "{}", said.all());
}

#[test]
fn a_daemon_that_hangs_is_not_waited_for_for_ever() {
    let house = House::new();
    database(&house.data("receipts.db"), &[]);
    serve(UnixListener::bind(house.path("s")).unwrap(), |_, mut stream| {
        // Until the doctor hangs up.
        let _ = stream.read(&mut [0]);
    });
    let diagnosis = Diagnosis::of(&house, ["--socket", "s", "--roundtrip-timeout", "100ms"]);
    diagnosis.assert("round-trip", "fail", "no reply within 100ms");
    assert_eq!(diagnosis.code, 1);
}

/// The reference's daemon: records, and never replies.
#[test]
fn what_is_recorded_but_not_acknowledged_is_found_and_said() {
    let house = House::new();
    let path = database(&house.data("receipts.db"), &[]);
    Key::new(1).publish(&house.data("signing.key.pub"));
    serve(UnixListener::bind(house.path("s")).unwrap(), move |frame, stream| {
        let event: serde_json::Value = serde_json::from_slice(&frame).unwrap();
        let pid = Peer::of(&stream).unwrap().pid;
        let mut chain = Chain::new("c");
        chain.session = event["session_id"].as_str().map(str::to_owned);
        let row = chain.row(&Key::new(1), |receipt| {
            let action = &mut receipt.subject.action;
            action.tool_name = event["tool"]["name"].as_str().map(str::to_owned);
            let peer = action.peer_credential.as_mut().unwrap();
            peer.pid = u64::try_from(pid).unwrap();
            peer.uid = Some(u64::from(rustix::process::geteuid().as_raw()));
            peer.exe_path = None;
        });
        SqliteStore::open(path).unwrap().append(&[row]).unwrap();
    });
    let diagnosis = Diagnosis::of(&house, ["--socket", "s"]);
    diagnosis.assert("round-trip", "warn", "recorded but not acknowledged: `c` #1");
    diagnosis.assert("chain head", "ok", "1 chain, 1 receipt");
}
