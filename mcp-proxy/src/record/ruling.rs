//! What a policy said, as a receipt's target has it.

use agent_receipts_core::clipped;
use agent_receipts_core::json::{Object, Value};

use crate::approvals::Approver;
use crate::policy::Judgement;

/// The target's system; the resource is the ruling.
pub(crate) const SYSTEM: &str = "mcp-policy";

/// One line of canonical JSON, of at most 4096 bytes whatever a rule is called: a target is the one place of a receipt that is not hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruling(String);

impl Ruling {
    /// What `rules`, the digest of the active ones, said of a call.
    pub(crate) fn of(judgement: &Judgement, rules: &str) -> Self {
        Self::from(members(judgement, rules))
    }

    /// The same, and who decided where somebody was asked.
    pub(crate) fn decided(judgement: &Judgement, rules: &str, approver: Option<&Approver>) -> Self {
        let mut members = members(judgement, rules);
        members.insert("approver", approver.map_or_else(nobody, who));
        Self::from(members)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Object> for Ruling {
    fn from(members: Object) -> Self {
        Self(Value::Object(members).to_string())
    }
}

fn members(judgement: &Judgement, rules: &str) -> Object {
    let rule = judgement.rule.as_ref().map(|rule| clipped(rule, MOST));
    let members: [(&str, Value); 5] = [
        ("action", judgement.action.as_str().into()),
        ("operation", judgement.operation.as_str().into()),
        ("rule", rule.into()),
        ("rules", rules.into()),
        ("score", u32::from(judgement.score).into()),
    ];
    members.into_iter().collect()
}

fn nobody() -> Value {
    let members: [(&str, Value); 1] = [("by", "nobody".into())];
    Value::Object(members.into_iter().collect())
}

/// The kernel's word where there is one.
fn who(approver: &Approver) -> Value {
    let mut members: Object = [("by", approver.way.as_str())].into_iter().collect();
    if let Some(peer) = &approver.peer {
        members.insert("pid", peer.pid);
        members.insert("uid", peer.uid);
        if let Some(exe) = &peer.exe_path {
            members.insert("exe", clipped(exe, MOST));
        }
    }
    Value::Object(members)
}

/// The most bytes of a name: two of them, each byte written as `\u0000`, and the rest fit.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approvals::Way;
    use crate::policy::{Action, Operation};
    use agent_receipts_ipc::{MAX_RESOURCE, Peer};

    fn judgement(rule: &str) -> Judgement {
        Judgement {
            action: Action::Pause,
            rule: Some(rule.to_owned()),
            description: String::new(),
            operation: Operation::Delete,
            score: 70,
            parts: Vec::new(),
            matched: Vec::new(),
        }
    }

    #[test]
    fn it_is_one_line_of_canonical_json() {
        assert_eq!(
            Ruling::of(&judgement("r"), "sha256:0").as_str(),
            r#"{"action":"pause","operation":"delete","rule":"r","rules":"sha256:0","score":70}"#
        );
        let decided = Ruling::decided(&judgement("r"), "x", None);
        assert!(decided.as_str().contains(r#""approver":{"by":"nobody"}"#), "{decided:?}");
    }

    #[test]
    fn it_fits_whatever_is_in_it() {
        let peer = Peer {
            platform: "linux",
            pid: i32::MAX,
            uid: u32::MAX,
            gid: 0,
            exe_path: Some("\u{1}".repeat(9999)),
        };
        let approver = Approver { way: Way::Socket, peer: Some(peer) };
        let rules = format!("sha256:{}", "0".repeat(64));
        let ruling = Ruling::decided(&judgement(&"\u{1}".repeat(9999)), &rules, Some(&approver));
        assert!(ruling.as_str().len() <= MAX_RESOURCE, "{}", ruling.as_str().len());
    }
}
