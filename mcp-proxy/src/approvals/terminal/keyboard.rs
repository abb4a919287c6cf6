//! What somebody types.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{QueueSelector, tcflush};

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A line.
    Line(String),
    /// Nothing, in the time that there was.
    Nothing,
    /// There will be no more.
    End,
}

/// Throws away what was typed before it was asked for: it was meant for something else.
pub(super) fn forget() {
    // Fails where standard input is no terminal, and nobody types ahead.
    let _ = tcflush(rustix::stdio::stdin(), QueueSelector::IFlush);
}

/// A line, waited for at most for `patience`.
pub(super) fn line(patience: Duration) -> io::Result<Typed> {
    let stdin = rustix::stdio::stdin();
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&left)) {
            Ok(0) => return Ok(Typed::Nothing),
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // A terminal hands over one line at a time; of more, the first is the answer, and the rest was not asked for.
    let mut typed = [0; 1024];
    let length = rustix::io::retry_on_intr(|| rustix::io::read(stdin, &mut typed))?;
    if length == 0 {
        return Ok(Typed::End);
    }
    let line = typed[..length].split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(Typed::Line(String::from_utf8_lossy(line).trim().to_ascii_lowercase()))
}
