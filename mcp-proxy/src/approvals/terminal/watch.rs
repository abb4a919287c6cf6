//! Calls as they come, each with a question.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use hyper::Method;

use super::super::answer::Verdict;
use super::super::question::ApprovalId;
use super::Scene;
use super::call::Call;
use super::keyboard::{Typed, forget, line};
use super::{decide, find, show};

/// Shows each call once, and asks where somebody can answer; until the end of input.
pub(super) fn watch(scene: &Scene) -> io::Result<()> {
    let asks = io::stdin().is_terminal() && io::stdout().is_terminal() && !scene.json;
    let mut seen: HashSet<ApprovalId> = HashSet::new();
    if asks {
        println!("calls that wait for an approval are shown here; Ctrl-D ends");
    }
    loop {
        let (calls, _) = find::all(scene);
        // Ids are not given twice; what waits no more need not be remembered.
        seen.retain(|id| calls.iter().any(|call| call.id == *id));
        match calls.into_iter().find(|call| !seen.contains(&call.id)) {
            Some(call) => {
                seen.insert(call.id.clone());
                if scene.json {
                    show::json(&mut io::stdout().lock(), call.told.clone())?;
                } else {
                    show::show(&mut io::stdout().lock(), &call)?;
                }
                if asks && !ask(scene, &call)? {
                    return Ok(());
                }
            }
            None => {
                if line(PACE)? == Typed::End {
                    return Ok(());
                }
            }
        }
    }
}

/// Asks for an answer to one call; false at the end of input.
fn ask(scene: &Scene, call: &Call) -> io::Result<bool> {
    forget();
    prompt()?;
    loop {
        let verdict = match line(PACE)? {
            Typed::End => return Ok(false),
            Typed::Nothing if waits(scene, call) => continue,
            Typed::Nothing => {
                println!("\n  it does not wait any more");
                return Ok(true);
            }
            Typed::Line(word) => match word.as_str() {
                "y" | "yes" => Verdict::Approve,
                "n" | "no" => Verdict::Deny,
                "s" | "skip" => return Ok(true),
                _ => {
                    prompt()?;
                    continue;
                }
            },
        };
        match decide::decide(scene, call, verdict) {
            Ok(decided) => show::decided(scene, call, verdict, &decided)?,
            Err(error) => drop(super::failed(&error.to_string(), 1)),
        }
        return Ok(true);
    }
}

fn prompt() -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "  approve? [y]es, [n]o, [s]kip: ")?;
    out.flush()
}

/// Whether the call can still be answered. A proxy that cannot be asked is asked again.
fn waits(scene: &Scene, call: &Call) -> bool {
    match scene.talk.ask(&call.socket, Method::GET, &format!("/api/tool-calls/{}", call.id)) {
        Ok((status, _)) => status == 200,
        Err(_) => call.socket.exists(),
    }
}

const PACE: Duration = Duration::from_millis(500);
