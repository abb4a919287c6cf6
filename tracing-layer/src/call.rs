//! A tool call, gathered from the fields of its span or event.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::thread::panicking;
use std::time::{Duration, Instant};

use agent_receipts_ipc::{Decision, EventToSend};
use tracing_core::Metadata;
use tracing_core::field::{Field, Visit};

use crate::payload::Payload;
use crate::recording::Refusal;
use crate::value::Value;

/// The field that makes a span or an event one about a tool call.
pub(crate) const MARK: &str = "tool.name";

/// What is known of a call so far.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) began: Instant,
    /// Whether a panic was under way already when the call was made, or gone on with: what unwinding calls has not panicked itself.
    amid_panic: bool,
    texts: BTreeMap<&'static str, String>,
    input: Payload,
    output: Payload,
    usage: Payload,
}

impl Call {
    pub(crate) fn new(began: Instant) -> Self {
        Self {
            began,
            amid_panic: panicking(),
            texts: BTreeMap::new(),
            input: Payload::default(),
            output: Payload::default(),
            usage: Payload::default(),
        }
    }

    pub(crate) fn add(&mut self, fields: Fields) {
        for (name, value) in fields.0 {
            self.set(name, value);
        }
    }

    /// What the function that the span instruments returned, or failed with.
    pub(crate) fn conclude(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Returned(value) => self.output.set(None, value),
            Outcome::Failed(value) => drop(self.texts.insert("error", value.into_text())),
        }
    }

    /// The thread goes on with the call.
    pub(crate) fn entered(&mut self) {
        self.amid_panic = panicking();
    }

    /// The thread leaves the call, for now or for good: by unwinding, if a panic is under way that was not before.
    pub(crate) fn left(&mut self) {
        if panicking() && !self.amid_panic {
            self.texts.entry("error").or_insert_with(|| PANICKED.to_owned());
        }
    }

    /// Hands the event to `send`, if the call has a name.
    pub(crate) fn finish(
        mut self,
        lasted: Option<Duration>,
        send: impl FnOnce(&EventToSend<'_>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if self.text(MARK).is_empty() {
            return Ok(());
        }
        if let Some(lasted) = lasted {
            self.usage.set(Some("duration_ms"), Value::Number(lasted.as_micros() as f64 / 1000.0));
        }
        let [input, output, usage] = [&mut self.input, &mut self.output, &mut self.usage]
            .map(|payload| std::mem::take(payload).into_json());
        let channel = Some(self.text("channel")).filter(|text| !text.is_empty()).unwrap_or(CHANNEL);
        send(&EventToSend {
            tool_server: self.text("tool.server"),
            action_type: self.text("action_type"),
            input: input.as_deref(),
            output: output.as_deref(),
            error: self.text("error"),
            idempotency_key: self.text("idempotency_key"),
            correlation_id: self.text("correlation_id"),
            agent_id: self.text("agent.id"),
            agent_type: self.text("agent.type"),
            model: self.text("model"),
            usage: usage.as_deref(),
            capture_method: self.text("capture_method"),
            target_system: self.text("target.system"),
            target_resource: self.text("target.resource"),
            ..EventToSend::new(channel, self.text(MARK), self.decision()?)
        })
    }

    fn set(&mut self, name: &'static str, value: Value) {
        if TEXTS.contains(&name) {
            self.texts.insert(name, value.into_text());
            return;
        }
        let (first, below) = match name.split_once('.') {
            Some((first, below)) => (first, Some(below)),
            None => (name, None),
        };
        match (first, below) {
            ("input", below) => self.input.set(below, value),
            ("output", below) => self.output.set(below, value),
            ("usage", below) => self.usage.set(below, value),
            ("message", None) | ("log" | "otel", Some(_)) => {}
            _ => self.input.set_member(name, value),
        }
    }

    fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    fn decision(&self) -> Result<Decision, Refusal> {
        match self.text("decision") {
            "" => Ok(Decision::Allowed),
            word => Decision::from_word(word)
                .ok_or_else(|| Refusal::Decision { word: word.chars().take(64).collect() }),
        }
    }
}

/// What a function's span says at its end.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Returned(Value),
    Failed(Value),
}

impl Outcome {
    /// Whether an event has the form of those that `#[instrument(err, ret)]` makes: one field, and not a word besides.
    pub(crate) fn may_be_said_by(event: &Metadata<'_>) -> bool {
        let mut names = event.fields().iter().map(|field| field.name());
        matches!((names.next(), names.next()), (Some("return" | "error"), None))
    }

    /// Whether an event of that form is the span's own: both come from the attribute, and stand in the sources where that does. What a
    /// function logs on its way may have the same form, and stands elsewhere.
    pub(crate) fn is_said_by(event: &Metadata<'_>, span: &Metadata<'_>) -> bool {
        (event.file(), event.line()) == (span.file(), span.line())
    }
}

/// Fields with their values, gathered before any lock is taken: showing a value runs the program's own code.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(crate) fn into_outcome(mut self) -> Option<Outcome> {
        match self.0.pop()? {
            ("return", value) => Some(Outcome::Returned(value)),
            ("error", value) => Some(Outcome::Failed(value)),
            _ => None,
        }
    }

    fn add(&mut self, field: &Field, value: Value) {
        self.0.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::Integer(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::Integer(value.into()));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(field, Value::Integer(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(field, i128::try_from(value).map_or(Value::Huge(value), Value::Integer));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::Number(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, Value::shown(&format_args!("{value}")));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::shown(value));
    }
}

const CHANNEL: &str = "tracing";
/// The error of a call that ended by a panic. What it said is the panic hook's, and may tell anything.
const PANICKED: &str = "it panicked";
/// The fields whose value is a text of the event.
const TEXTS: [&str; 14] = [
    MARK,
    "tool.server",
    "channel",
    "action_type",
    "decision",
    "error",
    "idempotency_key",
    "correlation_id",
    "agent.id",
    "agent.type",
    "model",
    "capture_method",
    "target.system",
    "target.resource",
];
