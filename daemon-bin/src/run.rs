//! The daemon as a process: until a signal ends it.

use std::thread;
use std::time::{Duration, Instant};

use agent_receipts_ipc::attest_directly;

use crate::config::Config;
use crate::daemon::{Daemon, StopError};
use crate::manager::{Manager, passed_socket};
use crate::sandbox::confine;
use crate::signals;
use crate::startup::StartError;
use crate::surroundings::Surroundings;

/// Why the daemon's process ended badly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It did not stop well.
    #[error(transparent)]
    Stop(#[from] StopError),
}

/// Runs until SIGTERM, SIGINT or SIGHUP, or until nothing more can be recorded; meanwhile it says again, as often as
/// `surroundings` has it, what is unsafe. Signals, umask and limits are the whole process's: call it once, in `main`.
///
/// A service manager may pass a socket, and say where it wants to hear how the daemon is (`sd_listen_fds(3)`, `sd_notify(3)`).
/// On Linux, unless the configuration says otherwise, the calling thread is [confined](crate::confine) for good.
///
/// # Errors
///
/// [`RunError`], after which the process should end with a failure.
pub fn run(config: &Config, surroundings: Surroundings) -> Result<(), RunError> {
    // Before anything else is opened, since only its number tells which descriptor it is.
    let passed = passed_socket(&*surroundings.variable).map_err(StartError::from)?;
    let manager = Manager::find(&*surroundings.variable)
        .map_err(|error| StartError::System { what: "reach the service manager", error })?;
    // Whatever this process creates is at most readable by its group.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    // Before anything is opened: a signal during the start must not kill the process between two steps.
    let mut signals =
        signals::watch().map_err(|error| StartError::System { what: "watch for signals", error })?;
    raise_descriptor_limit();
    keep_memory_private();
    let (log, interval) = (surroundings.log.clone(), surroundings.warning_interval);
    config.notices().iter().for_each(|notice| log(notice));
    let daemon = Daemon::start_over(config, surroundings, passed, |config, log| {
        if config.no_sandbox {
            log("sandbox: NOT confined, as the configuration says");
            return attest_directly();
        }
        confine(config, log)
    })?;
    manager.ready(&format!("recording on chain {}", daemon.chain_id()));
    let end = daemon.end_handle();
    let watching = signals.handle();
    let watcher = thread::spawn(move || {
        if signals.forever().next().is_some() {
            end.end();
        }
    });
    watch_over(&daemon, &manager, interval);
    manager.stopping("closing the open chains");
    log("stopping");
    let stopped = daemon.stop();
    watching.close();
    // The watcher ends with its signals; it has nothing to say.
    let _ = watcher.join();
    log("stopped");
    Ok(stopped?)
}

/// Returns when the daemon has ended or should. Until then tells the operator what is unsafe, and the service manager that the
/// daemon is well, as long as its writer writes: a watchdog that is fed for a thread's mere existence would never bite.
fn watch_over(daemon: &Daemon, manager: &Manager, interval: Duration) {
    let pulse = manager.heartbeat().and_then(|beat| Some((beat, daemon.pulse(beat).ok()?)));
    let step = pulse.as_ref().map_or(interval, |(beat, _)| interval.min(*beat));
    let mut warned = Instant::now();
    loop {
        if pulse.as_ref().is_some_and(|(_, pulse)| pulse.is_felt()) {
            manager.alive();
        }
        if daemon.wait_for(step) {
            return;
        }
        if warned.elapsed() >= interval {
            daemon.warn();
            warned = Instant::now();
        }
    }
}

/// The usual soft limit is there for programs that use `select`; a connection here needs two descriptors. Whatever the
/// limit is in the end, the listener survives it.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Refused at worst, which leaves the limit as it was.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// The signing key must not end up in a core file, nor be read by another process of the same user.
fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Both lower what this process may; neither can be refused.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
