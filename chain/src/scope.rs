//! Names of root chains of which a daemon keeps many: one for each user, or one for each session of a user.
//!
//! They stand under the name that the daemon was given: `audit/uid/1000`, `audit/session/1000/abc`. A session's name is an
//! emitter's claim, so the user's number, which is the kernel's, stands before it: nobody can write into another's session.

use std::fmt::Write as _;

use crate::chain_id::root_of;

/// What a root chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Everything that one user does.
    User(u32),
    /// One session of a user.
    Session(u32, &'a str),
}

const USER: &str = "/uid/";
const SESSION: &str = "/session/";

/// The first chain of a scope under `base`. Different scopes never have the same.
///
/// ```
/// use agent_receipts_chain::{Scope, scoped_chain_id};
///
/// assert_eq!(scoped_chain_id("audit", Scope::User(1000)), "audit/uid/1000");
/// assert_eq!(scoped_chain_id("audit", Scope::Session(1000, "a/b")), "audit/session/1000/a%2Fb");
/// ```
pub fn scoped_chain_id(base: &str, scope: Scope<'_>) -> String {
    match scope {
        Scope::User(uid) => format!("{base}{USER}{uid}"),
        Scope::Session(uid, session) => format!("{base}{SESSION}{uid}/{}", encode(session)),
    }
}

/// The name under which a chain stands, be it a user's, a session's or an agent's: the one that the daemon was given.
///
/// ```
/// use agent_receipts_chain::base_of;
///
/// for chain in ["audit", "audit/uid/1000/2", "audit/session/1000/x", "audit/session/1000/x/agent/a"] {
///     assert_eq!(base_of(chain), "audit");
/// }
/// ```
pub fn base_of(chain_id: &str) -> &str {
    let root = root_of(chain_id);
    split(root).map_or(root, |(base, _)| base)
}

/// Whether a chain is a user's or a session's, or an agent's below one.
pub fn is_scoped_chain(chain_id: &str) -> bool {
    split(root_of(chain_id)).is_some()
}

/// The base of a root chain, and the counter behind its scope, if it is scoped.
pub(crate) fn split(root: &str) -> Option<(&str, Option<u64>)> {
    let user = root.rsplit_once(USER).and_then(|(base, rest)| Some((base, behind(rest, 1)?)));
    user.or_else(|| root.rsplit_once(SESSION).and_then(|(base, rest)| Some((base, behind(rest, 2)?))))
}

/// What stands behind the `parts` of a scope: nothing, or a counter. `None` if that is no scope.
fn behind(rest: &str, parts: usize) -> Option<Option<u64>> {
    let all: Vec<&str> = rest.split('/').collect();
    let is_uid = !all[0].is_empty() && all[0].bytes().all(|byte| byte.is_ascii_digit());
    if !is_uid || all.iter().any(|part| part.is_empty()) {
        return None;
    }
    match all.len().checked_sub(parts)? {
        0 => Some(None),
        1 => counter(all[parts]).map(Some),
        _ => None,
    }
}

/// A counter, from 1: no leading zero, and short enough that counting on never overflows. Behind a slash no date stands.
fn counter(digits: &str) -> Option<u64> {
    let looks_right =
        digits.len() <= 18 && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| looks_right)
}

/// Letters, digits and a few signs as they are, every other byte as `%` and two digits. What would be long is named by its
/// digest behind a `~`, which no other name begins with.
fn encode(session: &str) -> String {
    let mut name = String::with_capacity(session.len());
    for byte in session.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b':' => {
                name.push(char::from(byte))
            }
            // Writing to a string does not fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    if name.is_empty() || name.len() > LONGEST {
        let digest = agent_receipts_core::ReceiptHash::of(session.as_bytes()).to_string();
        return format!("~{}", digest.trim_start_matches("sha256:"));
    }
    name
}

/// Bytes of a session's name in a chain's.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{agent_chain_id, is_agent_chain, next_chain_id, root_of};

    #[test]
    fn different_scopes_never_share_a_chain() {
        let long = "x".repeat(500);
        let sessions = [
            "a", "A", "a/2", "a%2F2", "a-2", "2", "", "~", ".", "..", "é", "a b", "a\0", "/", "agent/x",
            &long,
        ];
        let mut seen = BTreeSet::new();
        for uid in [0, 1, 10, 1000, u32::MAX] {
            for scope in
                sessions.map(|session| Scope::Session(uid, session)).into_iter().chain([Scope::User(uid)])
            {
                let mut chain = scoped_chain_id("2026-11-22", scope);
                for _ in 0..2_000 {
                    assert!(seen.insert(chain.clone()), "{scope:?}: {chain}");
                    assert_eq!(
                        (base_of(&chain), root_of(&chain)),
                        ("2026-11-22", chain.as_str()),
                        "{scope:?}"
                    );
                    assert!(
                        !is_agent_chain(&chain) && is_scoped_chain(&chain) && chain.len() < 200,
                        "{chain}"
                    );
                    let agent = agent_chain_id(&chain, "a").unwrap();
                    assert_eq!((root_of(&agent), base_of(&agent)), (chain.as_str(), "2026-11-22"));
                    chain = next_chain_id(&chain);
                }
            }
        }
    }

    #[test]
    fn a_closed_chain_of_a_scope_is_followed_behind_a_slash() {
        for (closed, next) in [
            ("audit/uid/1000", "audit/uid/1000/2"),
            ("audit/uid/1000/9", "audit/uid/1000/10"),
            ("2026-11-22/uid/0", "2026-11-22/uid/0/2"),
            ("audit/session/7/a-2", "audit/session/7/a-2/2"),
            ("audit/session/7/5/2", "audit/session/7/5/3"),
            ("audit/uid/1000/agent/a", "audit/uid/1000/agent/a/2"),
        ] {
            assert_eq!(next_chain_id(closed), next, "{closed}");
        }
    }

    #[test]
    fn what_is_no_scope_is_its_own_base() {
        for chain in [
            "audit",
            "a/uid/",
            "a/uid/x",
            "a/uid/1/x",
            "a/uid/1/2/3",
            "a/session/1",
            "a/session/x/y",
            "a/session/1/b/c",
        ] {
            assert_eq!(base_of(chain), chain);
            assert!(!is_scoped_chain(chain), "{chain}");
        }
    }
}
