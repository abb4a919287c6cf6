//! With the real hook, proxy and daemon: what a host does with the configuration leaves receipts.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use super::{Desk, json, read};
use crate::daemon::Daemon;
use crate::house::{hook_binary, proxy_binary, wait_until};

/// A server that has one tool, as far as one call of it needs.
const SERVER: &str = r#"while read -r line; do
case $line in *'"id":1'*) printf '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}\n';; esac
done"#;
const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_page","arguments":{"page":1}}}"#;

fn receipts(desk: &Desk) -> Vec<serde_json::Value> {
    let said = desk.house.say(["export"]);
    assert_eq!(said.code, 0, "{}", said.all());
    said.out.lines().map(json).collect()
}

#[test]
fn a_call_through_the_written_configuration_reaches_the_server_and_leaves_receipts() {
    let desk = Desk::new();
    let _daemon = Daemon::start(&desk.house);
    let server = desk.script("bin/pages", SERVER).display().to_string();
    let path = desk.write(
        ".cursor/mcp.json",
        &serde_json::json!({"mcpServers": {"my pages": {"command": server}}}).to_string(),
    );
    desk.well(&["cursor", "--mcp-bin", proxy_binary().to_str().unwrap()]);
    let entry = &json(&read(&path))["mcpServers"]["my pages"];
    let mut host = desk.house.of(entry["command"].as_str().unwrap());
    host.args(entry["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()));
    let mut host = host.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = host.stdin.take().unwrap();
    writeln!(input, "{CALL}").unwrap();
    let mut answer = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut answer).unwrap();
    assert_eq!(json(&answer)["result"]["content"][0]["text"], "done");
    drop(input);
    assert!(host.wait().unwrap().success());
    let ours = || {
        receipts(&desk)
            .into_iter()
            .filter(|receipt| receipt.to_string().contains("read_page"))
            .collect::<Vec<_>>()
    };
    // One before the call goes to the server, one with its result.
    wait_until("both receipts are there", || ours().len() == 2);
    assert!(ours().iter().all(|receipt| receipt.to_string().contains("my pages")), "{:?}", ours());
    assert_eq!(desk.house.say(["verify"]).code, 0);
}

#[test]
fn an_event_that_the_written_hook_is_told_leaves_a_receipt() {
    let desk = Desk::new();
    let _daemon = Daemon::start(&desk.house);
    desk.well(&["claude-code", "--hook-bin", hook_binary().to_str().unwrap()]);
    let settings = json(&read(&desk.home(".claude/settings.json")));
    let command = settings["hooks"]["PostToolUse"][0]["hooks"][0]["command"].as_str().unwrap();
    let event = serde_json::json!({"hook_event_name": "PostToolUse", "session_id": "s", "tool_use_id": "t", "tool_name": "Bash",
        "tool_input": {"command": "ls"}, "tool_response": {"stdout": ""}});
    std::fs::write(desk.house.path("event"), event.to_string()).unwrap();
    let said = desk.house.shell(&format!("{command} < event"));
    assert!(said.code == 0 && said.err.is_empty(), "{}", said.all());
    wait_until("the receipt is there", || {
        receipts(&desk).iter().any(|receipt| receipt.to_string().contains("system.command.execute"))
    });
}

#[test]
fn addresses_that_are_wrapped_are_those_that_the_proxy_takes() {
    let addresses = [
        "https://mcp.example.org:8443/v1?project=a",
        "http://localhost/",
        "http://127.0.0.1:8080/mcp",
        "http://[::1]:1/",
        "http://mcp.example.org/",
        "https://h:99999/",
        "https://h/#x",
        "https://me@h/",
        "ftp://h/",
    ];
    let desk = Desk::new();
    let servers: serde_json::Map<String, serde_json::Value> = addresses
        .iter()
        .enumerate()
        .map(|(at, address)| (format!("s{at}"), serde_json::json!({ "url": address })))
        .collect();
    let path = desk.write(".cursor/mcp.json", &serde_json::json!({ "mcpServers": servers }).to_string());
    desk.well(&["cursor", "--mcp-bin", proxy_binary().to_str().unwrap()]);
    let after = json(&read(&path));
    let mut taken = 0;
    for (at, address) in addresses.iter().enumerate() {
        let wrapped = after["mcpServers"][format!("s{at}")].get("args").is_some();
        let mut proxy = desk.house.of(proxy_binary().to_str().unwrap());
        // Nothing is said to it, so that it reaches for nobody.
        let output = proxy.args(["--name", "n", "--remote", address]).output().unwrap();
        assert_eq!(output.status.success(), wrapped, "{address} {output:?}");
        taken += usize::from(wrapped);
    }
    assert_eq!(taken, 4);
}
