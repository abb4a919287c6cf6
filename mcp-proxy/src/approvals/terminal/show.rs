//! What is printed. All of it may have been written by somebody who wants it to be read as something else.

use std::io::{self, Write};

use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::{harmless_json, printable};

use super::super::answer::Verdict;
use super::Scene;
use super::call::Call;
use super::decide::Decided;
use super::find::all;

/// All calls that wait.
pub(super) fn list(scene: &Scene) -> io::Result<()> {
    let (calls, proxies) = all(scene);
    let mut out = io::stdout().lock();
    if scene.json {
        let calls: Vec<Value> = calls.iter().map(|call| call.told.clone().into()).collect();
        return json(&mut out, Object::from_iter([("tool_calls", calls)]));
    }
    if calls.is_empty() {
        let proxies = match proxies {
            0 => "no proxy runs".to_owned(),
            1 => "1 proxy runs".to_owned(),
            more => format!("{more} proxies run"),
        };
        return writeln!(out, "no call waits for an approval; {proxies}");
    }
    calls.iter().try_for_each(|call| show(&mut out, call))
}

/// One call, on lines of its own.
pub(super) fn show(out: &mut impl Write, call: &Call) -> io::Result<()> {
    writeln!(out, "{}  risk {}, {} s left", call.id, call.score, call.left / 1000)?;
    framed(out, &format!("{}: {}", call.server, call.tool))?;
    let said = if call.description.is_empty() { String::new() } else { format!(": {}", call.description) };
    framed(out, &format!("{}{said}", call.rule))?;
    framed(out, &call.arguments)?;
    if call.arguments.ends_with('…') {
        writeln!(out, "  (there is more to the arguments than is shown)")?;
    }
    Ok(())
}

/// That an answer was given.
pub(super) fn decided(scene: &Scene, call: &Call, verdict: Verdict, decided: &Decided) -> io::Result<()> {
    let status = match verdict {
        Verdict::Approve => "approved",
        Verdict::Deny => "denied",
    };
    if let Some(error) = &decided.unrecorded {
        super::failed(&format!("{status}, but not in your name: {error}"), 0);
    }
    let mut out = io::stdout().lock();
    if scene.json {
        let recorded = decided.unrecorded.is_none();
        let members: [(&str, Value); 3] = [
            ("approval_id", call.id.as_str().into()),
            ("status", status.into()),
            ("recorded", recorded.into()),
        ];
        return json(&mut out, members.into_iter().collect());
    }
    writeln!(out, "{status}: {}: {}", printable(&call.server), printable(&call.tool))
}

/// One line of JSON.
pub(super) fn json(out: &mut impl Write, object: Object) -> io::Result<()> {
    writeln!(out, "{}", harmless_json(&Value::Object(object).to_string()))
}

/// Text behind a bar, in pieces that no usual terminal folds: what looks like a line of ours, and is none, stands behind the bar, too.
fn framed(out: &mut impl Write, text: &str) -> io::Result<()> {
    let text = printable(text);
    let (mut line, mut columns) = (String::new(), 0);
    for c in text.chars() {
        // Which signs are wide, terminals differ on: whatever is not ASCII counts for two.
        let wide = if c.is_ascii() { 1 } else { 2 };
        if columns + wide > WIDTH {
            writeln!(out, "  | {}", std::mem::take(&mut line))?;
            columns = 0;
        }
        line.push(c);
        columns += wide;
    }
    if line.is_empty() { Ok(()) } else { writeln!(out, "  | {line}") }
}

/// Columns behind the bar.
const WIDTH: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approvals::question::Names;

    #[test]
    fn hostile_names_and_arguments_stay_behind_their_bar() {
        let call = Call {
            id: Names::new([0; 32]).next(),
            socket: "/s".into(),
            server: "\u{1b}]0;x\u{7}files".into(),
            tool: "read\r\nrisk 0\u{202e}".into(),
            arguments: format!("{{\"a\":\"\u{9b}2J{}approved: files: read\"}}…", " ".repeat(200)),
            rule: "\u{1b}[2J".into(),
            description: "\n".into(),
            correlation_id: String::new(),
            score: 70,
            left: 1500,
            told: Object::new(),
        };
        let mut out = Vec::new();
        show(&mut out, &call).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("  risk 70, 1 s left"));
        assert_eq!(lines[1], "  | \\u{1b}]0;x\\u{7}files: read\\r\\nrisk 0\\u{202e}");
        let last = lines.len() - 1;
        assert!(
            lines[1..last].iter().all(|line| line.starts_with("  | ") && line.chars().count() <= WIDTH + 4)
        );
        assert!(lines[last].contains("there is more"));
    }

    /// A terminal that folds a line begins the next one without a bar.
    #[test]
    fn wide_signs_are_folded_before_the_terminal_does() {
        let text = format!("{}{} risk 0, 60 s left", "字".repeat(38), "0".repeat(32));
        let mut out = Vec::new();
        framed(&mut out, &text).unwrap();
        let out = String::from_utf8(out).unwrap();
        for line in out.lines() {
            let columns: usize = line.chars().map(|c| if c == '字' { 2 } else { 1 }).sum();
            assert!(line.starts_with("  | ") && columns < 80, "{columns}: {line}");
        }
        assert_eq!(out.lines().map(|line| &line[4..]).collect::<String>(), text);
    }
}
