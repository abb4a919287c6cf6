//! For eyes.

use std::io::{self, Write};

use super::super::printed::printable;
use super::super::tally::Tally;
use super::{Report, Tried};
use crate::policy::{CaseOutcome, Judgement, Policy};

/// A table, whose columns are of one width so that it can be printed while calls still come.
pub(crate) struct Table<'a> {
    out: &'a mut dyn Write,
    has_head: bool,
}

impl<'a> Table<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, has_head: false }
    }

    fn row(&mut self, cells: [&str; 5], last: &str) -> io::Result<()> {
        if !self.has_head {
            self.has_head = true;
            self.row(["line", "action", "risk", "tool", "rule"], "because")?;
        }
        let [line, action, risk, tool, rule] = cells;
        let row = format!("{line:>6}  {action:<7}  {risk:>4}  {tool:<32}  {rule:<28}  {last}");
        writeln!(self.out, "{}", row.trim_end())
    }
}

impl Report for Table<'_> {
    fn begin(&mut self, rules: &str, policy: &Policy) -> io::Result<()> {
        writeln!(self.out, "{} ({})", printable(rules, 400), policy.digest())
    }

    fn call(&mut self, line: u64, call: &Tried, judgement: &Judgement) -> io::Result<()> {
        let tool =
            if call.server.is_empty() { call.tool.clone() } else { format!("{}/{}", call.server, call.tool) };
        let rule = judgement.rule.as_deref().map_or(String::new(), |rule| printable(rule, LONGEST));
        let parts: Vec<String> =
            judgement.parts.iter().map(|part| format!("{} {}", part.what, part.points)).collect();
        self.row(
            [
                &line.to_string(),
                judgement.action.as_str(),
                &judgement.score.to_string(),
                &printable(&tool, LONGEST),
                &rule,
            ],
            &parts.join(", "),
        )
    }

    fn refused(&mut self, line: u64, why: &str) -> io::Result<()> {
        self.row([&line.to_string(), "refused", "", "", ""], &printable(why, 400))
    }

    fn test(&mut self, outcome: &CaseOutcome) -> io::Result<()> {
        if outcome.passed() {
            return Ok(());
        }
        let by = |rule: &Option<String>| {
            rule.as_ref().map_or(String::new(), |rule| format!(" by `{}`", printable(rule, LONGEST)))
        };
        writeln!(
            self.out,
            "test in line {} failed: {} is expected to be {}{}, but is {}{}, risk {}",
            outcome.line,
            printable(&outcome.tool, LONGEST),
            outcome.expected,
            by(&outcome.expected_rule),
            outcome.judgement.action,
            by(&outcome.judgement.rule),
            outcome.judgement.score,
        )
    }

    fn end(&mut self, tally: &Tally) -> io::Result<()> {
        let mut sums = Vec::new();
        if tally.calls() > 0 || tally.tests == 0 {
            sums.push(format!(
                "{}: {} pass, {} flag, {} pause, {} block",
                counted(tally.calls(), "call"),
                tally.pass,
                tally.flag,
                tally.pause,
                tally.block
            ));
        }
        if tally.refused > 0 {
            sums.push(format!("{} refused", counted(tally.refused, "line")));
        }
        if tally.other > 0 {
            sums.push(format!("{} that no rule looks at", counted(tally.other, "message")));
        }
        if tally.tests > 0 {
            sums.push(format!("{} of {} passed", tally.tests - tally.failed, counted(tally.tests, "test")));
        }
        writeln!(self.out, "{}", sums.join("; "))?;
        if !tally.unmet().is_empty() {
            let names: Vec<String> = tally.unmet().iter().map(|name| printable(name, LONGEST)).collect();
            writeln!(self.out, "concerned no call: {}", names.join(", "))?;
        }
        Ok(())
    }
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Characters of a name.
const LONGEST: usize = 60;
