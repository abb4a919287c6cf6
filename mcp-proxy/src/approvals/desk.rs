//! The desk: calls are put on it, and come off it with an answer.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring::rand::SecureRandom;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::answer::Answer;
use super::command::Asker;
use super::office::Office;
use super::place::EndpointError;
use super::question::{ApprovalId, Pending, Question};
use super::room::WaitingRoom;

/// How approvals are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeskOptions {
    /// The server's name, for whoever looks for proxies.
    pub server: String,
    /// Where approvers connect to. A Unix socket.
    pub endpoint: Endpoint,
    /// A program and its arguments, run for each question to ask somebody; none if empty.
    pub command: Vec<OsString>,
    /// How long a call waits; then it is denied. One minute.
    pub patience: Duration,
    /// How many calls may wait at once; further ones are answered [`Answer::NoApprover`]. 64.
    pub most: usize,
}

impl Default for DeskOptions {
    fn default() -> Self {
        Self {
            server: String::new(),
            endpoint: Endpoint::Socket,
            command: Vec::new(),
            patience: Duration::from_secs(60),
            most: 64,
        }
    }
}

/// Where approvers connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Nowhere.
    Off,
    /// A Unix socket in a folder of this user's, a new one for each proxy.
    Socket,
    /// That, and a port of 127.0.0.1; 0 is any that is free.
    Port(u16),
}

/// Not a place where approvers can connect to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is neither `socket`, `off` nor a port")]
pub struct UnknownEndpoint {
    /// What was given.
    pub given: String,
}

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(text: &str) -> Result<Self, UnknownEndpoint> {
        match text {
            "off" => Ok(Self::Off),
            "socket" => Ok(Self::Socket),
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map(Self::Port).map_err(|_| UnknownEndpoint { given: text.to_owned() })
            }
            _ => Err(UnknownEndpoint { given: text.to_owned() }),
        }
    }
}

/// Takes calls that wait for somebody's approval, and gives each its answer, once.
///
/// Asking never waits. A call that nobody answers in time is denied, and so is one that nobody could answer.
pub struct Desk {
    room: WaitingRoom,
    office: Mutex<Option<Office>>,
    asker: Option<(Handle, Asker)>,
    faults: Vec<EndpointError>,
}

impl Desk {
    /// Opens the desk; `random` makes the names of questions and the token, `env` looks one environment variable up.
    ///
    /// That approvers cannot connect is no error: [`Desk::faults`] tells, and calls are answered [`Answer::NoApprover`] if there is no
    /// command either.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness, thread or descriptor. Without these nobody could approve anything.
    pub fn open(
        options: &DeskOptions,
        random: &dyn SecureRandom,
        env: &impl Fn(&str) -> Option<String>,
    ) -> io::Result<Self> {
        let mut seed = [0; 32];
        random.fill(&mut seed).map_err(|_| io::Error::other("the system gives no randomness"))?;
        let room = WaitingRoom::new(seed, options.most, options.patience)?;
        if options.endpoint == Endpoint::Off && options.command.is_empty() {
            return Ok(Self { room, office: Mutex::new(None), asker: None, faults: Vec::new() });
        }
        let answering = room.answering();
        let (office, faults) = Office::open(options.endpoint, &options.server, &answering, random, env)?;
        let asker = (!options.command.is_empty())
            .then(|| (office.handle().clone(), Asker::new(options.command.clone(), answering)));
        if office.socket().is_some() || asker.is_some() {
            room.attend();
        }
        Ok(Self { room, office: Mutex::new(Some(office)), asker, faults })
    }

    /// Why approvers cannot connect, or not as they were to; to be said once.
    pub fn faults(&self) -> &[EndpointError] {
        &self.faults
    }

    /// The socket that approvers connect to, if there is one.
    pub fn socket(&self) -> Option<PathBuf> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.socket()
    }

    /// The port of 127.0.0.1 that was bound, if one was asked for and could be had.
    pub fn address(&self) -> Option<SocketAddr> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.address()
    }

    /// Asks. `then` is called once, with the question's name, on the desk's own thread; on this thread only when the desk is closed.
    ///
    /// What `then` does, the next answer waits for: that of another call, and never whoever answers.
    pub fn ask(
        &self,
        question: Question,
        then: impl FnOnce(&ApprovalId, Answer) + Send + 'static,
    ) -> ApprovalId {
        self.room.ask(question, |pending| self.run_command(pending), Box::new(then))
    }

    /// Takes a question back, which is then answered [`Answer::Withdrawn`]; nothing where it has ended already.
    pub fn withdraw(&self, id: &ApprovalId) {
        self.room.withdraw(id);
    }

    /// Takes all questions back, waits until everybody who asked has been told, and removes the endpoint; may be called again.
    pub fn close(&self) {
        self.room.close();
        drop(self.office.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Has somebody asked by the command; what comes back ends that when it is dropped.
    fn run_command(&self, pending: &Pending) -> Option<Box<dyn Send>> {
        let (handle, asker) = self.asker.as_ref()?;
        let (until, ended) = oneshot::channel::<()>();
        handle.spawn(asker.clone().ask(pending.clone(), ended));
        Some(Box::new(until))
    }
}
