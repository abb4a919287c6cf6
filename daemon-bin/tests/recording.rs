//! What a frame becomes (wire protocol §1.7 to §1.9).

mod support;

use agent_receipts_core::json::{Rules, parse};
use agent_receipts_core::payload;
use support::{Home, event, field};

#[test]
fn an_event_becomes_a_signed_receipt_with_the_kernels_word_on_its_sender() {
    let home = Home::new();
    let daemon = home.start();
    let reply = home.connect().record(&event(
        r#""channel2":0,"input":{"b":2,"a":1},"output":[1,2],"idempotency_key":"7","correlation_id":"c1","issuer_name":"N","issuer_model":"M","operator_id":"did:web:x","target_system":"filesystem","target_resource":"/srv/x""#,
    ));
    daemon.stop().unwrap();
    let receipts = home.receipts();
    let receipt = &receipts[0];
    assert_eq!(field(&reply, "receipt_id").as_str(), Some(receipt.id.as_str()));
    assert_eq!(field(&reply, "chain_id").as_str(), Some("audit"));
    assert_eq!(field(&reply, "sequence").as_u64(), Some(1));
    assert_eq!(field(&reply, "receipt_hash").as_str(), Some(home.rows()[0].row.receipt_hash.as_str()));
    assert_eq!(
        (receipt.version.as_str(), receipt.context[1].as_str()),
        ("0.5.0", "https://agentreceipts.ai/context/v2")
    );
    let issuer = &receipt.issuer;
    assert_eq!(
        (issuer.id.as_str(), issuer.kind.as_deref()),
        ("did:agent-receipts-daemon:local", Some("AgentReceiptsDaemon"))
    );
    assert_eq!(
        (issuer.name.as_deref(), issuer.model.as_deref(), issuer.session_id.as_deref()),
        (Some("N"), Some("M"), Some("s"))
    );
    let operator = issuer.operator.as_ref().unwrap();
    assert_eq!((operator.id.as_str(), operator.name.as_str()), ("did:web:x", ""));
    assert_eq!(issuer.runtime, None);
    let action = &receipt.subject.action;
    assert_eq!(
        (action.kind.as_str(), action.tool_name.as_deref(), action.risk_level.as_str()),
        ("sdk.t", Some("t"), "medium")
    );
    assert_eq!(
        action.parameters_hash,
        Some(payload::hash(&parse(br#"{"a":1,"b":2}"#, Rules::Receipt).unwrap()))
    );
    assert_eq!(
        receipt.subject.outcome.response_hash,
        Some(payload::hash(&parse(b"[1,2]", Rules::Receipt).unwrap()))
    );
    assert_eq!(action.idempotency_key.as_deref(), Some("7"));
    assert_eq!(receipt.subject.correlation_id.as_deref(), Some("c1"));
    let target = action.target.as_ref().unwrap();
    assert_eq!((target.system.as_str(), target.resource.as_deref()), ("filesystem", Some("/srv/x")));
    let peer = action.peer_credential.as_ref().unwrap();
    assert_eq!(peer.pid, u64::from(std::process::id()));
    assert_eq!(peer.uid, Some(u64::from(rustix::process::getuid().as_raw())));
    assert_eq!(peer.exe_path.as_deref(), std::env::current_exe().unwrap().to_str());
    assert!(receipt.subject.principal.id.starts_with("did:user:"));
    // All times are the daemon's, none the emitter's.
    let proof = receipt.proof.as_ref().unwrap();
    assert_eq!([&receipt.issuance_date, &action.timestamp, &proof.created], ["2026-11-22T03:39:59Z"; 3]);
    assert_eq!(proof.verification_method, "did:agent-receipts-daemon:local#k1");
    assert!(home.logged("1 unknown keys"), "an unknown key is counted, never ignored in silence");
}

#[test]
fn status_follows_decision_error_and_the_mcp_flag() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    let cases = [
        (event(""), "success"),
        (event(r#""error":"broken""#), "failure"),
        (event(r#""output":{"isError":true}"#), "success"),
        (event("").replace("sdk", "mcp").replace(r#""t"}"#, r#""t"},"output":{"isError":true}"#), "failure"),
        (
            event("").replace("sdk", "mcp").replace(r#""t"}"#, r#""t"},"output":{"isError":"true"}"#),
            "success",
        ),
        (
            event("").replace("sdk", "mcp_proxy").replace(r#""t"}"#, r#""t"},"output":{"isError":true}"#),
            "success",
        ),
        (event("").replace("allowed", "denied"), "failure"),
        (event("").replace("allowed", "pending"), "pending"),
        (event(r#""error":"""#), "success"),
    ];
    cases.iter().for_each(|(frame, _)| drop(client.record(frame)));
    daemon.stop().unwrap();
    let statuses: Vec<_> = home.receipts().into_iter().map(|r| r.subject.outcome.status).collect();
    let expected: Vec<_> = cases.iter().map(|(_, status)| *status).chain(["success"]).collect();
    assert_eq!(statuses, expected);
}

#[test]
fn the_action_type_comes_from_the_channel_and_tool_unless_the_emitter_names_one() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    let cases = [
        (
            event("")
                .replace(r#"{"name":"t"}"#, r#"{"server":"github","name":"list_repos"}"#)
                .replace("sdk", "mcp_proxy"),
            "mcp_proxy.github.list_repos",
            "medium",
        ),
        (event(r#""action_type":"system.command.execute""#), "system.command.execute", "high"),
        (event(r#""action_type":"financial.payment.initiate""#), "financial.payment.initiate", "critical"),
        (event(r#""action_type":"filesystem.file.read""#), "filesystem.file.read", "low"),
        (event(r#""action_type":"Filesystem.File.Read""#), "Filesystem.File.Read", "medium"),
        (event(r#""action_type":"""#), "sdk.t", "medium"),
    ];
    cases.iter().for_each(|(frame, ..)| drop(client.record(frame)));
    daemon.stop().unwrap();
    for (receipt, (_, kind, risk)) in home.receipts().iter().zip(&cases) {
        assert_eq!(
            (receipt.subject.action.kind.as_str(), receipt.subject.action.risk_level.as_str()),
            (*kind, *risk)
        );
    }
}

#[test]
fn null_payloads_leave_no_hash_and_primitive_ones_do() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(r#""input":null,"output":null"#));
    client.record(&event(r#""input":"x","output":0"#));
    client.record(&event(r#""input":false,"output":[]"#));
    daemon.stop().unwrap();
    let receipts = home.receipts();
    let hashes = |n: usize| {
        (
            receipts[n].subject.action.parameters_hash.is_some(),
            receipts[n].subject.outcome.response_hash.is_some(),
        )
    };
    assert_eq!([hashes(0), hashes(1), hashes(2)], [(false, false), (true, true), (true, true)]);
}

#[test]
fn payloads_are_hashed_as_the_reference_hashes_them() {
    // Expected: the canonical text that the reference's reading of the payload has.
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let cases: [(&[u8], &str); 7] = [
        (br#""\ud800""#, "\"\u{fffd}\""),
        (b"\"\xff\"", "\"\u{fffd}\""),
        (br#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        (b"9007199254740993", "9007199254740992"),
        (b"1e-400", "0"),
        (b"-0", "0"),
        (deep.as_bytes(), &deep),
    ];
    for (payload, _) in &cases {
        let frame = event(r#""ack":true,"input":PAYLOAD"#);
        let (before, after) = frame.split_once("PAYLOAD").unwrap();
        client.send_bytes(&[before.as_bytes(), payload, after.as_bytes()].concat());
        let reply = client.reply();
        assert_eq!(field(&reply, "ok").as_bool(), Some(true), "{reply}");
    }
    daemon.stop().unwrap();
    for (receipt, (payload, canonical)) in home.receipts().iter().zip(cases) {
        let expected = agent_receipts_core::ReceiptHash::of(canonical.as_bytes()).to_string();
        assert_eq!(
            receipt.subject.action.parameters_hash.as_deref(),
            Some(expected.as_str()),
            "{:?}",
            String::from_utf8_lossy(&payload[..payload.len().min(40)])
        );
    }
}

#[test]
fn runtime_facts_are_kept_and_their_nulls_left_out() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(r#""model":"m","usage":{"in":1,"n":null,"deep":[{"x":null,"y":2},null]},"capture_method":"transcript""#));
    client.record(&event(r#""agent_type":"explore""#));
    client.record(&event(r#""usage":[1,2]"#));
    daemon.stop().unwrap();
    let receipts = home.receipts();
    let runtime = receipts[0].issuer.runtime.as_ref().unwrap();
    assert_eq!(runtime.usage.as_ref().unwrap().to_string(), r#"{"deep":[{"y":2},null],"in":1}"#);
    assert_eq!(
        (runtime.model.as_deref(), runtime.capture_method.as_deref()),
        (Some("m"), Some("transcript"))
    );
    assert_eq!(receipts[1].issuer.runtime, None, "a type alone makes no runtime");
    assert_eq!(receipts[2].issuer.runtime.as_ref().unwrap().usage.as_ref().unwrap().to_string(), "[1,2]");
}

#[test]
fn error_texts_are_redacted_before_they_are_signed() {
    let home = Home::new();
    let daemon = home.start();
    let secret = "ghp_0123456789012345678901234567890123456789";
    home.connect()
        .record(&event(&format!(r#""error":"{{\"code\":1,\"token\":\"abc\",\"m\":\"{secret}\"}}""#)));
    daemon.stop().unwrap();
    let error = home.receipts()[0].subject.outcome.error.clone();
    assert_eq!(error.as_deref(), Some(r#"{"code":1,"m":"[REDACTED]","token":"[REDACTED]"}"#));
    let on_disk = std::fs::read(home.path("r.db")).unwrap();
    assert!(!on_disk.windows(secret.len()).any(|window| window == secret.as_bytes()));
}

#[test]
fn an_agent_gets_a_chain_of_its_own_that_names_its_parent() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    let parent = client.record(&event(""));
    client.record(&event(r#""agent_id":"ag1","agent_type":"explore""#));
    client.record(&event(r#""agent_id":"ag1""#));
    client.record(&event(""));
    daemon.stop().unwrap();
    let agent = home.chain("audit/agent/ag1");
    let delegation = agent[0].subject.delegation.as_ref().unwrap();
    assert_eq!(delegation.parent_chain_id, "audit");
    assert_eq!(Some(delegation.parent_receipt_id.as_str()), field(&parent, "receipt_id").as_str());
    assert_eq!(delegation.delegator.id, "did:agent-receipts-daemon:local");
    assert!(agent[1].subject.delegation.is_none());
    let runtime = agent[0].issuer.runtime.as_ref().unwrap();
    assert_eq!((runtime.agent_id.as_deref(), runtime.agent_type.as_deref()), (Some("ag1"), Some("explore")));
    assert_eq!(agent.last().unwrap().subject.chain.status.as_deref(), Some("interrupted"));
    assert_eq!(home.chain("audit").len(), 3);
}

#[test]
fn an_agent_before_any_root_receipt_has_no_parent_to_name() {
    let home = Home::new();
    let daemon = home.start();
    home.connect().record(&event(r#""agent_id":"ag1""#));
    daemon.stop().unwrap();
    assert!(home.chain("audit/agent/ag1")[0].subject.delegation.is_none());
    assert!(home.chain("audit").is_empty());
}

#[test]
fn dropped_events_stand_right_before_the_event_that_reports_them() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(""));
    client.record(&event(r#""drop_count":3"#));
    client.record(&event(r#""drop_count":0"#));
    client.record(&event(r#""drop_count":2,"agent_id":"a""#));
    daemon.stop().unwrap();
    let root = home.chain("audit");
    let kinds: Vec<_> = root.iter().map(|r| r.subject.action.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["sdk.t", "agent_receipts.events_dropped", "sdk.t", "sdk.t", "agent_receipts.chain_interrupted"]
    );
    let dropped = &root[1];
    assert_eq!(dropped.subject.action.emitter_metadata.as_ref().unwrap().drop_count, Some(3));
    assert_eq!(
        (dropped.subject.action.risk_level.as_str(), dropped.subject.action.tool_name.as_deref()),
        ("low", Some("events_dropped"))
    );
    assert!(dropped.subject.action.peer_credential.is_some());
    assert_eq!(dropped.issuer.session_id.as_deref(), Some("s"));
    // On an agent's chain the first receipt carries the delegation, whichever it is.
    let agent = home.chain("audit/agent/a");
    assert_eq!(agent[0].subject.action.kind, "agent_receipts.events_dropped");
    assert!(agent[0].subject.delegation.is_some() && agent[1].subject.delegation.is_none());
}

#[test]
fn receipts_of_version_0_6_0_are_written_on_request() {
    let mut home = Home::new();
    home.config.receipt_version = agent_receipts_core::Version::V0_6_0;
    let daemon = home.start();
    home.connect().record(&event(""));
    daemon.stop().unwrap();
    let receipt = &home.receipts()[0];
    assert_eq!(
        (receipt.version.as_str(), receipt.context[1].as_str()),
        ("0.6.0", "https://agentreceipts.ai/context/v3")
    );
}

#[test]
fn receipt_ids_ascend() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    (0..50).for_each(|_| drop(client.record(&event(""))));
    daemon.stop().unwrap();
    let ids: Vec<_> = home.rows().into_iter().map(|row| row.row.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}
