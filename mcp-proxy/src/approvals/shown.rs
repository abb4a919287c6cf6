//! What an approver is shown of a call's arguments.

use agent_receipts_core::ReceiptHash;
use agent_receipts_core::redaction::Redactor;

/// `arguments`, JSON text, for the eyes of whoever approves: without the secrets that `redactor` knows, and never longer than 64 KiB.
///
/// What is longer is told by its length and its digest, which the call's receipts have, too. Its beginning would be what whoever
/// made it wanted to be seen.
pub fn shown(arguments: &str, redactor: &Redactor) -> String {
    let shown = match arguments.len() <= MOST {
        true => redactor.redact(arguments),
        false => String::new(),
    };
    if arguments.len() <= MOST && shown.len() <= MOST {
        return shown;
    }
    let (bytes, sha256) = (arguments.len(), ReceiptHash::of(arguments.as_bytes()));
    format!(r#"{{"withheld":{{"bytes":{bytes},"sha256":"{sha256}"}}}}"#)
}

/// Bytes.
const MOST: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use agent_receipts_core::redaction::CustomPattern;

    #[test]
    fn secrets_are_not_shown_and_the_rest_is() {
        let own = CustomPattern { name: "ticket".to_owned(), pattern: "TICKET-[0-9]+".to_owned() };
        let redactor = Redactor::new(&[own]).unwrap();
        let token = format!("ghp_{}", "a".repeat(36));
        let arguments =
            format!(r#"{{"path":"/a","password":"p","note":"{token} TICKET-7","n":{{"api_key":[1]}}}}"#);
        let shown = shown(&arguments, &redactor);
        assert!(shown.contains(r#""path":"/a""#), "{shown}");
        for secret in ["\"p\"", &token, "TICKET-7", "[1]"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn what_is_too_long_is_told_by_its_digest_and_not_by_its_beginning() {
        let redactor = Redactor::new(&[]).unwrap();
        let long = format!(r#"{{"a":"harmless","b":"{}"}}"#, "x".repeat(MOST));
        let shown = shown(&long, &redactor);
        assert!(!shown.contains("harmless") && shown.len() < 200, "{shown}");
        assert!(shown.contains(&ReceiptHash::of(long.as_bytes()).to_string()), "{shown}");
    }

    #[test]
    fn redaction_cannot_make_it_longer_than_the_bound() {
        let redactor = Redactor::new(&[]).unwrap();
        let many = format!("[{}1]", r#"{"pin":1},"#.repeat(6_000));
        assert!(many.len() <= MOST && shown(&many, &redactor).contains("withheld"));
    }
}
