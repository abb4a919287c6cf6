//! Calls, line by line, as one session would make them.

use std::io::BufRead;
use std::time::{Duration, Instant};

use super::line::{Line, read_line};
use super::lines::{Bounded, next_line};
use super::report::Report;
use super::run::CheckError;
use super::tally::Tally;
use crate::policy::{Call, Counters, Policy};

/// Judges each line by rules and limits, and reports it.
pub(super) fn judge_lines(
    policy: &Policy,
    server: &str,
    start: Instant,
    mut input: Box<dyn BufRead + '_>,
    tally: &mut Tally,
    report: &mut dyn Report,
) -> Result<(), CheckError> {
    let counters = Counters::new();
    let mut at = Duration::ZERO;
    let mut number = 0;
    while let Some(line) = next_line(&mut *input, MOST_BYTES).map_err(CheckError::Input)? {
        number += 1;
        let read = match &line {
            Bounded::Line(line) => read_line(line, server, at),
            Bounded::TooLong => Line::Refused(format!("more than {MOST_BYTES} bytes")),
        };
        match read {
            Line::Empty => {}
            Line::Other => tally.other += 1,
            Line::Refused(why) => {
                tally.refused += 1;
                report.refused(number, &why).map_err(CheckError::Output)?;
            }
            Line::Call(tried) => {
                at = tried.at;
                let call =
                    Call { server: &tried.server, tool: &tried.tool, arguments: tried.arguments.as_ref() };
                let judgement = policy.decide(&call, &counters, start + at);
                tally.call(&judgement);
                report.call(number, &tried, &judgement).map_err(CheckError::Output)?;
            }
        }
    }
    Ok(())
}

/// Bytes of a line, as many as the proxy takes unless told otherwise.
const MOST_BYTES: usize = 64 << 20;
