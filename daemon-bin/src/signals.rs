//! Which signals end the daemon, and which must not.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

/// Watches for the signals that end the daemon: SIGTERM, SIGINT, and SIGHUP unless whoever started it had it ignored.
///
/// # Errors
///
/// What the system says if it refuses a handler.
pub(crate) fn watch() -> io::Result<Signals> {
    // A limit on the size of files is a full disk like any other: the write that meets it fails, and is reported. The
    // signal that comes with it would end the process; a handler that does nothing of use prevents that.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    let mut ending = vec![SIGTERM, SIGINT];
    if !was_ignored(SIGHUP) {
        ending.push(SIGHUP);
    }
    Signals::new(ending)
}

/// Whether a signal was ignored when the process started, as `nohup` arranges. Known on Linux only; elsewhere no.
fn was_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_in_set(&status, signal)
}

/// Reads the line `SigIgn:`, 16 hexadecimal digits of which bit 0 stands for signal 1.
fn is_in_set(status: &str, signal: i32) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or(0);
    ignored >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_ignored_signals_is_read_from_its_own_line() {
        let status =
            "Name:\td\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n";
        assert!(is_in_set(status, 13) && !is_in_set(status, SIGHUP));
        assert!(is_in_set("SigIgn:\t0000000000000001", SIGHUP));
        assert!(!is_in_set("", SIGHUP) && !is_in_set("SigIgn:\tnonsense", SIGHUP));
    }
}
