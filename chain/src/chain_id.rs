//! Names of chains: which chain follows a closed one, and which belong to agents.

use crate::scope;

/// Stands between the root chain's id and the agent's.
const AGENT: &str = "/agent/";

/// Why an agent cannot have a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("agent id `{}` is empty or holds a `/`", crate::text::plain(.0))]
pub struct InvalidAgentId(String);

/// The id of the chain that follows when `chain_id` is closed.
///
/// A counter is appended, or counted up if there is one: `audit`, `audit-2`, `audit-3`. No part of a date is ever
/// taken for a counter: chains are named by date, and the successor of today's must not be tomorrow's.
/// Agent chains count behind a slash, which no agent id can hold: `audit/agent/a`, `audit/agent/a/2`; so do the chains of
/// users and sessions ([`Scope`](crate::Scope)).
///
/// ```
/// use agent_receipts_chain::next_chain_id;
///
/// assert_eq!(next_chain_id("2026-11-22"), "2026-11-22-2");
/// assert_eq!(next_chain_id("2026-11-22-2"), "2026-11-22-3");
/// ```
pub fn next_chain_id(chain_id: &str) -> String {
    if let Some((root, agent)) = chain_id.rsplit_once(AGENT) {
        let (agent, counter) = match agent.rsplit_once('/') {
            Some((agent, digits)) => (agent, counter(digits)),
            None => (agent, Some(1)),
        };
        return match counter {
            Some(counter) => format!("{root}{AGENT}{agent}/{}", counter + 1),
            None => format!("{chain_id}/2"),
        };
    }
    if let Some((_, counter)) = scope::split(chain_id) {
        return match (counter, chain_id.rsplit_once('/')) {
            (Some(counter), Some((name, _))) => format!("{name}/{}", counter + 1),
            _ => format!("{chain_id}/2"),
        };
    }
    match chain_id.rsplit_once('-') {
        Some((name, digits)) if !ends_in_date(chain_id) => match counter(digits) {
            Some(counter) => format!("{name}-{}", counter + 1),
            None => format!("{chain_id}-2"),
        },
        _ => format!("{chain_id}-2"),
    }
}

/// The first chain of an agent under a root chain: `<root>/agent/<agent_id>`.
///
/// # Errors
///
/// [`InvalidAgentId`] if the id is empty or holds a slash, since then two agents could share a chain.
pub fn agent_chain_id(root: &str, agent_id: &str) -> Result<String, InvalidAgentId> {
    if agent_id.is_empty() || agent_id.contains('/') {
        return Err(InvalidAgentId(agent_id.to_owned()));
    }
    Ok(format!("{root}{AGENT}{agent_id}"))
}

/// Whether a chain belongs to an agent (the reference asks for `%/agent/%`).
pub fn is_agent_chain(chain_id: &str) -> bool {
    chain_id.contains(AGENT)
}

/// The root chain that a chain belongs to: itself, unless it is an agent's.
pub fn root_of(chain_id: &str) -> &str {
    chain_id.split_once(AGENT).map_or(chain_id, |(root, _)| root)
}

/// Whether `parent` is a chain under which the agent chain `chain_id` may have been opened.
pub(crate) fn may_delegate(parent: &str, chain_id: &str) -> bool {
    chain_id.strip_prefix(parent).is_some_and(|rest| rest.starts_with(AGENT))
}

/// A counter, from 1: no leading zero, no year, and short enough that counting on never overflows.
fn counter(digits: &str) -> Option<u64> {
    let looks_right = digits.len() <= 9
        && digits.len() != 8
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|year| looks_right && !(1900..2200).contains(year))
}

/// `…YYYY-MM-DD`, `…YYYY-MM` or `…YYYY-DDD`, each part by its number of digits. A counter behind a date is
/// recognised by this: `2026-11-22-2` does not end in one.
fn ends_in_date(chain_id: &str) -> bool {
    let digits = |group: &str| if group.bytes().all(|b| b.is_ascii_digit()) { group.len() } else { 0 };
    let mut groups = chain_id.rsplit('-').map(digits);
    let (last, middle, first) = (groups.next(), groups.next(), groups.next());
    match (first, middle, last) {
        // One digit is not yet a date, but counting up from nine would make one.
        (Some(4), Some(2), Some(1 | 2)) => true,
        (_, Some(4), Some(2 | 3)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_chain_is_followed_by_the_next_counter() {
        for (closed, next) in [
            ("default", "default-2"),
            ("foo-2", "foo-3"),
            ("foo-9", "foo-10"),
            ("foo-99", "foo-100"),
            ("chain-01", "chain-01-2"),
            ("chain-01-2", "chain-01-3"),
            ("foo-", "foo--2"),
            ("foo-x", "foo-x-2"),
            ("-5", "-6"),
            ("", "-2"),
            ("foo-+5", "foo-+5-2"),
            ("foo-٣", "foo-٣-2"),
        ] {
            assert_eq!(next_chain_id(closed), next, "{closed}");
        }
    }

    /// Regression: the reference makes `2026-11-23` out of `2026-11-22` (receipts-better §0.3 item 3).
    #[test]
    fn better_0_3_item_3_no_date_is_advanced_into_another_date() {
        for (closed, next) in [
            ("2026-06-03", "2026-06-03-2"),
            ("2026-06-03-2", "2026-06-03-3"),
            ("2026-06-03-22", "2026-06-03-23"),
            ("2026-11-22", "2026-11-22-2"),
            ("2026-12-31", "2026-12-31-2"),
            ("2026-12-31-9", "2026-12-31-10"),
            ("prod-2026-11-22", "prod-2026-11-22-2"),
            ("prod-2026-11-22-2", "prod-2026-11-22-3"),
            ("2026-11", "2026-11-2"),
            ("2026-11-9", "2026-11-9-2"),
            ("2026-326", "2026-326-2"),
            ("log-2026", "log-2026-2"),
            ("log-20261122", "log-20261122-2"),
        ] {
            assert_eq!(next_chain_id(closed), next, "{closed}");
        }
        for day in 1..=31 {
            let date = format!("2026-12-{day:02}");
            let next = next_chain_id(&date);
            assert_eq!(next, format!("{date}-2"));
            assert_eq!(next_chain_id(&next), format!("{date}-3"));
        }
    }

    #[test]
    fn a_counter_never_overflows_and_never_repeats() {
        for closed in ["foo-999999999", "foo-18446744073709551615", "foo-99999999999999999999999"] {
            let next = next_chain_id(closed);
            assert_ne!(next, closed);
            assert_ne!(next_chain_id(&next), next);
        }
        let mut seen = std::collections::HashSet::new();
        let mut id = "foo".to_owned();
        for _ in 0..5000 {
            assert!(seen.insert(id.clone()), "{id} came twice");
            id = next_chain_id(&id);
        }
    }

    #[test]
    fn agent_chains_count_behind_a_slash() {
        assert_eq!(agent_chain_id("audit", "a").unwrap(), "audit/agent/a");
        for (closed, next) in [
            ("audit/agent/a", "audit/agent/a/2"),
            ("audit/agent/a/2", "audit/agent/a/3"),
            ("audit/agent/a-2", "audit/agent/a-2/2"),
            ("audit/agent/2", "audit/agent/2/2"),
            ("audit/agent/a/agent/5", "audit/agent/a/agent/5/2"),
            ("audit/agent/a/x", "audit/agent/a/x/2"),
            ("audit/agent/a/99999999999999999999", "audit/agent/a/99999999999999999999/2"),
        ] {
            assert_eq!(next_chain_id(closed), next, "{closed}");
        }
    }

    #[test]
    fn an_agent_id_cannot_reach_into_another_chain() {
        for id in ["", "a/b", "/", "a/2"] {
            assert_eq!(agent_chain_id("audit", id), Err(InvalidAgentId(id.to_owned())));
        }
        assert_eq!(root_of("audit/agent/a/2"), "audit");
        assert_eq!(root_of("audit"), "audit");
        assert!(is_agent_chain("audit/agent/a") && !is_agent_chain("audit/agents"));
        assert!(may_delegate("audit", "audit/agent/a/2"));
        assert!(!may_delegate("audi", "audit/agent/a") && !may_delegate("audit", "audit"));
    }
}
