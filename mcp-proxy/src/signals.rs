//! What the proxy is told by signals.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// We are to end: SIGTERM and SIGINT.
    Stop,
    /// The rules are to be read again: SIGHUP.
    Reload,
}

/// Tells of each signal, on a thread of its own, until `tell` says that nobody listens any more.
pub(crate) fn listen(mut tell: impl FnMut(Signal) -> bool + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let listen = move || {
        for signal in &mut signals {
            if !tell(if signal == SIGHUP { Signal::Reload } else { Signal::Stop }) {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(listen).map(drop)
}
