//! A call's input, output or usage, put together from fields.

use std::collections::BTreeMap;

use crate::value::{Value, quoted};

/// What was said of a payload, in whichever ways.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    json: Option<String>,
    whole: Option<String>,
    members: BTreeMap<&'static str, String>,
}

impl Payload {
    /// Takes a field below the payload's name: nothing for the whole, `json` for its text, else a member.
    pub(crate) fn set(&mut self, below: Option<&'static str>, value: Value) {
        match below {
            None => self.whole = Some(value.into_json()),
            Some("json") => self.json = Some(value.into_text()),
            Some(member) => self.set_member(member, value),
        }
    }

    pub(crate) fn set_member(&mut self, name: &'static str, value: Value) {
        self.members.insert(name, value.into_json());
    }

    pub(crate) fn into_json(self) -> Option<String> {
        self.json.or(self.whole).or_else(|| {
            let members: Vec<String> =
                self.members.iter().map(|(name, json)| format!("{}:{json}", quoted(name))).collect();
            (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(fields: &[(Option<&'static str>, Value)]) -> Option<String> {
        let mut payload = Payload::default();
        fields.iter().for_each(|(below, value)| payload.set(*below, value.clone()));
        payload.into_json()
    }

    #[test]
    fn nothing_said_is_nothing() {
        assert_eq!(json(&[]), None);
    }

    #[test]
    fn members_are_an_object_and_the_last_word_counts() {
        let (one, text) = (Value::Integer(1), Value::Text("x".into()));
        let fields = [(Some("n"), text.clone()), (Some("a.b\""), text), (Some("n"), one)];
        assert_eq!(json(&fields).as_deref(), Some(r#"{"a.b\"":"x","n":1}"#));
    }

    #[test]
    fn text_of_json_goes_before_a_whole_and_that_before_members() {
        let text = |text: &str| Value::Text(text.into());
        let fields = [(Some("m"), text("x")), (None, text("[1]")), (Some("json"), text("[ 1 ]"))];
        assert_eq!(json(&fields).as_deref(), Some("[ 1 ]"));
        assert_eq!(json(&fields[..2]).as_deref(), Some("\"[1]\""));
    }
}
