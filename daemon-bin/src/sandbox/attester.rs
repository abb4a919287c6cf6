//! The one thread that Landlock does not confine, since it must see which executable a peer runs.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use agent_receipts_ipc::{Attest, Peer};
use nix::sys::signal::SigSet;

use super::calls;

/// A connection, and the way back for it. It travels whole: a copy would take a descriptor where there may be none left.
type Question = (OwnedFd, SyncSender<(OwnedFd, io::Result<Peer>)>);

/// Starts the thread, and gives the way to ask it. It confines itself to looking before it answers anything.
pub(super) fn start() -> io::Result<Attest> {
    let (ask, questions) = sync_channel::<Question>(0);
    let (begun, beginning) = sync_channel(0);
    thread::Builder::new().name("attester".into()).spawn(move || {
        // A signal goes to whichever thread takes it first, and its handler wakes the one that waits for it by a write, which this
        // one may not make any more: the daemon would never hear that it is to end.
        let deaf = SigSet::all().thread_block();
        let confined = calls::confine_attester();
        // Nobody waits any more if the daemon is already ending.
        let _ = begun.send(());
        drop((confined, deaf));
        for (socket, reply) in questions {
            let peer = Peer::of(&socket);
            let _ = reply.send((socket, peer));
        }
    })?;
    beginning.recv().map_err(|_| gone())?;
    let ask = Mutex::new(ask);
    Ok(Arc::new(move |socket| {
        let (reply, answer) = sync_channel(1);
        let asked = ask.lock().unwrap_or_else(PoisonError::into_inner).send((socket, reply));
        asked.map_err(|_| gone())?;
        let (socket, peer) = answer.recv().map_err(|_| gone())?;
        Ok((socket, peer?))
    }))
}

/// The thread ends only by a panic; without it nobody can be told who sent an event.
fn gone() -> io::Error {
    io::Error::other("the attester has ended")
}
