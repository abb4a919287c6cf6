//! What `docs/policy.md` says of scores is what the code does.

use crate::policy::operation::{BEGINNINGS, ENDS};
use crate::policy::score::{
    CONFIGURATION, CONFIGURES, MESSAGES, OVERSIZE_NAME, SENDS, SENSITIVE, SQL_MUTATION, TOO_LARGE, part_of,
};
use crate::policy::{Operation, Policy, name, sql};

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ")
}

fn operations() -> Vec<String> {
    BEGINNINGS
        .iter()
        .zip(&ENDS)
        .map(|((begins, operation), (ends, same))| {
            assert_eq!(operation, same);
            format!("| {operation} | {} | {} |", quoted(begins), quoted(ends))
        })
        .collect()
}

fn scores() -> Vec<String> {
    let operation = |operation| format!("| operation `{operation}` | {} |", part_of(operation).points);
    let operations =
        [Operation::Read, Operation::Write, Operation::Delete, Operation::Execute, Operation::Unknown];
    let mut rows: Vec<String> = operations.into_iter().map(operation).collect();
    let words: Vec<&str> = SENSITIVE.iter().map(|(word, _)| *word).collect();
    let points: Vec<u8> = SENSITIVE.iter().map(|(_, part)| part.points).collect();
    assert!(points.iter().all(|other| *other == points[0]));
    rows.push(format!("| {} anywhere in the name, once | {} |", quoted(&words), points[0]));
    rows.push(format!("| {} anywhere in the name, once | {} |", quoted(&CONFIGURATION), CONFIGURES.points));
    rows.push(format!("| {} at the name's beginning | {} |", quoted(&MESSAGES), SENDS.points));
    rows.push(format!(
        "| {} without `where`, in a member {} of the arguments | {} |",
        quoted(&sql::MUTATIONS),
        quoted(&sql::MEMBERS),
        SQL_MUTATION.points,
    ));
    rows.push(format!(
        "| arguments of more than {} values, {} levels or {} MiB of SQL | {} |",
        sql::MOST_VALUES,
        sql::DEEPEST,
        sql::MOST_TEXT >> 20,
        TOO_LARGE.points,
    ));
    rows.push(format!("| a name of more than {} bytes | {} |", name::MOST_BYTES, OVERSIZE_NAME.points));
    rows
}

/// The rows of the table whose heading starts so.
fn documented(heading: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/policy.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    std::iter::from_fn(|| lines.next().filter(|line| line.starts_with('|')).map(str::to_owned)).collect()
}

#[test]
fn the_tables_in_the_documentation_are_those_of_the_code() {
    assert_eq!(documented("| operation | the name begins with"), operations());
    assert_eq!(documented("| what is seen"), scores());
}

#[test]
fn the_example_in_the_documentation_is_a_policy_that_passes_its_tests() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/policy.md");
    let text = std::fs::read_to_string(path).unwrap();
    let example = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let policy = Policy::read(example.as_bytes()).unwrap();
    assert_eq!(policy.warnings(), [""; 0]);
    let outcomes = policy.run_tests("server");
    assert!(outcomes.len() >= 3);
    for outcome in outcomes {
        assert!(outcome.passed(), "{outcome:?}");
    }
}
