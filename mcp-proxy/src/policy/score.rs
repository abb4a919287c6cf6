//! How much a call is worth looking at: the table in `docs/policy.md`, which a test holds against this one.

use super::name::Name;
use super::sql::{Sql, look_for_sql};
use super::{Call, Operation, Part};

/// What the tool does, the risk, 0 to 100, and what that is made of.
pub(super) fn score(name: &Name, call: &Call<'_>) -> (Operation, u8, Vec<Part>) {
    let mut parts = Vec::new();
    if name.oversize {
        parts.push(OVERSIZE_NAME);
    }
    let (operation, part) = riskier(name);
    parts.push(part);
    // Once, however many of the words stand there.
    let sensitive = SENSITIVE.iter().find(|(word, _)| name.spellings.any(|name| name.contains(word)));
    parts.extend(sensitive.map(|(_, part)| *part));
    parts.extend(call.arguments.and_then(|arguments| match look_for_sql(arguments) {
        Sql::Harmless => None,
        Sql::Mutation => Some(SQL_MUTATION),
        Sql::TooLarge => Some(TOO_LARGE),
    }));
    if CONFIGURATION.iter().any(|word| name.spellings.any(|name| name.contains(word))) {
        parts.push(CONFIGURES);
    }
    if MESSAGES.iter().any(|word| name.spellings.any(|name| name.starts_with(word))) {
        parts.push(SENDS);
    }
    parts.retain(|part| part.points > 0);
    let sum: u16 = parts.iter().map(|part| u16::from(part.points)).sum();
    (operation, u8::try_from(sum.min(HIGHEST)).unwrap_or(u8::MAX), parts)
}

/// Of what the tool may do by its name, the riskier.
fn riskier(name: &Name) -> (Operation, Part) {
    let [one, other] = name.operations.map(|operation| (operation, part_of(operation)));
    if other.1.points > one.1.points { other } else { one }
}

/// What an operation adds.
pub(super) fn part_of(operation: Operation) -> Part {
    match operation {
        Operation::Read => Part { what: "reads", points: 0 },
        Operation::Write => Part { what: "writes", points: 20 },
        Operation::Delete => Part { what: "deletes", points: 40 },
        Operation::Execute => Part { what: "executes", points: 30 },
        Operation::Unknown => Part { what: "an operation that the name does not tell", points: 10 },
    }
}

/// Words anywhere in the name; the first counts.
pub(super) const SENSITIVE: [(&str, Part); 6] = [
    ("auth", Part { what: "`auth` in the name", points: 30 }),
    ("credential", Part { what: "`credential` in the name", points: 30 }),
    ("password", Part { what: "`password` in the name", points: 30 }),
    ("token", Part { what: "`token` in the name", points: 30 }),
    ("secret", Part { what: "`secret` in the name", points: 30 }),
    ("key", Part { what: "`key` in the name", points: 30 }),
];

pub(super) const SQL_MUTATION: Part = Part { what: "SQL that changes data and has no WHERE", points: 30 };
/// Nobody is let through for being too long to be read.
pub(super) const TOO_LARGE: Part =
    Part { what: "arguments too large to be looked through for SQL", points: 30 };
pub(super) const CONFIGURES: Part = Part { what: "configuration", points: 20 };
pub(super) const CONFIGURATION: [&str; 2] = ["config", "setting"];
pub(super) const SENDS: Part = Part { what: "sends a message", points: 15 };
pub(super) const MESSAGES: [&str; 2] = ["send_", "post_"];
pub(super) const OVERSIZE_NAME: Part = Part { what: "a name too long to be looked at", points: 100 };
const HIGHEST: u16 = 100;

#[cfg(test)]
mod tests {
    use agent_receipts_core::json::{Rules, Value, parse};

    use super::*;

    fn scored(tool: &str, arguments: &str) -> (u8, Vec<&'static str>) {
        let arguments: Value = parse(arguments.as_bytes(), Rules::Receipt).unwrap();
        let call = Call { server: "s", tool, arguments: Some(&arguments) };
        let (_, score, parts) = score(&Name::of(tool), &call);
        (score, parts.iter().map(|part| part.what).collect())
    }

    #[test]
    fn scores_are_those_of_the_reference() {
        for (tool, arguments, expected) in [
            ("read_file", "{}", 0),
            ("create_issue", "{}", 20),
            ("delete_file", "{}", 40),
            ("run_query", "{}", 30),
            ("frobnicate", "{}", 10),
            ("update_auth_config", "{}", 70),
            ("get_auth_token_key", "{}", 30),
            ("send_message", "{}", 25),
            ("post_setting", "{}", 45),
            ("mcp__github__delete_file", "{}", 40),
            ("DELETE_Auth_Config", r#"{"query":"drop table secrets"}"#, 100),
            ("run_query", r#"{"query":"UPDATE users SET x=1"}"#, 60),
            ("run_query", r#"{"query":"UPDATE users SET x=1 WHERE id=1"}"#, 30),
            ("create_pull_request", r#"{"title":"docs: update x","body":"delete y"}"#, 20),
        ] {
            assert_eq!(scored(tool, arguments).0, expected, "{tool} {arguments}");
        }
    }

    #[test]
    fn the_parts_say_what_added_how_much() {
        assert_eq!(
            scored("delete_auth_config", r#"{"sql":"drop table t"}"#),
            (
                100,
                vec![
                    "deletes",
                    "`auth` in the name",
                    "SQL that changes data and has no WHERE",
                    "configuration"
                ],
            ),
        );
        assert_eq!(scored("read_file", "{}"), (0, vec![]));
    }

    #[test]
    fn a_name_that_is_too_long_has_the_highest_risk() {
        let tool = format!("get_{}", "x".repeat(super::super::name::MOST_BYTES));
        assert_eq!(scored(&tool, "{}").0, 100);
        assert_eq!(scored(&tool[..super::super::name::MOST_BYTES], "{}").0, 0);
    }
}
