//! Where a command's answer goes.

use std::io::{self, BufWriter, Write};

use agent_receipts_core::harmless_json;

use super::paint::{Paint, Tone};
use crate::environment::Environment;

/// A line on standard error. That nobody reads there any more is no reason to fail: an exit code must still get through.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A buffered stream with its colours. Flushed when dropped; call [`Screen::flush`] where an error must be seen.
pub(crate) struct Screen {
    out: BufWriter<Box<dyn Write>>,
    paint: Paint,
}

impl Screen {
    /// Standard output.
    pub(crate) fn stdout(environment: &Environment) -> Self {
        let out = io::stdout();
        let paint = Paint::on(&out, environment);
        Self { out: BufWriter::new(Box::new(out)), paint }
    }

    /// Standard error: for what is said beside another program's output.
    pub(crate) fn stderr(environment: &Environment) -> Self {
        let out = io::stderr();
        let paint = Paint::on(&out, environment);
        Self { out: BufWriter::new(Box::new(out)), paint }
    }

    /// Any stream, without colours.
    pub(crate) fn plain(out: Box<dyn Write>) -> Self {
        Self { out: BufWriter::new(out), paint: Paint::plain() }
    }

    /// `text` in the colour of `tone`, if this stream has colours.
    pub(crate) fn tone(&self, tone: Tone, text: &str) -> String {
        self.paint.tone(tone, text)
    }

    /// One line.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// One line of JSON.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        self.line(&harmless_json(&serde_json::to_string(value)?))
    }

    /// Hands everything to the operating system.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
