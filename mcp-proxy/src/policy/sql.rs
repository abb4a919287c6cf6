//! SQL in a call's arguments.

use agent_receipts_core::json::Value;

use super::fold::folded;

/// What the arguments hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sql {
    /// Nothing that changes data, or only with a condition.
    Harmless,
    /// A statement that changes data, without a condition.
    Mutation,
    /// More than is looked through.
    TooLarge,
}

/// Looks through arguments for statements that change data and have no `where`, where SQL usually stands: in the member `sql`,
/// `query`, `statement` or `command` of any object in them.
///
/// Does not recurse, and stops at [`MOST_VALUES`], [`DEEPEST`] and [`MOST_TEXT`].
pub(super) fn look_for_sql(arguments: &Value) -> Sql {
    let mut pending = vec![Place { value: arguments, level: 0, sql: false }];
    let (mut values, mut text_left) = (0, MOST_TEXT);
    while let Some(Place { value, level, sql }) = pending.pop() {
        values += 1;
        if values + pending.len() > MOST_VALUES || level > DEEPEST {
            return Sql::TooLarge;
        }
        match value {
            Value::String(text) if sql => {
                if text.len() > text_left {
                    return Sql::TooLarge;
                }
                text_left -= text.len();
                if changes_without_condition(text) {
                    return Sql::Mutation;
                }
            }
            // Several statements in one list are each looked at; what objects in it hold has names of its own.
            Value::Array(elements) => {
                if elements.len() > MOST_VALUES {
                    return Sql::TooLarge;
                }
                pending.extend(elements.iter().map(|value| Place { value, level: level + 1, sql }));
            }
            Value::Object(object) => {
                if object.len() > MOST_VALUES {
                    return Sql::TooLarge;
                }
                pending.extend(object.iter().map(|(name, value)| Place {
                    value,
                    level: level + 1,
                    sql: is_sql_name(name),
                }));
            }
            _ => {}
        }
    }
    Sql::Harmless
}

struct Place<'a> {
    value: &'a Value,
    level: usize,
    /// Whether a text here is looked at.
    sql: bool,
}

fn is_sql_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME && MEMBERS.contains(&folded(name).as_str())
}

fn changes_without_condition(text: &str) -> bool {
    let text = folded(text);
    let changes = MUTATIONS.iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let behind = &text[at + word.len()..];
            behind.starts_with(char::is_whitespace) || behind.starts_with("/*")
        })
    });
    changes && !has_condition(&text)
}

/// Whether `where` stands there as a word: `somewhere` is no condition.
fn has_condition(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase();
    text.match_indices(CONDITION)
        .any(|(at, _)| !text[..at].ends_with(letter) && !text[at + CONDITION.len()..].starts_with(letter))
}

/// Members that hold SQL.
pub(super) const MEMBERS: [&str; 4] = ["sql", "query", "statement", "command"];
/// Words with white space or a comment behind them.
pub(super) const MUTATIONS: [&str; 5] = ["drop", "delete", "update", "truncate", "alter"];
const CONDITION: &str = "where";

/// Values that are looked at.
pub(super) const MOST_VALUES: usize = 100_000;
/// Levels of nesting that are looked at.
pub(super) const DEEPEST: usize = 128;
/// Bytes of text that are looked at: SQL of this length is nobody's.
pub(super) const MOST_TEXT: usize = 1 << 20;
/// Bytes; folding may make a name shorter, but not by so much.
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use agent_receipts_core::json::{Rules, parse};

    use super::*;

    fn sql(arguments: &str) -> Sql {
        look_for_sql(&parse(arguments.as_bytes(), Rules::Receipt).unwrap())
    }

    #[test]
    fn mutations_without_a_condition_are_found_where_sql_stands() {
        for arguments in [
            r#"{"sql":"DROP TABLE foo"}"#,
            r#"{"QUERY":"update users set x=1"}"#,
            r#"{"\u017fql":"drop table foo"}"#,
            r#"{"sql":"\u017felect 1; alter table t"}"#,
            r#"{"sql":"truncate t"}"#,
            r#"{"params":{"statement":"DELETE FROM t"}}"#,
            r#"{"batch":[{"query":"UPDATE users SET x=1"}]}"#,
            r#"{"a":[[{"b":{"command":"drop database d"}}]]}"#,
            r#"{"query":"UPDATE users SET note='find somewhere else'"}"#,
            r#"{"query":"UPDATE users SET note='whereabouts'"}"#,
            // Beyond the reference: any white space, comments, and texts in a list.
            r#"{"sql":"DELETE\nFROM t"}"#,
            r#"{"sql":"DROP\tTABLE t"}"#,
            r#"{"sql":"drop/**/table t"}"#,
            r#"{"sql":["select 1","drop table t"]}"#,
        ] {
            assert_eq!(sql(arguments), Sql::Mutation, "{arguments}");
        }
    }

    #[test]
    fn all_else_is_harmless() {
        for arguments in [
            "{}",
            r#"{"sql":"SELECT * FROM t"}"#,
            r#"{"query":"UPDATE users SET x=1 WHERE id=1"}"#,
            r#"{"query":"delete from t where\tid=1"}"#,
            r#"{"query":"delete from t WHERE(id=1)"}"#,
            r#"{"title":"docs: delete stale section","body":"update"}"#,
            r#"{"sql":"update"}"#,
            r#"{"sql":7,"query":null,"command":{"text":"drop table t"}}"#,
            r#"{"sql":[{"title":"drop table t"}]}"#,
        ] {
            assert_eq!(sql(arguments), Sql::Harmless, "{arguments}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_called_harmless() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(9_000), "]".repeat(9_000));
        assert_eq!(sql(&deep), Sql::TooLarge);
        let nested = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(sql(&nested(DEEPEST - 1)), Sql::Harmless);
        assert_eq!(sql(&nested(DEEPEST)), Sql::TooLarge);
        let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(MOST_VALUES));
        assert_eq!(sql(&wide), Sql::TooLarge);
        let many = format!("{{\"a\":[{}1],\"b\":[{}1]}}", "1,".repeat(60_000), "1,".repeat(60_000));
        assert_eq!(sql(&many), Sql::TooLarge);
        let long = format!("{{\"sql\":\"{} where\"}}", "x".repeat(MOST_TEXT));
        assert_eq!(sql(&long), Sql::TooLarge);
        assert_eq!(sql(&format!("{{\"content\":\"{}\"}}", "x".repeat(MOST_TEXT + 1))), Sql::Harmless);
    }
}
