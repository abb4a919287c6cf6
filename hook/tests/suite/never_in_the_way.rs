//! Nothing that goes wrong is held against the agent, unless it is asked for.

use std::os::unix::net::UnixListener;

use crate::receiver::Receiver;

const EVENT: &[u8] =
    br#"{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Bash","tool_input":{}}"#;

#[test]
fn without_a_daemon_the_loss_is_said_and_told_by_the_next_call_of_the_session() {
    let receiver = Receiver::new();
    let nobody = receiver.socket().with_file_name("nobody");
    let nobody = nobody.to_str().unwrap();
    for (args, code) in [(vec!["--socket", nobody], 0), (vec!["--strict", "--socket", nobody], 2)] {
        let output = receiver.run(&args, EVENT);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot reach the daemon"), "{output:?}");
    }
    let (_, other) = receiver.hook(&[], &EVENT.replace(b"\"s\"", b"\"t\""));
    assert_eq!(other.get("drop_count"), None, "another session's loss is not this one's");
    let (_, frame) = receiver.hook(&[], EVENT);
    assert_eq!(frame["drop_count"], 2);
    let (_, frame) = receiver.hook(&[], EVENT);
    assert_eq!(frame.get("drop_count"), None);
}

#[test]
fn where_nothing_can_be_said_the_code_still_says_it() {
    let receiver = Receiver::new();
    let nobody = receiver.socket().with_file_name("nobody");
    for (strict, code) in [(None, 0), (Some("--strict"), 2)] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = receiver.command();
        command.arg("--socket").arg(&nobody).args(strict).arg(r#"{"tool":"t"}"#).stderr(full);
        assert_eq!(command.status().unwrap().code(), Some(code));
    }
}

#[test]
fn what_was_lost_without_a_session_is_told_by_the_next_call_without_one() {
    let receiver = Receiver::new();
    let nobody = receiver.socket().with_file_name("nobody");
    for said in [&br#"{"tool":"t"}"#[..], b"unreadable"] {
        assert!(receiver.run(&["--socket", nobody.to_str().unwrap()], said).status.success());
    }
    let (_, frame) = receiver.hook(&[], br#"{"tool":"u"}"#);
    assert_eq!((&frame["drop_count"], &frame["session_id"]), (&2.into(), &"hook".into()));
}

#[test]
fn a_daemon_that_does_not_read_holds_nobody_up() {
    let receiver = Receiver::new();
    let path = receiver.socket().with_file_name("deaf");
    let _deaf = UnixListener::bind(&path).unwrap();
    let said = format!(r#"{{"tool":"t","input":"{}"}}"#, "x".repeat(700_000));
    let output = receiver.run(&["--socket", path.to_str().unwrap()], said.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot send"), "{output:?}");
}

#[test]
fn what_cannot_be_read_is_recorded_as_that() {
    let deep = format!(r#"{{"tool":{}"#, "[".repeat(100_000));
    for said in [
        &b""[..],
        b"{",
        b"[1]",
        b"null",
        b"{}",
        b"\xff\xfe",
        br#"{"hook_event_name":7}"#,
        br#"{"hook_event_name":"A","hook_event_name":"B"}"#,
        br#"{"tool":"t","surprise":1}"#,
        br#"{"tool":"t","decision":"maybe"}"#,
        br#"{"tool":""}"#,
        deep.as_bytes(),
    ] {
        let receiver = Receiver::new();
        let (output, frame) = receiver.hook(&[], said);
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stderr.is_empty());
        assert_eq!(frame["tool"]["name"], "unreadable");
        assert_eq!(frame["input"]["withheld"]["bytes"], said.len());
        assert!(frame["error"].as_str().is_some_and(|error| !error.is_empty()));
        let (output, _) = receiver.hook(&["--strict"], said);
        assert_eq!(output.status.code(), Some(2));
    }
}

/// An event that is written twice over, as one text, is all of it a value.
#[test]
fn what_cannot_be_read_is_not_repeated() {
    for said in [
        &br#""{\"tool\":\"s3cret, expected x\"}""#[..],
        br#"{"tool":"t","target":"s3cret"}"#,
        br#"{"hook_event_name":"PreToolUse","is_interrupt":"s3cret"}"#,
        br#"{"hook_event_name":"PreToolUse","session_id":531337}"#,
    ] {
        let receiver = Receiver::new();
        let (output, frame) = receiver.hook(&[], said);
        assert_eq!(frame["tool"]["name"], "unreadable");
        let told = format!("{} {}", String::from_utf8_lossy(&output.stderr), frame["error"]);
        assert!(told.contains("invalid type: ") && told.contains(", expected "), "{told}");
        assert!(!told.contains("s3cret") && !told.contains("531337"), "{told}");
    }
}

#[test]
fn a_wrong_command_line_fails_only_who_asked_for_it() {
    let receiver = Receiver::new();
    for (args, code) in
        [(&["--no-such-flag"][..], 0), (&["--format", "none"], 0), (&["--strict", "--no-such-flag"], 2)]
    {
        let output = receiver.run(args, EVENT);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn no_payload_is_repeated_where_others_may_read_it() {
    let receiver = Receiver::new();
    let said = br#"{"tool":"t","input":"hunter2","decision":"hunter2"}"#;
    let (output, frame) = receiver.hook(&[], said);
    let printed = format!("{} {frame}", String::from_utf8_lossy(&output.stderr));
    assert!(!printed.contains("hunter2"), "{printed}");
}

trait Replace {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl Replace for [u8] {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(self.to_vec()).unwrap();
        text.replace(std::str::from_utf8(from).unwrap(), std::str::from_utf8(to).unwrap()).into_bytes()
    }
}
