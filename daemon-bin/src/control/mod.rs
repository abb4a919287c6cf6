//! What an operator's program may ask of the running daemon, on a socket of its own (mode 0600).
//!
//! The kernel says who asks: only the daemon's own user and root are obeyed. One kind of request is one file here and one line
//! in [`KINDS`].

mod asking;
mod house;
mod rotate;
mod status;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use agent_receipts_core::json::Object;
use agent_receipts_ipc::{
    BindError, ControlReply, Limits, Listener, ListenerOptions, MAX_CONTROL_REQUEST, ShutdownHandle, Stopped,
    check_socket_path, control_socket_beside,
};

use crate::config::Config;
use crate::startup::StartError;
use crate::surroundings::Log;
use asking::Asking;

pub(crate) use house::House;

/// What can be asked for.
const KINDS: &[Kind] = &[
    Kind { name: "status", takes: &[], answer: status::answer },
    Kind { name: "rotate", takes: &["anchor_log"], answer: rotate::answer },
];

/// One kind of request.
struct Kind {
    name: &'static str,
    /// The arguments that it knows; a request with another one is refused.
    takes: &'static [&'static str],
    /// Does it, on the thread of the connection that asked; what needs the ledger is done by [`House::alone`].
    answer: fn(&Object, &House) -> ControlReply,
}

/// The control socket of a running daemon.
pub(crate) struct Control {
    shutdown: ShutdownHandle,
    thread: JoinHandle<Stopped>,
}

/// Binds the socket that the configuration names, or one beside the event socket. Where that cannot be had, the daemon still
/// records: `None`, and the log says why.
///
/// # Errors
///
/// [`StartError`] if the socket was named and cannot be had.
pub(crate) fn bind(config: &Config, log: &Log) -> Result<Option<Listener>, StartError> {
    match (bind_at(config, log), &config.control_socket) {
        (Ok(listener), _) => Ok(Some(listener)),
        (Err(error), Some(_)) => Err(error),
        (Err(error), None) => {
            log(&format!("no control socket, so this daemon cannot be asked: {error}"));
            Ok(None)
        }
    }
}

impl Control {
    /// Answers whoever asks, on threads of its own.
    pub(crate) fn start(listener: Listener, house: House) -> Result<Self, StartError> {
        let shutdown = listener.shutdown_handle();
        let handler = Arc::new(Asking::new(house));
        let thread = thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || listener.run(handler))
            .map_err(|error| StartError::System { what: "start a thread", error })?;
        Ok(Self { shutdown, thread })
    }

    /// Lets nobody in any more. What was asked for is still done.
    pub(crate) fn close(&self) {
        self.shutdown.stop();
    }

    /// Waits until everybody has been answered. False if the thread panicked.
    pub(crate) fn join(self) -> bool {
        self.thread.join().is_ok()
    }
}

fn bind_at(config: &Config, log: &Log) -> Result<Listener, StartError> {
    let path = config.control_socket.clone().unwrap_or_else(|| control_socket_beside(&config.socket));
    if path == config.socket {
        return Err(BindError::AlreadyListening { path }.into());
    }
    let environment = |name: &str| std::env::var(name).ok();
    check_socket_path(&path, &environment, config.unsafe_socket_path)?;
    let log = Arc::clone(log);
    let limits = Limits {
        connections: 16,
        connections_per_uid: 8,
        idle: Duration::from_secs(10),
        frame: Duration::from_secs(2),
        frame_size: MAX_CONTROL_REQUEST,
        reply: Duration::from_secs(1),
        ..Limits::default()
    };
    let told = move |notice: &agent_receipts_ipc::Notice| log(&format!("control: {notice}"));
    Ok(Listener::bind(&path, ListenerOptions { limits, mode: 0o600, ..ListenerOptions::new(told) })?)
}
