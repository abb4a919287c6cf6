//! A server that is a process, in front of a client that is our parent: one message a line, both ways.

mod lines;
mod pipes;
mod server;
mod wait;

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use crate::session::{Proxy, Session};
use crate::signals::{self, Signal};
pub(crate) use lines::{Line, Lines};
use pipes::Pipes;
use server::{Server, StartError};

/// How a process is stood in front of.
#[derive(Debug, Clone)]
pub(crate) struct StdioOptions {
    /// The server's program and its arguments.
    pub(crate) command: Vec<OsString>,
    /// The longest message in bytes, either way.
    pub(crate) most: usize,
    /// How long the server has to end by itself, and again after it was asked to.
    pub(crate) grace: Duration,
}

/// Why there was nothing to stand in front of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StdioError {
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system gave no thread, or no standard input or output.
    #[error("cannot begin: {0}")]
    System(#[from] io::Error),
}

/// Something that the main thread waits for.
enum Event {
    /// The client has nothing more to say.
    ClientEnded,
    /// The client has closed its end, and not all that it said before may be read.
    ClientHungUp,
    /// The server has nothing more to say.
    ServerSilent,
    /// The server's process is over.
    ServerExited,
    /// We are to end.
    Stop,
    /// The rules are to be read again.
    Reload,
}

/// Carries messages until one of the two is gone, and gives the server's exit code.
pub(crate) fn run(proxy: &Arc<Proxy>, options: &StdioOptions) -> Result<u8, StdioError> {
    // Before the server starts, so that none of them ends us and leaves it behind.
    let (tell, events) = mpsc::channel();
    let signalled = tell.clone();
    signals::listen(move |signal| {
        let event = match signal {
            Signal::Stop => Event::Stop,
            Signal::Reload => Event::Reload,
        };
        signalled.send(event).is_ok()
    })?;
    let mut server = Server::start(&options.command)?;
    let session = Session::begin(Arc::clone(proxy), proxy.recorder().session_id().to_owned());
    let pipes = Arc::new(Pipes::new(server.take_input()?)?);
    pipes::from_client(&session, &pipes, options.most, tell.clone())?;
    pipes::watch_client(tell.clone())?;
    pipes::from_server(&session, &pipes, server.take_output()?, options.most, tell.clone())?;
    server.watch(tell)?;
    let why = wait::until_over(&events, &server, &pipes, proxy, options.grace);
    session.end(why);
    proxy.close();
    Ok(server.code())
}
