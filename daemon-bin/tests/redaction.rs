//! Redaction as it reaches receipts: the reference's list, the form of key that it misses, and the operator's own file.
#![allow(clippy::unwrap_used)]

mod support;

use agent_receipts_core::json::Value;
use agent_receipts_daemon::{PatternFileError, StartError};
use support::{Home, event};

/// Records each text as the error of an event, and gives what the receipts hold.
fn recorded(home: &Home, errors: &[String]) -> Vec<String> {
    let daemon = home.start();
    let mut client = home.connect();
    for error in errors {
        client.record(&event(&format!(r#""error":{}"#, Value::from(error.as_str()))));
    }
    daemon.stop().unwrap();
    let receipts = home.receipts().into_iter().take(errors.len());
    receipts.map(|receipt| receipt.subject.outcome.error.unwrap()).collect()
}

fn holds(path: std::path::PathBuf, words: &str) -> bool {
    let content = std::fs::read(path).unwrap();
    content.windows(words.len()).any(|window| window == words.as_bytes())
}

/// The very file that the daemon signs with, as a program would print it that fell over it.
#[test]
fn the_daemons_own_key_never_stands_in_a_receipt() {
    let home = Home::new();
    let key = std::fs::read_to_string(home.path("k")).unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"), "the form that the reference's pattern misses");
    let body = key.lines().nth(1).unwrap().to_owned();
    let errors = [format!("cat: {key}: denied"), format!(r#"{{"stderr":"{}"}}"#, key.replace('\n', "\\n"))];
    let stored = recorded(&home, &errors);
    assert_eq!(stored, ["cat: [REDACTED]\n: denied", "{\"stderr\":\"[REDACTED]\\n\"}"]);
    assert!(!holds(home.path("r.db"), &body));
}

#[test]
fn the_operators_own_patterns_come_from_a_file() {
    let mut home = Home::new();
    let file = home.path("patterns.yaml");
    std::fs::write(&file, "patterns:\n  - {name: ticket, pattern: 'TICKET-\\d+'}\n").unwrap();
    home.config.redact_patterns = Some(file);
    let stored = recorded(&home, &["see TICKET-12 and ?token=abc".to_owned(), "nothing here".to_owned()]);
    assert_eq!(stored, ["see [REDACTED] and ?token=[REDACTED]", "nothing here"]);
    assert!(!holds(home.path("r.db"), "TICKET-12"));
}

/// A daemon that cannot redact as told must not record.
#[test]
fn patterns_that_cannot_be_used_refuse_the_start() {
    for (content, named) in [
        ("patterns: [", "patterns.yaml"),
        ("patterns:\n  - {name: a}\n", "patterns.yaml"),
        ("patterns:\n  - {name: the bad one, pattern: '('}\n", "`the bad one`"),
        ("patterns:\n  - {name: hollow, pattern: 'x*'}\n", "`hollow`"),
    ] {
        let mut home = Home::new();
        let file = home.path("patterns.yaml");
        std::fs::write(&file, content).unwrap();
        home.config.redact_patterns = Some(file);
        let Err(StartError::Redact(error)) = home.try_start() else { panic!("started with {content:?}") };
        assert!(error.to_string().contains(named), "{error}");
        assert!(!home.config.db.exists() && !home.config.socket.exists());
    }
    let mut home = Home::new();
    home.config.redact_patterns = Some(home.path("none.yaml"));
    assert!(matches!(home.try_start(), Err(StartError::Redact(PatternFileError::Unreadable { .. }))));
}
