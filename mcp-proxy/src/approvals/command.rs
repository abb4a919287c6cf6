//! A command of the operator's that asks somebody: by a notification on the desktop, in a chat.
//!
//! It gets the question as a line of JSON on its standard input, and decides when it ends with 0 and the first line that it wrote is
//! `approve` or `deny`. Whatever else it does decides nothing, and others may still answer.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Semaphore, oneshot};

use super::answer::{Approver, Verdict, Way};
use super::question::Pending;
use super::room::Answering;
use crate::notice::notice;

/// The command, which is run once for each question.
#[derive(Clone)]
pub(super) struct Asker {
    shared: Arc<Shared>,
}

struct Shared {
    words: Vec<OsString>,
    /// How many run at once; the others wait for their turn.
    turns: Semaphore,
    answering: Answering,
    complained: AtomicBool,
}

impl Asker {
    /// One that runs `words`, a program and its arguments.
    pub(super) fn new(words: Vec<OsString>, answering: Answering) -> Self {
        let (turns, complained) = (Semaphore::new(AT_ONCE), AtomicBool::new(false));
        Self { shared: Arc::new(Shared { words, turns, answering, complained }) }
    }

    /// Asks one question, until `ended` says that it has ended.
    pub(super) async fn ask(self, pending: Pending, ended: oneshot::Receiver<()>) {
        let verdict = tokio::select! {
            // Dropped with its question, not sent.
            _ = ended => None,
            verdict = self.shared.in_turn(&pending) => verdict,
        };
        if let Some(verdict) = verdict {
            self.shared.answering.decide(&pending.id, verdict, Approver { way: Way::Command, peer: None });
        }
    }
}

impl Shared {
    async fn in_turn(&self, pending: &Pending) -> Option<Verdict> {
        let _turn = self.turns.acquire().await.ok()?;
        match self.start(pending) {
            Ok(mut running) => running.verdict(pending).await,
            Err(error) => {
                if !self.complained.swap(true, Ordering::Relaxed) {
                    let program = self.words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
                    notice(format_args!("cannot run the approval command `{program}`: {error}"));
                }
                None
            }
        }
    }

    fn start(&self, pending: &Pending) -> io::Result<Running> {
        let (program, arguments) = self.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).env(VARIABLE, pending.id.as_str());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A group of its own, so that what it starts ends with it.
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Ok(Running { group, child, stdin, stdout })
    }
}

/// One run; ended, with all that it started in its group, when this is dropped.
struct Running {
    group: Group,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
}

impl Running {
    async fn verdict(&mut self, pending: &Pending) -> Option<Verdict> {
        let (mut stdin, mut stdout) = (self.stdin.take()?, self.stdout.take()?);
        let tell = async {
            let mut question = pending.to_json();
            question.push(b'\n');
            // One that does not want to know closes its end.
            let _ = stdin.write_all(&question).await;
            drop(stdin);
        };
        let hear = async {
            let line = first_line(&mut stdout).await;
            // What it says besides is read and thrown away, up to a bound, so that it is not held up.
            let (mut rest, mut nowhere) = ((&mut stdout).take(MOST_TALK), tokio::io::sink());
            let status = tokio::select! {
                status = self.child.wait() => status,
                said = tokio::io::copy(&mut rest, &mut nowhere) => match said {
                    Ok(said) if said < MOST_TALK => self.child.wait().await,
                    _ => return None,
                },
            };
            // Its number is not given again before its group is empty, and what is left of that goes now.
            self.group.end();
            if status.ok()?.success() { verdict_in(&line?) } else { None }
        };
        // Whoever ends without reading the question has answered it all the same.
        tokio::pin!(hear);
        tokio::select! {
            verdict = &mut hear => verdict,
            () = tell => hear.await,
        }
    }
}

/// A process group, killed once.
struct Group(Option<Pid>);

impl Group {
    fn end(&mut self) {
        if let Some(group) = self.0.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// The first line, without what ends it; `None` for one that is longer than any answer.
async fn first_line(stdout: &mut ChildStdout) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while line.len() <= MOST_LINE {
        match stdout.read_u8().await {
            Ok(b'\n') | Err(_) => return Some(line),
            Ok(byte) => line.push(byte),
        }
    }
    None
}

fn verdict_in(line: &[u8]) -> Option<Verdict> {
    match line.trim_ascii() {
        b"approve" => Some(Verdict::Approve),
        b"deny" => Some(Verdict::Deny),
        _ => None,
    }
}

const VARIABLE: &str = "AGENTRECEIPTS_APPROVAL_ID";
const AT_ONCE: usize = 8;
/// Bytes of a line.
const MOST_LINE: usize = 64;
/// Bytes.
const MOST_TALK: u64 = 1 << 20;
