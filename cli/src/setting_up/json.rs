//! Reads JSON, with comments.

use std::collections::BTreeSet;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::document::{DocumentError, line_of};
use super::tree::{Kind, Member, Node};

/// Reads what follows `start`. Nesting is limited to 512 by the parser, so that recursion here ends.
pub(super) fn parse(text: &str, start: usize) -> Result<Node, DocumentError> {
    let malformed = |reason: String| DocumentError::Malformed { language: "JSON", reason };
    let parsed = parse_to_ast(&text[start..], &CollectOptions::default(), &OPTIONS)
        .map_err(|error| malformed(error.to_string()))?;
    match parsed.value {
        Some(value) => Reading { text, start }.node(&value),
        None => Err(malformed("it holds nothing".to_owned())),
    }
}

const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

struct Reading<'a> {
    text: &'a str,
    start: usize,
}

impl Reading<'_> {
    fn node(&self, value: &Value<'_>) -> Result<Node, DocumentError> {
        let kind = match value {
            Value::StringLit(text) => Kind::Text(text.value.to_string()),
            Value::BooleanLit(truth) => Kind::Truth(truth.value),
            Value::NumberLit(_) | Value::NullKeyword(_) => Kind::Other,
            Value::Array(array) => Kind::Array(
                array.elements.iter().map(|element| self.node(element)).collect::<Result<_, _>>()?,
            ),
            Value::Object(object) => {
                let mut names = BTreeSet::new();
                let mut members = Vec::with_capacity(object.properties.len());
                for property in &object.properties {
                    let (name, key) = match &property.name {
                        ObjectPropName::String(name) => (name.value.to_string(), self.range(name.range)),
                        ObjectPropName::Word(name) => (name.value.to_owned(), self.range(name.range)),
                    };
                    if !names.insert(name.clone()) {
                        return Err(DocumentError::Duplicate { name, line: line_of(self.text, key.start) });
                    }
                    members.push(Member { name, key, value: self.node(&property.value)? });
                }
                Kind::Object(members)
            }
        };
        Ok(Node { range: self.range(value.range()), kind })
    }

    fn range(&self, range: jsonc_parser::common::Range) -> std::ops::Range<usize> {
        range.start + self.start..range.end + self.start
    }
}
