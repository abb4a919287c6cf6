//! One emitter process: a thread a connection, all of them begun at a word from outside.

use std::io::{self, BufRead, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use super::line::{Line, Sent};
use super::share::{Account, GO, READY, Share};
use crate::process::{monotonic_nanoseconds, own_cpu_seconds};
use crate::{EventFrame, Failure};

/// Sends the share that standard input tells, and answers on standard output.
pub(crate) fn emitter_main() -> ExitCode {
    match emit(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::FAILURE
        }
    }
}

fn emit(input: &mut impl BufRead, output: &mut impl Write) -> Result<(), Failure> {
    let share: Share =
        serde_json::from_str(&word(input)?).map_err(|error| Failure::unclear("the plan", error))?;
    let frame = EventFrame::new(share.frame_bytes, share.acknowledged)?;
    let mut first = share.first;
    let mut lines = Vec::with_capacity(share.events.len());
    for events in &share.events {
        lines.push(Line { stream: connect(&share)?, frame: frame.clone(), first, events: *events });
        first += events;
    }
    say(output, READY)?;
    if word(input)?.trim() != GO {
        return Err(Failure::Plan("the load was called off".to_owned()));
    }
    let account = send(lines, &share)?;
    say(output, &serde_json::to_string(&account).map_err(|error| Failure::unclear("the account", error))?)
}

fn send(mut lines: Vec<Line>, share: &Share) -> Result<Account, Failure> {
    let cpu = own_cpu_seconds();
    let began = monotonic_nanoseconds();
    let one = |line: Line| {
        if share.acknowledged { line.converse(share.in_flight) } else { line.pour(share.in_flight) }
    };
    let last = lines.pop();
    let sent: Vec<Sent> = thread::scope(|scope| {
        let others: Vec<_> = lines.into_iter().map(|line| scope.spawn(|| one(line))).collect();
        // A single connection needs no thread but this one.
        let own = last.map(one);
        let others = others
            .into_iter()
            .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.chain(own).collect::<Result<_, Failure>>()
    })?;
    let ended = monotonic_nanoseconds();
    let cpu_seconds = own_cpu_seconds() - cpu;
    let mut account = Account { began, ended, cpu_seconds, ..Account::default() };
    for sent in sent {
        account.refused += sent.refused;
        account.latencies.extend(sent.latencies);
    }
    Ok(account)
}

fn connect(share: &Share) -> Result<UnixStream, Failure> {
    let patience = Some(Duration::from_secs(share.patience));
    UnixStream::connect(&share.socket)
        .and_then(|stream| {
            stream.set_read_timeout(patience)?;
            stream.set_write_timeout(patience)?;
            Ok(stream)
        })
        .map_err(Failure::system(format!("connect to `{}`", share.socket.display())))
}

fn word(input: &mut impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    input.read_line(&mut line).map_err(Failure::system("read what to do"))?;
    Ok(line)
}

fn say(output: &mut impl Write, line: &str) -> Result<(), Failure> {
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(Failure::system("answer"))
}
