//! Reads TOML.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::document::{DocumentError, line_of};
use super::tree::{Kind, Member, Node};

/// Reads what follows `start`. The parser limits nesting, so that recursion here ends, and refuses a name that stands twice.
pub(super) fn parse(text: &str, start: usize) -> Result<Node, DocumentError> {
    let table = DeTable::parse(&text[start..]).map_err(|error| {
        // The error's own display would quote the line.
        let line = error.span().map_or(1, |span| line_of(text, span.start + start));
        DocumentError::Malformed { language: "TOML", reason: format!("{} in line {line}", error.message()) }
    })?;
    let span = table.span();
    Ok(Node { range: span.start + start..span.end + start, kind: members(table.get_ref(), start) })
}

fn members(table: &DeTable<'_>, start: usize) -> Kind {
    let mut members: Vec<Member> = table
        .iter()
        .map(|(name, value)| Member {
            name: name.get_ref().to_string(),
            key: name.span().start + start..name.span().end + start,
            value: node(value, start),
        })
        .collect();
    members.sort_by_key(|member| member.key.start);
    Kind::Object(members)
}

fn node(value: &Spanned<DeValue<'_>>, start: usize) -> Node {
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Boolean(truth) => Kind::Truth(*truth),
        DeValue::Array(elements) => {
            Kind::Array(elements.iter().map(|element| node(element, start)).collect())
        }
        DeValue::Table(table) => members(table, start),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => Kind::Other,
    };
    Node { range: value.span().start + start..value.span().end + start, kind }
}
