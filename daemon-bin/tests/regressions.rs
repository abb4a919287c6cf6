//! Where the reference is wrong, and what this daemon does instead: one test for each observation, by its number in
//! the list of the reference's faults (docs/reference-tests.md names the tests of those that other crates hold).
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use agent_receipts_chain::Status;
use agent_receipts_core::Timestamp;
use agent_receipts_core::json::{Rules, Value, canonical, parse};
use agent_receipts_daemon::{Daemon, Surroundings};
use support::process::{DaemonProcess, chain_ids, daemon_after, valid};
use support::{Home, event, field, wait_until};

#[test]
fn n01_a_restart_after_an_orderly_stop_appends_nothing_to_what_was_closed() {
    let home = Home::new();
    for run in 1..=4_u64 {
        let daemon = home.start();
        let mut client = home.connect();
        client.record(&event(""));
        client.record(&event(r#""agent_id":"a""#));
        daemon.stop().unwrap();
        let chains = chain_ids(&home);
        assert_eq!(chains.len() as u64, 2 * run, "{chains:?}");
        for chain in chains {
            let verdict = valid(&home, &chain);
            assert_eq!((verdict.length, verdict.status), (2, Status::Interrupted), "`{chain}`");
        }
    }
}

#[test]
fn n03_the_successor_of_a_date_is_never_another_date() {
    for (day, successors) in [
        ("2026-11-22", ["2026-11-22", "2026-11-22-2", "2026-11-22-3"]),
        ("2026-12-31", ["2026-12-31", "2026-12-31-2", "2026-12-31-3"]),
        ("2026-06-09", ["2026-06-09", "2026-06-09-2", "2026-06-09-3"]),
        ("2028-02-29", ["2028-02-29", "2028-02-29-2", "2028-02-29-3"]),
    ] {
        let mut home = Home::new();
        home.config.chain_id = None;
        for expected in successors {
            let daemon = Daemon::start(&home.config, at(&home, &format!("{day}T23:59:59Z"))).unwrap();
            assert_eq!(daemon.chain_id(), expected);
            home.connect().record(&event(""));
            daemon.stop().unwrap();
        }
        assert_eq!(chain_ids(&home), successors);
        // And the day after has its own name free.
        let tomorrow = Timestamp::from_unix(
            Timestamp::parse(&format!("{day}T23:59:59Z")).unwrap().unix_seconds() + 1,
            0,
        );
        let tomorrow = tomorrow.unwrap().to_rfc3339();
        let daemon = Daemon::start(&home.config, at(&home, &tomorrow)).unwrap();
        assert_eq!(daemon.chain_id(), &tomorrow[..10]);
        daemon.stop().unwrap();
    }
}

fn at(home: &Home, time: &str) -> Surroundings {
    let time = Timestamp::parse(time).unwrap();
    Surroundings { clock: Arc::new(move || time), ..home.surroundings() }
}

#[test]
fn n04_an_open_chain_is_found_again_after_midnight() {
    let mut home = Home::new();
    home.config.chain_id = None;
    home.config.shutdown_deadline = std::time::Duration::ZERO;
    let daemon = Daemon::start(&home.config, at(&home, "2026-11-22T23:59:59Z")).unwrap();
    home.connect().record(&event(""));
    daemon.stop().unwrap();
    let daemon = Daemon::start(&home.config, at(&home, "2026-11-23T00:00:01Z")).unwrap();
    assert_eq!(daemon.chain_id(), "2026-11-22", "an open chain is continued, not left behind");
    assert_eq!(field(&home.connect().record(&event("")), "sequence").as_u64(), Some(2));
    daemon.stop().unwrap();
}

#[test]
fn n06_forty_two_idle_connections_under_forty_descriptors_do_not_end_it() {
    let home = Home::new();
    let mut daemon = DaemonProcess::start_with(daemon_after("ulimit -n 40", &home));
    let mut early = home.connect();
    early.record(&event(""));
    let _idle: Vec<_> = (0..42).map(|_| home.connect()).collect();
    wait_until("descriptors to run out", || daemon.logged("out of file descriptors"));
    early.record(&event(""));
    assert!(daemon.is_running());
    daemon.stop();
    let verdict = valid(&home, "audit");
    assert_eq!((verdict.length, verdict.status), (3, Status::Interrupted));
}

#[test]
fn n07_every_kind_of_receipt_has_the_shape_of_the_schema() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(""));
    let everything = r#""input":{"a":1},"output":{"b":[]},"error":"broken","issuer_name":"N","issuer_model":"M","operator_id":"did:web:x","operator_name":"X","idempotency_key":"7","correlation_id":"c","agent_type":"t","model":"m","usage":{"in":1},"capture_method":"hook","target_system":"filesystem","target_resource":"/x","drop_count":3"#;
    client.record(&event(everything));
    client.record(&event(&format!(r#"{everything},"agent_id":"a""#)));
    client.record(&event(r#""operator_id":"did:web:x""#));
    client.send("refused");
    client.record(&event("").replace("allowed", "denied"));
    client.record(&event("").replace("allowed", "pending"));
    client.send("refused and told at the end");
    wait_until("the last refusal", || {
        home.lines.lock().unwrap().iter().filter(|l| l.contains("refused")).count() == 2
    });
    daemon.stop().unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for row in home.rows() {
        kinds.insert(row.row.action_type.clone());
        let receipt = parse(row.row.receipt_json.as_bytes(), Rules::Receipt).unwrap();
        assert_shape(&receipt, "");
        for required in
            ["@context", "id", "type", "version", "issuer", "issuanceDate", "credentialSubject", "proof"]
        {
            assert!(!field(&receipt, required).is_null(), "no `{required}`");
        }
    }
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["agent_receipts.chain_interrupted", "agent_receipts.events_dropped", "sdk.t"]
    );
    // The verifier holds each against the schema's patterns as well.
    for chain in chain_ids(&home) {
        assert_eq!(valid(&home, &chain).findings, [], "`{chain}`");
    }
}

/// Every member is one that the schema knows in that place (`tool_name` and `runtime` are the later additions to it).
fn assert_shape(value: &Value, place: &str) {
    let Some(object) = value.as_object() else { return };
    let known = match place {
        "" => "@context id type version issuer issuanceDate credentialSubject proof",
        ".issuer" => "id type name operator model session_id runtime",
        ".issuer.operator" => "id name",
        ".issuer.runtime" => "agent_id agent_type model usage capture_method",
        ".credentialSubject" => {
            "principal action intent outcome authorization chain correlation_id delegation"
        }
        ".credentialSubject.principal" => "id type",
        ".credentialSubject.action" => {
            "id type tool_name risk_level target parameters_hash parameters_disclosure peer_credential \
             emitter_metadata timestamp trusted_timestamp idempotency_key"
        }
        ".credentialSubject.action.target" => "system resource",
        ".credentialSubject.action.peer_credential" => "platform pid uid gid exe_path",
        ".credentialSubject.action.emitter_metadata" => "drop_count",
        ".credentialSubject.outcome" => "status error reversible response_hash",
        ".credentialSubject.chain" => "sequence previous_receipt_hash chain_id terminal status",
        ".credentialSubject.delegation" => "parent_chain_id parent_receipt_id delegator",
        ".credentialSubject.delegation.delegator" => "id",
        ".proof" => "type created verificationMethod proofPurpose proofValue",
        // Whatever the emitter says it used.
        ".issuer.runtime.usage" => return,
        _ => panic!("an object at `{place}`"),
    };
    for (name, member) in object.iter() {
        assert!(known.split_whitespace().any(|word| word == name), "`{name}` in `{place}`");
        // The one null that a receipt may hold.
        assert!(!member.is_null() || name == "previous_receipt_hash", "`{place}.{name}` is null");
        assert_shape(member, &format!("{place}.{name}"));
    }
}

#[test]
fn n08_all_forty_six_action_types_have_the_risk_of_the_specification() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    for (risk, types) in RISKS {
        for kind in types.split_whitespace() {
            // An emitter cannot talk its risk down.
            client.send(&event(&format!(
                r#""action_type":"{kind}","risk_level":"none","correlation_id":"{risk}""#
            )));
        }
    }
    client.record(&event(r#""action_type":"financial.payment.initiate2","correlation_id":"medium""#));
    daemon.stop().unwrap();
    let mut events = home.chain("audit");
    events.pop();
    assert_eq!(events.len(), 46 + 1);
    for receipt in events {
        let action = &receipt.subject.action;
        assert_eq!(Some(&action.risk_level), receipt.subject.correlation_id.as_ref(), "{}", action.kind);
    }
}

/// The taxonomy by risk (specification, appendix A); 14 of the high and critical ones are unknown to the reference.
const RISKS: [(&str, &str); 4] = [
    (
        "low",
        "filesystem.file.create filesystem.file.read filesystem.directory.create filesystem.directory.list \
         system.application.launch system.browser.navigate communication.email.read document.file.create \
         data.api.read data.database.query",
    ),
    (
        "medium",
        "filesystem.file.modify filesystem.file.move system.application.control system.browser.form_submit \
         network.egress.observed communication.email.draft communication.calendar.create \
         communication.calendar.modify document.file.modify document.spreadsheet.modify_cell \
         document.spreadsheet.modify_structure document.presentation.modify_slide data.api.write",
    ),
    (
        "high",
        "filesystem.file.delete filesystem.directory.delete system.settings.modify system.command.execute \
         system.code.execute system.pty.close system.browser.authenticate communication.email.send \
         communication.email.delete communication.message.send communication.calendar.delete document.file.delete \
         document.file.share document.spreadsheet.modify_formula financial.subscription.cancel \
         financial.booking.create financial.booking.cancel data.api.delete data.database.modify",
    ),
    (
        "critical",
        "system.pty.open financial.payment.initiate financial.payment.authorize financial.subscription.create",
    ),
];

#[test]
fn n09_a_null_within_usage_does_not_split_the_hash() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    for usage in [
        r#"{"in":1,"n":null}"#,
        r#"{"in":1}"#,
        r#"{"a":{"b":null},"c":[{"d":null,"e":1}],"n":null}"#,
        r#"{"n":null}"#,
    ] {
        client.record(&event(&format!(r#""usage":{usage}"#)));
    }
    client.record(&event(r#""usage":null"#));
    daemon.stop().unwrap();
    let usages: Vec<_> = home
        .receipts()
        .into_iter()
        .map(|r| r.issuer.runtime.and_then(|runtime| runtime.usage).map(|usage| canonical(&usage)))
        .map(|usage| usage.map(|usage| String::from_utf8(usage).unwrap()))
        .collect();
    let expected =
        [r#"{"in":1}"#, r#"{"in":1}"#, r#"{"a":{},"c":[{"e":1}]}"#, "{}"].map(|u| Some(u.to_owned()));
    assert_eq!(usages[..4], expected);
    assert_eq!(usages[4..], [None, None], "no usage, no runtime");
    // Neither reading of the specification finds a null to keep or to leave out.
    assert_eq!(valid(&home, "audit").findings, []);
}

#[test]
fn n11_what_was_refused_is_told_to_the_sender_the_operator_and_the_chain() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    let refused = client.ask(&event("").replace("allowed", "perhaps"));
    let error = field(&refused, "error");
    assert_eq!(field(error, "code").as_str(), Some("invalid_frame"));
    assert!(field(error, "message").as_str().unwrap().contains("perhaps"), "{refused}");
    assert!(home.logged("perhaps"), "{:?}", home.lines.lock().unwrap());
    let accepted = client.record(&event(""));
    let row = &home.rows()[1].row;
    assert_eq!(field(&accepted, "receipt_id").as_str(), Some(row.id.as_str()));
    assert_eq!(field(&accepted, "receipt_hash").as_str(), Some(row.receipt_hash.as_str()));
    daemon.stop().unwrap();
    let told = &home.chain("audit")[0].subject.action;
    assert_eq!(told.kind, "agent_receipts.events_dropped");
    assert_eq!(told.emitter_metadata.as_ref().unwrap().drop_count, Some(1));
}

#[test]
fn n12_events_of_one_moment_share_a_commit() {
    // The reference syncs once a receipt. Here what waits goes to disk together, so the database's log holds far fewer
    // commits than receipts.
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    // While somebody else holds the database, events gather: a socket's buffer alone holds some two hundred of them.
    let holder = rusqlite::Connection::open(&home.config.db).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    (0..999).for_each(|_| client.send(&event("")));
    holder.execute_batch("ROLLBACK").unwrap();
    client.record(&event(""));
    let commits = commits_in(&std::fs::read(home.path("r.db-wal")).unwrap());
    daemon.stop().unwrap();
    assert!((1..500).contains(&commits), "{commits} commits for 1,000 receipts");
}

/// The commit frames of an SQLite write-ahead log: those whose header gives the database's size (bytes 4 to 8).
fn commits_in(log: &[u8]) -> usize {
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
}
