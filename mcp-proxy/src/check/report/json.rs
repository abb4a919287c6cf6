//! For programs.

use std::io::{self, Write};

use agent_receipts_core::harmless_json;
use agent_receipts_core::json::{Object, Value};

use super::super::tally::Tally;
use super::{Report, Tried};
use crate::policy::{CaseOutcome, Judgement, Policy};

/// One JSON object a line, told apart by its member `kind`.
pub(crate) struct Json<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Json<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    fn object<const N: usize>(&mut self, kind: &str, members: [(&str, Value); N]) -> io::Result<()> {
        let mut object: Object = members.into_iter().collect();
        object.insert("kind", kind);
        writeln!(self.out, "{}", harmless_json(&Value::from(object).to_string()))
    }
}

impl Report for Json<'_> {
    fn begin(&mut self, rules: &str, policy: &Policy) -> io::Result<()> {
        self.object("rules", [("rules", rules.into()), ("digest", policy.digest().to_string().into())])
    }

    fn call(&mut self, line: u64, call: &Tried, judgement: &Judgement) -> io::Result<()> {
        let parts = judgement.parts.iter().map(|part| {
            let members: [(&str, Value); 2] =
                [("what", part.what.into()), ("points", u32::from(part.points).into())];
            members.into_iter().collect::<Object>().into()
        });
        self.object(
            "call",
            [
                ("line", line.into()),
                ("server", call.server.as_str().into()),
                ("tool", call.tool.as_str().into()),
                ("action", judgement.action.as_str().into()),
                ("rule", judgement.rule.as_deref().into()),
                ("description", judgement.description.as_str().into()),
                ("operation", judgement.operation.as_str().into()),
                ("score", u32::from(judgement.score).into()),
                ("parts", parts.collect::<Vec<Value>>().into()),
                (
                    "matched",
                    judgement.matched.iter().map(|name| name.as_str().into()).collect::<Vec<Value>>().into(),
                ),
            ],
        )
    }

    fn refused(&mut self, line: u64, why: &str) -> io::Result<()> {
        self.object("refused", [("line", line.into()), ("why", why.into())])
    }

    fn test(&mut self, outcome: &CaseOutcome) -> io::Result<()> {
        self.object(
            "test",
            [
                ("line", outcome.line.into()),
                ("tool", outcome.tool.as_str().into()),
                ("passed", outcome.passed().into()),
                ("expected", outcome.expected.as_str().into()),
                ("expected_rule", outcome.expected_rule.as_deref().into()),
                ("action", outcome.judgement.action.as_str().into()),
                ("rule", outcome.judgement.rule.as_deref().into()),
                ("score", u32::from(outcome.judgement.score).into()),
            ],
        )
    }

    fn end(&mut self, tally: &Tally) -> io::Result<()> {
        let unmet: Vec<Value> = tally.unmet().iter().map(|name| name.as_str().into()).collect();
        self.object(
            "summary",
            [
                ("calls", tally.calls().into()),
                ("pass", tally.pass.into()),
                ("flag", tally.flag.into()),
                ("pause", tally.pause.into()),
                ("block", tally.block.into()),
                ("refused", tally.refused.into()),
                ("other", tally.other.into()),
                ("tests", tally.tests.into()),
                ("failed", tally.failed.into()),
                ("unmet", unmet.into()),
            ],
        )
    }
}
