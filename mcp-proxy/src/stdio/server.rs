//! The server's process.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::Event;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// No program was named.
    #[error("no server was named; put its command behind `--`")]
    NoCommand,
    /// The program could not be started.
    #[error("cannot start `{program}`: {error}")]
    Spawn {
        /// As it was named.
        program: String,
        /// The system's reason.
        error: io::Error,
    },
}

/// A process of ours, in a group of its own, so that all of it can be ended.
pub(super) struct Server {
    child: Child,
    pid: Pid,
}

impl Server {
    /// Starts it; what it says on standard error goes where ours goes.
    pub(super) fn start(command: &[OsString]) -> Result<Self, StartError> {
        let (program, args) = command.split_first().ok_or(StartError::NoCommand)?;
        let failed = |error| StartError::Spawn { program: program.to_string_lossy().into_owned(), error };
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let child = command.spawn().map_err(failed)?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
        Ok(Self { child, pid })
    }

    pub(super) fn take_input(&mut self) -> io::Result<OwnedFd> {
        self.child.stdin.take().map(OwnedFd::from).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    pub(super) fn take_output(&mut self) -> io::Result<OwnedFd> {
        self.child.stdout.take().map(OwnedFd::from).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Tells when it is over, and leaves it to be waited for: until then its number is nobody else's.
    pub(super) fn watch(&self, tell: Sender<Event>) -> io::Result<()> {
        let pid = self.pid;
        let wait = move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
            let _ = tell.send(Event::ServerExited);
        };
        thread::Builder::new().name("server-end".into()).spawn(wait).map(drop)
    }

    /// Sends a signal to it and to what it has started. To be called only before [`Server::code`].
    pub(super) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    /// Its exit code, as a shell has it; it must be over, or was killed.
    pub(super) fn code(&mut self) -> u8 {
        match self.child.wait() {
            Ok(status) => code(status),
            Err(_) => 1,
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let of_signal = || status.signal().map(|signal| 128 + signal);
    status.code().or_else(of_signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
