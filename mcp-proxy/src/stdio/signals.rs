//! What the proxy is told by signals.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Event;

/// Tells of each: SIGTERM and SIGINT end the session, SIGHUP reads the rules again.
pub(super) fn listen(tell: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let listen = move || {
        for signal in &mut signals {
            let event = if signal == SIGHUP { Event::Reload } else { Event::Stop };
            if tell.send(event).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(listen).map(drop)
}
