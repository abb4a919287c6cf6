//! What the daemon gives up once it has started: files that are not its own, and system calls that it never makes.
//!
//! A flaw in what parses hostile bytes, or in SQLite, is then worth the database and the key at most, which are the daemon's
//! whole purpose, and nothing else of the machine: no other file, no network, no other program.
//!
//! Landlock has a price: whoever is confined by it may not look at processes outside, and so cannot read which executable a
//! peer runs. One thread therefore stays outside of it, the [attester](attester), which reads that link and does nothing else;
//! a filter of its own leaves it reading and no more.

#[cfg(target_os = "linux")]
mod attester;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod calls;
#[cfg(all(target_os = "linux", not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "no_calls.rs"]
mod calls;
#[cfg(target_os = "linux")]
mod files;

use agent_receipts_ipc::Attest;

use crate::config::Config;
use crate::surroundings::Log;

/// Confines the calling thread, and every thread that it starts from now on, to what a running daemon needs: the folders of
/// the database, the keys, the socket and the anchor log, the host's user database, Unix sockets, and the system calls of
/// reading, writing and waiting.
///
/// What the kernel does not offer is left out and said in the log: a daemon that runs is worth more than a sandbox. Gives
/// what a listener then must ask for its peers, which is [`agent_receipts_ipc::Peer::of`] where nothing stands in its way.
#[cfg(target_os = "linux")]
pub fn confine(config: &Config, log: &Log) -> Attest {
    let own_way: Attest = agent_receipts_ipc::attest_directly();
    let attest = match attester::start() {
        Ok(attest) => attest,
        Err(error) => {
            log(&format!("sandbox: NOT confined, no thread to attest peers: {error}"));
            return own_way;
        }
    };
    let confined = files::confine(config);
    log(&format!("sandbox: {}", confined.said));
    log(&format!("sandbox: {}", calls::confine()));
    if confined.enforced { attest } else { own_way }
}

/// There is no sandbox on this system, and the log says so.
#[cfg(not(target_os = "linux"))]
pub fn confine(_: &Config, log: &Log) -> Attest {
    log("sandbox: NOT confined: this system has neither Landlock nor seccomp");
    agent_receipts_ipc::attest_directly()
}
