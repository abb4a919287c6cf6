//! One run of `check`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use agent_receipts_core::printable;

use super::args::CheckArgs;
use super::judging::judge_lines;
use super::report::{Json, Report, Table};
use super::tally::Tally;
use crate::policy::{DEFAULTS, LoadError, Policy};

/// Checks as the command line says, and gives the process's exit code.
pub(crate) fn run(args: &CheckArgs) -> ExitCode {
    let stdin = io::stdin();
    let mut notes = io::stderr().lock();
    if stdin.is_terminal() && !args.test && !args.defaults {
        let _ = writeln!(notes, "agent-receipts-mcp: no calls are tried: give them by `< calls.jsonl`");
    }
    // Whoever calls it without calls wants the tests, and no wait for a hand at the keyboard.
    let calls: Option<Box<dyn BufRead>> =
        if args.test || stdin.is_terminal() { None } else { Some(Box::new(stdin.lock())) };
    // Written line by line: calls may come slowly.
    let mut out = io::stdout().lock();
    let checked = check(args, calls, &mut out, &mut notes, Instant::now());
    let flushed = out.flush();
    match checked.and_then(|end| flushed.map(|()| end).map_err(CheckError::Output)) {
        Ok(end) => end.into(),
        // Who reads no further has seen enough.
        Err(CheckError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => End::Fine.into(),
        Err(error) => {
            let _ = writeln!(notes, "agent-receipts-mcp: {}", printable(&error.to_string()));
            End::Unreadable.into()
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Fine,
    TestFailed,
    Unreadable,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        ExitCode::from(match end {
            End::Fine => 0,
            End::TestFailed => 1,
            End::Unreadable => 2,
        })
    }
}

/// Why it did not come to an end.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error(transparent)]
    Rules(#[from] LoadError),
    #[error("cannot read the calls: {0}")]
    Input(io::Error),
    #[error("cannot write what was found: {0}")]
    Output(io::Error),
}

/// The same with everything that the process gives as arguments. The session begins at `start`.
pub(super) fn check(
    args: &CheckArgs,
    calls: Option<Box<dyn BufRead + '_>>,
    out: &mut dyn Write,
    notes: &mut dyn Write,
    start: Instant,
) -> Result<End, CheckError> {
    if args.defaults {
        out.write_all(DEFAULTS.as_bytes()).map_err(CheckError::Output)?;
        return Ok(End::Fine);
    }
    let policy = match &args.rules {
        Some(path) => Policy::load(path)?,
        None => Policy::defaults().map_err(LoadError::Defaults)?,
    };
    for warning in policy.warnings() {
        // A warning that nobody hears changes nothing of what is found.
        let _ = writeln!(notes, "warning: {}", printable(warning));
    }
    let mut report: Box<dyn Report + '_> =
        if args.json { Box::new(Json::new(out)) } else { Box::new(Table::new(out)) };
    let rules = args.rules.as_ref().map_or("the built-in rules".into(), |path| path.display().to_string());
    report.begin(&rules, &policy).map_err(CheckError::Output)?;
    let mut tally = Tally::new(&policy);
    if let Some(calls) = calls {
        judge_lines(&policy, &args.name, start, calls, &mut tally, &mut *report)?;
    }
    for outcome in policy.run_tests(&args.name) {
        tally.test(&outcome);
        report.test(&outcome).map_err(CheckError::Output)?;
    }
    report.end(&tally).map_err(CheckError::Output)?;
    Ok(tally.ending())
}
