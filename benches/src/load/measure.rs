//! Starts the emitters, lets them go at once, and gathers what they and the kernel say.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::completion::{rows, wait_for_rows};
use super::disk::{bytes_by_table, bytes_of_files};
use super::share::{AS_EMITTER, Account, GO, READY, Share};
use super::{LoadOutcome, LoadPlan, Target};
use crate::{Failure, Home, Latencies, ProcessUsage, RunningDaemon, thread_usage};

/// Puts the load on the target. The calling program must hand `--as-emitter` on to this crate, as its own programs do.
///
/// # Errors
///
/// [`Failure`]; the emitters and a daemon that was started have ended then.
pub fn measure_load(plan: &LoadPlan, target: &Target) -> Result<LoadOutcome, Failure> {
    plan.check()?;
    match target {
        Target::Running { socket, db } => bear(plan, socket, db.as_deref(), None),
        Target::Spawned { daemon, place } => {
            let home = Home::new(daemon, place)?;
            let daemon = home.start()?;
            bear(plan, &home.socket(), Some(&home.db()), Some(daemon))
        }
    }
}

fn bear(
    plan: &LoadPlan,
    socket: &Path,
    db: Option<&Path>,
    ours: Option<RunningDaemon>,
) -> Result<LoadOutcome, Failure> {
    let db = match (db, plan.acknowledged) {
        (None, false) => {
            return Err(Failure::Plan("without acknowledgements the database must be named".to_owned()));
        }
        (db, _) => db,
    };
    let load_average = fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned();
    let pid = daemon_behind(socket)?;
    let rows_before = db.map_or(Ok(0), rows)?;
    let bytes_before = db.map_or(0, bytes_of_files);
    let mut emitters = start_emitters(plan, socket)?;
    let (before, threads_before) = (ProcessUsage::of(pid)?, thread_usage(pid)?);
    emitters.iter_mut().try_for_each(Emitter::go)?;
    let accounts = emitters.into_iter().map(Emitter::account).collect::<Result<Vec<_>, _>>()?;
    let mut ended = accounts.iter().map(|account| account.ended).max().unwrap_or_default();
    if let (Some(db), false) = (db, plan.acknowledged) {
        ended = wait_for_rows(db, rows_before + plan.events, Duration::from_secs(plan.patience))?;
    }
    let (after, threads_after) = (ProcessUsage::of(pid)?, thread_usage(pid)?);
    let began = accounts.iter().map(|account| account.began).min().unwrap_or_default();
    let seconds = ended.saturating_sub(began) as f64 / 1e9;
    let each = |total: f64| total * 1e6 / plan.events as f64;
    let mut outcome = LoadOutcome {
        plan: plan.clone(),
        seconds,
        receipts_per_second: plan.events as f64 / seconds,
        refused: accounts.iter().map(|account| account.refused).sum(),
        daemon_cpu_microseconds: each(after.cpu_seconds - before.cpu_seconds),
        emitters_cpu_microseconds: each(accounts.iter().map(|account| account.cpu_seconds).sum()),
        ack_microseconds: Latencies::of(accounts.into_iter().flat_map(|account| account.latencies).collect()),
        daemon_peak_rss: after.peak_rss,
        bytes_a_receipt: None,
        bytes_a_receipt_by_table: BTreeMap::new(),
        daemon_threads_cpu_microseconds: threads_after
            .into_iter()
            .map(|(name, spent)| (spent - threads_before.get(&name).copied().unwrap_or_default(), name))
            .map(|(spent, name)| (name, each(spent)))
            .collect(),
        load_average,
        floor: None,
        achieved_of_floor: None,
    };
    let ended = ours.map(RunningDaemon::stop).transpose()?.is_some();
    if let Some(db) = db {
        let count = (rows(db)? - rows_before) as f64;
        outcome.bytes_a_receipt = Some((bytes_of_files(db) - bytes_before) as f64 / count);
        if ended {
            let tables = bytes_by_table(db)?.into_iter();
            outcome.bytes_a_receipt_by_table =
                tables.map(|(name, bytes)| (name, bytes as f64 / count)).collect();
        }
    }
    Ok(outcome)
}

/// The process that listens at a socket, by the kernel's word.
fn daemon_behind(socket: &Path) -> Result<i32, Failure> {
    let stream =
        UnixStream::connect(socket).map_err(Failure::system(format!("connect to `{}`", socket.display())))?;
    #[cfg(target_os = "linux")]
    return rustix::net::sockopt::socket_peercred(&stream)
        .map(|peer| peer.pid.as_raw_nonzero().get())
        .map_err(|error| Failure::System {
            what: "ask who listens at the socket".to_owned(),
            error: error.into(),
        });
    #[cfg(not(target_os = "linux"))]
    {
        drop(stream);
        Err(Failure::Plan("what a daemon uses is only read on Linux".to_owned()))
    }
}

fn start_emitters(plan: &LoadPlan, socket: &Path) -> Result<Vec<Emitter>, Failure> {
    let shares = Share::spread(plan.events, plan.emitters, plan.connections);
    let mut emitters = Vec::with_capacity(shares.len());
    for (first, events) in shares {
        emitters.push(Emitter::start(&Share {
            socket: socket.to_owned(),
            events,
            first,
            in_flight: plan.in_flight,
            frame_bytes: plan.frame_bytes,
            acknowledged: plan.acknowledged,
            patience: plan.patience,
        })?);
    }
    emitters.iter_mut().try_for_each(Emitter::await_ready)?;
    Ok(emitters)
}

/// An emitter process; killed when dropped before its end.
struct Emitter {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Emitter {
    fn start(share: &Share) -> Result<Self, Failure> {
        let this = std::env::current_exe().map_err(Failure::system("find this program"))?;
        let mut child = emitter_command(&this)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::system("start an emitter"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::unclear("an emitter", "no pipes"));
        };
        let mut emitter = Self { child, to, from: BufReader::new(from) };
        let share = serde_json::to_string(share).map_err(|error| Failure::unclear("the plan", error))?;
        emitter.say(&share)?;
        Ok(emitter)
    }

    fn await_ready(&mut self) -> Result<(), Failure> {
        let line = self.hear()?;
        if line.trim() == READY { Ok(()) } else { Err(Failure::unclear("an emitter", line.trim())) }
    }

    fn go(&mut self) -> Result<(), Failure> {
        self.say(GO)
    }

    /// Waits for its end. Its own waits are bounded, so that this one is.
    fn account(mut self) -> Result<Account, Failure> {
        let line = self.hear()?;
        serde_json::from_str(&line).map_err(|_| Failure::unclear("an emitter", line.trim()))
    }

    fn say(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.to, "{line}").map_err(Failure::system("speak to an emitter"))
    }

    fn hear(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(Failure::system("hear an emitter"))?;
        Ok(line)
    }
}

impl Drop for Emitter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn emitter_command(this: &PathBuf) -> Command {
    let mut command = Command::new(this);
    command.arg(AS_EMITTER).env_clear();
    command
}
