//! `mcp` and `approvals` are the proxy's own program, with all its flags.

use super::Desk;
use crate::house::Said;

fn said(desk: &Desk, line: &[&str]) -> Said {
    desk.script("bin/agent-receipts-mcp", "for one in \"$@\"; do printf '<%s>' \"$one\"; done; cat; exit 7");
    let mut command = desk.house.command(line);
    Said::of(&command.env("AGENTRECEIPTS_MCP_BIN", desk.proxy()).output().unwrap())
}

#[test]
fn everything_after_the_word_is_the_proxys() {
    let desk = Desk::new();
    for (line, expected) in [
        (&["mcp", "--", "npx", "-y", "--", "x"][..], "<--><npx><-y><--><x>"),
        (
            &["mcp", "--name", "n", "--json", "--config", "c", "--", "serve"],
            "<--name><n><--json><--config><c><--><serve>",
        ),
        (&["mcp", "check", "rules.yaml"], "<check><rules.yaml>"),
        (&["mcp", "--help"], "<--help>"),
        (&["mcp"], ""),
        (&["approvals"], "<approvals>"),
        (&["approvals", "approve", "17", "--json"], "<approvals><approve><17><--json>"),
        (&["--json", "approvals", "list"], "<approvals><--json><list>"),
        (&["--json", "mcp", "check", "rules.yaml"], "<check><--json><rules.yaml>"),
        (&["--json", "mcp", "approvals", "list"], "<approvals><--json><list>"),
        (&["--json", "mcp", "--", "check"], "<--json><--><check>"),
    ] {
        let said = said(&desk, line);
        assert_eq!((said.code, said.out.as_str()), (7, expected), "{line:?} {}", said.all());
    }
}

#[test]
fn a_broken_configuration_of_the_daemon_is_no_matter_of_the_proxys() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.house.data("")).unwrap();
    std::fs::write(desk.house.data("daemon.toml"), "[").unwrap();
    assert_eq!(said(&desk, &["mcp", "--", "x"]).out, "<--><x>");
}

#[test]
fn without_the_proxy_the_mend_is_named() {
    let desk = Desk::new();
    let mut command = desk.house.command(["mcp", "--", "x"]);
    let said = Said::of(&command.env("AGENTRECEIPTS_MCP_BIN", "absent").output().unwrap());
    assert!(said.code == 1 && said.err.contains("not an executable file"), "{}", said.all());
}
