//! What an audit found, on a page.

use std::io;

use super::AnchorsReport;
use super::attestation::{Attestations, Attested};
use crate::output::{Screen, Tone, count, cut, printable};

/// Findings that get lines of their own.
const SHOWN: usize = 20;
/// Characters of one finding.
const WIDTH: usize = 400;

/// The verdict, then what contradicts it.
pub(crate) fn write(
    AnchorsReport { audit: report, attestations }: &AnchorsReport,
    screen: &mut Screen,
) -> io::Result<()> {
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
    attestations.write(report.valid, screen)
}

impl Attestations {
    /// A line for each kind that there is, or that was asked for.
    fn write(&self, is_valid: bool, screen: &mut Screen) -> io::Result<()> {
        let stamps = &self.time_stamps;
        if stamps.held > 0 {
            screen.line(&format!("  time stamps: {}", stamps.to_line(is_valid)))?;
        }
        for (witness, attested) in self.witnesses.iter().filter(|(_, attested)| attested.held > 0) {
            screen.line(&format!("  cosigned by {}: {}", printable(witness), attested.to_line(is_valid)))?;
        }
        for (number, what, flag) in [
            (stamps.not_judged, "time stamp", "--tsa-cert names whom to believe"),
            (self.cosignatures_not_judged, "cosignature", "--witness-key names whom to believe"),
        ] {
            if number > 0 {
                let line = format!("  {} not judged ({flag})", count(number, what));
                screen.line(&screen.tone(Tone::Warning, &line))?;
            }
        }
        Ok(())
    }
}

impl Attested {
    /// Which is the newest says something only where nothing contradicts it.
    fn to_line(&self, is_valid: bool) -> String {
        let held = format!("{} hold", self.held);
        match self.newest.as_ref().filter(|_| is_valid) {
            Some(newest) => {
                let by = newest.signer.as_ref().map_or(String::new(), |by| format!(" by {}", printable(by)));
                let over = count(newest.size, "receipt");
                format!("{held}; the newest over {over}, seen at {}{by}", newest.time)
            }
            None => held,
        }
    }
}
