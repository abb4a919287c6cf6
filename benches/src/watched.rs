//! A program run to its end, and the most memory it ever had.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::{Failure, ProcessUsage};

/// How a program fared.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) seconds: f64,
    /// Seen every few milliseconds: what a program takes only in its last moment is missed.
    pub(crate) peak_rss: u64,
}

/// Runs a program with nothing on its standard input.
///
/// # Errors
///
/// [`Failure::Program`] if it fails, [`Failure::TooLate`] if it does not end.
pub(crate) fn watch(command: &mut Command, patience: Duration) -> Result<Watched, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Failure::system(format!("start `{program}` (is it built?)")))?;
    let pid = child.id().cast_signed();
    // Read all the while, so that a full pipe cannot hold the program up.
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stdout = thread::spawn(move || text_of(stdout));
    let stderr = thread::spawn(move || text_of(stderr));
    let mut peak_rss = 0;
    let ended: Option<ExitStatus> = loop {
        if let Some(status) = child.try_wait().map_err(Failure::system(format!("wait for `{program}`")))? {
            break Some(status);
        }
        if began.elapsed() > patience {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        // It may have ended a moment ago.
        peak_rss = ProcessUsage::of(pid).map_or(peak_rss, |usage| usage.peak_rss.max(peak_rss));
        sleep(GLANCE);
    };
    let seconds = began.elapsed().as_secs_f64();
    let (output, said) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    match ended {
        None => Err(Failure::TooLate { what: format!("`{program}`"), seconds: patience.as_secs() }),
        Some(status) if status.success() => Ok(Watched { seconds, peak_rss }),
        Some(_) => Err(Failure::Program { program, said: format!("{} {}", said.trim(), output.trim()) }),
    }
}

fn text_of(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let _ = stream.take(MOST_OUTPUT).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const GLANCE: Duration = Duration::from_millis(2);
const MOST_OUTPUT: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_or_does_not_end_is_an_error() {
        let shell = |text: &str| {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(text);
            command
        };
        let long = Duration::from_secs(60);
        assert!(watch(&mut shell("echo said"), long).is_ok());
        assert!(matches!(watch(&mut shell("exit 3"), long), Err(Failure::Program { .. })));
        let short = Duration::from_millis(50);
        assert!(matches!(watch(&mut shell("exec sleep 60"), short), Err(Failure::TooLate { .. })));
    }
}
