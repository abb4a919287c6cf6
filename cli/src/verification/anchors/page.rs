//! What an audit found, on a page.

use std::io;

use agent_receipts_chain::audit::AuditReport;

use crate::output::{Screen, Tone, count, cut, printable};

/// Findings that get lines of their own.
const SHOWN: usize = 20;
/// Characters of one finding.
const WIDTH: usize = 400;

/// The verdict, then what contradicts it.
pub(crate) fn write(report: &AuditReport, screen: &mut Screen) -> io::Result<()> {
    let evidence = match report.rotations {
        0 => count(report.checkpoints, "checkpoint"),
        rotations => format!("{}, {}", count(report.checkpoints, "checkpoint"), count(rotations, "rotation")),
    };
    if report.valid {
        let word = screen.tone(Tone::Good, "HOLD");
        let newest = match &report.newest {
            Some(time) => format!("; the newest over {}, at {time}", count(report.signed_for, "receipt")),
            None => String::new(),
        };
        screen.line(&format!("Anchors: {word} ({evidence}{newest})"))?;
    } else if report.findings.is_empty() {
        let word = screen.tone(Tone::Bad, "NOTHING");
        screen.line(&format!("Anchors: {word} — there is no evidence in what was given"))?;
    } else {
        let word = screen.tone(Tone::Bad, "CONTRADICTED");
        screen.line(&format!("Anchors: {word} ({evidence})"))?;
    }
    for finding in report.findings.iter().take(SHOWN) {
        screen.line(&format!("  {}", cut(&printable(&finding.to_string()), WIDTH)))?;
    }
    let left_out = report.findings.len().saturating_sub(SHOWN) as u64 + report.more_findings;
    if left_out > 0 {
        screen.line(&format!("  … and {} more (--json lists them)", count(left_out, "finding")))?;
    }
    if report.unknown_records > 0 {
        let line = format!("  {} of kinds that are not known here", count(report.unknown_records, "record"));
        screen.line(&screen.tone(Tone::Warning, &line))?;
    }
    Ok(())
}
