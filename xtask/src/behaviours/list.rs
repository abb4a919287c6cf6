use std::collections::BTreeMap;

use serde::Deserialize;

/// `tests-interop/behaviours.toml`: what an emitter does in every language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviours {
    /// The behaviours, in the file's order.
    #[serde(rename = "behaviour")]
    pub behaviours: Vec<Behaviour>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// `B` and two digits.
    pub id: String,
    /// What holds, as a user would say it.
    pub sentence: String,
}

/// What a run found: by language, by behaviour, whether it held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Run {
    /// The languages by their short names.
    pub languages: BTreeMap<String, BTreeMap<String, bool>>,
}

/// Why a list or a run could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BehavioursError {
    /// The list is not of its shape.
    #[error("`tests-interop/behaviours.toml` is no list of behaviours: {0}")]
    List(String),
    /// The run's results are missing or not of their shape.
    #[error("there are no results of a run (`cargo xtask test --only behaviours` makes them): {0}")]
    Run(String),
}

impl Behaviours {
    /// Reads a list; an unknown member is an error.
    ///
    /// # Errors
    /// When the text is not TOML of the list's shape.
    pub fn parse(text: &str) -> Result<Self, BehavioursError> {
        toml::from_str(text).map_err(|error| BehavioursError::List(error.to_string().trim().to_string()))
    }
}

impl Run {
    /// Reads what the tests left.
    ///
    /// # Errors
    /// When the text is not JSON of a run's shape.
    pub fn parse(text: &str) -> Result<Self, BehavioursError> {
        serde_json::from_str(text).map_err(|error| BehavioursError::Run(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_run_are_read() {
        let list = Behaviours::parse("[[behaviour]]\nid = \"B01\"\nsentence = \"It holds.\"\n").unwrap();
        assert_eq!(list.behaviours, [Behaviour { id: "B01".into(), sentence: "It holds.".into() }]);
        let run = Run::parse(r#"{"rust":{"B01":true,"B02":false}}"#).unwrap();
        assert_eq!(run.languages["rust"].get("B02"), Some(&false));
    }

    #[test]
    fn what_has_another_shape_is_refused() {
        assert!(matches!(Behaviours::parse("[[behaviour]]\nid = \"B01\"\n"), Err(BehavioursError::List(_))));
        assert!(matches!(Behaviours::parse("[[behavior]]\nid = \"B01\"\n"), Err(BehavioursError::List(_))));
        for text in ["", "[]", r#"{"rust":["B01"]}"#, r#"{"rust":{"B01":"yes"}}"#] {
            assert!(matches!(Run::parse(text), Err(BehavioursError::Run(_))), "{text}");
        }
    }
}
