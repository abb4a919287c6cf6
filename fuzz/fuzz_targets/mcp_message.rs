#![no_main]
//! What a client's message is taken for is what a server takes it for that reads line by line, and nothing else gets through.

use agent_receipts_mcp::{Message, decode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|message: &[u8]| {
    let Ok(decoded) = decode(message) else { return };
    let bytes = decoded.bytes.strip_suffix(b"\r").unwrap_or(&decoded.bytes);
    let text = std::str::from_utf8(bytes).expect("text");
    // (A line feed cannot come: lines are cut there before.)
    assert!(!text.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}']), "one line to everybody");
    assert_eq!(decode(&decoded.bytes).as_ref().map(|again| &again.message), Ok(&decoded.message));
    // It reads no deeper than 128, and rounds huge numbers to no number at all.
    let Ok(server) = serde_json::from_str::<Value>(text) else { return };
    assert_eq!(server.get("method").is_none(), matches!(decoded.message, Message::Reply(..)));
    let Message::Call(id, call) = decoded.message else {
        return assert_ne!(server["method"], "tools/call", "no call gets through as something else");
    };
    assert_eq!(server["method"], "tools/call");
    assert_eq!(serde_json::from_str::<Value>(id.as_json()).expect("an id"), server["id"]);
    assert_eq!(server["params"]["name"], *call.name);
    let arguments = call.text.map(|text| serde_json::from_str::<Value>(&text).expect("arguments"));
    assert_eq!(arguments.as_ref(), server["params"].get("arguments"));
});
