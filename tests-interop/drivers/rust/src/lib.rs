//! Does with the Rust emitter what one JSON object a line asks for, and answers with one a line: the driver through which
//! `tests-interop/test_behaviours.py` holds Rust to what holds in every language. It translates, and decides nothing.

mod answer;
mod event;
mod many;

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use serde_json::Value;

/// Answers every request of `input`, until its end or until it says `abort`.
///
/// The emitters are closed by nobody: what becomes of them at the end of the process is one of the behaviours.
///
/// # Errors
///
/// When a line is no JSON, or cannot be read or answered.
pub fn drive(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut emitters = HashMap::new();
    for line in input.lines() {
        let request: Value = serde_json::from_str(&line?)?;
        if request["do"] == "abort" {
            break;
        }
        let answer = answer::answer(&request, &mut emitters).unwrap_or_else(|refused| refused);
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}
