//! The YAML file as it is written: the reference's keys, and ours beside them.

use serde::{Deserialize, Deserializer, de};
use serde_saphyr::Spanned;

use super::arguments::Arguments;
use super::pattern::Pattern;
use super::per::Per;
use super::redact;
use super::{Action, Operation};

/// The whole file. What it does not know is refused: a misspelt condition would make a rule wider than it was meant to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) rules: Option<Vec<Spanned<RuleText>>>,
    pub(super) limits: Option<Vec<Spanned<LimitText>>>,
    pub(super) redact: Option<Vec<RedactText>>,
    pub(super) tests: Option<Vec<Spanned<TestText>>>,
}

/// One rule, as the reference has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleText {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) enabled: Option<bool>,
    #[serde(default, deserialize_with = "pattern")]
    pub(super) tool_pattern: Option<Pattern>,
    #[serde(default, deserialize_with = "pattern")]
    pub(super) server_pattern: Option<Pattern>,
    pub(super) operation_types: Option<Vec<Operation>>,
    pub(super) min_risk_score: Option<Score>,
    pub(super) action: Action,
}

/// How often.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitText {
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "pattern")]
    pub(super) tool_pattern: Option<Pattern>,
    #[serde(default, deserialize_with = "pattern")]
    pub(super) server_pattern: Option<Pattern>,
    /// Whether each tool has its own count.
    pub(super) each_tool: Option<bool>,
    #[serde(deserialize_with = "calls")]
    pub(super) calls: u32,
    pub(super) per: Per,
    pub(super) action: Option<LimitAction>,
}

/// What may be done with a call too many.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LimitAction {
    Pause,
    Block,
}

/// A secret's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RedactText {
    #[serde(deserialize_with = "filled")]
    pub(super) name: String,
    #[serde(deserialize_with = "redact::pattern")]
    pub(super) pattern: String,
}

/// A call, and what is expected of the rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestText {
    pub(super) call: CallText,
    pub(super) expect: Action,
    pub(super) rule: Option<String>,
}

/// A call in a test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallText {
    pub(super) server: Option<String>,
    pub(super) tool: String,
    pub(super) arguments: Option<Arguments>,
}

/// A whole number; `50.0` is one, too, as the reference's reader has it.
pub(super) struct Score(pub(super) i64);

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScoreVisitor)
    }
}

struct ScoreVisitor;

impl de::Visitor<'_> for ScoreVisitor {
    type Value = Score;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Score, E> {
        Ok(Score(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Score, E> {
        i64::try_from(number)
            .map(Score)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Score, E> {
        // Beyond this, not every whole number is a double.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() <= EXACT {
            return Ok(Score(number as i64));
        }
        Err(E::invalid_value(de::Unexpected::Float(number), &self))
    }
}

/// An empty pattern is none, as in the reference.
fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    text.map(|text| Pattern::read(&text)).transpose()
}

fn calls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let Score(calls) = Score::deserialize(deserializer)?;
    u32::try_from(calls).map_err(|_| de::Error::custom(format_args!("`{calls}` is no number of calls")))
}

fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(de::Error::custom("a name is empty")) } else { Ok(text) }
}
