//! `agent-receipts-mcp approvals`: the calls of all of this user's proxies that wait, and somebody to answer them.
//!
//! What is shown comes from agents: nothing of it reaches the terminal that could steer it. Before an answer is given, it is recorded
//! in the approver's own name: the daemon asks the kernel who that is.

mod args;
mod call;
mod decide;
mod find;
mod found;
mod keyboard;
mod record;
mod show;
mod talk;
mod watch;

pub(crate) use args::ApprovalsArgs;

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use agent_receipts_core::printable;
use args::What;
use decide::Undecided;
use talk::Talk;

use super::answer::Verdict;
use crate::notice::notice;

/// What every word needs.
struct Scene {
    talk: Talk,
    /// The daemon's socket, where it was named.
    daemon: Option<PathBuf>,
    json: bool,
    unrecorded: bool,
    /// What was complained of already: who watches is told once.
    said: RefCell<HashSet<String>>,
}

impl Scene {
    /// Says what is wrong and hinders nothing else, once.
    fn complain(&self, why: String) {
        if !self.said.borrow().contains(&why) {
            notice(printable(&why));
            self.said.borrow_mut().insert(why);
        }
    }
}

/// Does what the command line says. 0: done; 1: not done; 2: not understood.
pub(crate) fn run(args: &ApprovalsArgs) -> ExitCode {
    let talk = match Talk::new() {
        Ok(talk) => talk,
        Err(error) => return failed(&format!("cannot begin: {error}"), 1),
    };
    let scene = Scene {
        talk,
        daemon: args.socket.clone(),
        json: args.json,
        unrecorded: args.unrecorded,
        said: RefCell::default(),
    };
    let at_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let usual = if at_terminal && !args.json { &What::Watch } else { &What::List };
    match args.what.as_ref().unwrap_or(usual) {
        What::List => written(show::list(&scene)),
        What::Watch => written(watch::watch(&scene)),
        What::Approve { id } => answered(&scene, id, Verdict::Approve),
        What::Deny { id } => answered(&scene, id, Verdict::Deny),
    }
}

fn answered(scene: &Scene, id: &str, verdict: Verdict) -> ExitCode {
    let decided = find::find(scene, id).map_err(Undecided::from).and_then(|call| {
        let decided = decide::decide(scene, &call, verdict)?;
        Ok((call, decided))
    });
    match decided {
        Ok((call, decided)) => written(show::decided(scene, &call, verdict, &decided)),
        Err(error) => failed(&error.to_string(), if error.is_usage() { 2 } else { 1 }),
    }
}

fn written(outcome: io::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has heard enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string(), 1),
    }
}

fn failed(why: &str, code: u8) -> ExitCode {
    notice(printable(why));
    ExitCode::from(code)
}
