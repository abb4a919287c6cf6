//! A command that runs in our place: its signals, its ending, its exit code.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::Signals;

use crate::exit;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It chose its own exit code.
    Exited(u8),
    /// A signal ended it.
    Killed(u8),
}

impl Ending {
    /// The exit code by which a shell would tell of it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Ending::Exited(code) => code,
            Ending::Killed(signal) => exit::SIGNAL_BASE.saturating_add(signal),
        }
    }

    fn of(status: ExitStatus) -> Self {
        let byte = |number: i32| u8::try_from(number).unwrap_or(exit::FAILED);
        match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(byte(code)),
            (None, signal) => Ending::Killed(byte(signal.unwrap_or_default())),
        }
    }
}

/// Starts a command by `start` and waits for it, whatever signals arrive.
///
/// An interrupt or a quit from the terminal reaches the command as it reaches us, so we only stay alive for what
/// comes after; `SIGTERM` and `SIGHUP` are sent to us alone and passed on. The command itself starts with the
/// signal dispositions that we were started with.
pub(crate) fn wait<T>(start: impl FnOnce() -> io::Result<(Child, T)>) -> io::Result<(Ending, T)> {
    // Registered before the start: a child that ends at once must not be missed.
    let mut signals = Signals::new([SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP])?;
    let (mut child, besides) = start()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((Ending::of(status), besides));
        }
        for signal in signals.wait() {
            // Until it is waited for above, the child's process id cannot become another process's.
            match signal {
                SIGTERM => pass_on(&child, Signal::TERM)?,
                SIGHUP => pass_on(&child, Signal::HUP)?,
                _ => {}
            }
        }
    }
}

/// Lets signals end this process again, as [`wait`] leaves them without effect. To be called when nothing is running any
/// more that would be left behind.
pub(crate) fn heed_signals() -> io::Result<()> {
    let now = Arc::new(AtomicBool::new(true));
    for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
        register_conditional_default(signal, Arc::clone(&now))?;
    }
    Ok(())
}

fn pass_on(child: &Child, signal: Signal) -> io::Result<()> {
    match kill_process(Pid::from_child(child), signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn ending(script: &str) -> Ending {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        wait(|| Ok((command.spawn()?, ()))).unwrap().0
    }

    #[test]
    fn exit_codes_and_signals_are_told_apart() {
        assert_eq!(ending("exit 0"), Ending::Exited(0));
        assert_eq!(ending("exit 137"), Ending::Exited(137));
        assert_eq!(ending("kill -9 $$"), Ending::Killed(9));
        assert_eq!(Ending::Killed(9).code(), 137);
    }
}
