//! One chain's verdict on a page.

use std::io;

use agent_receipts_chain::{Code, Level, Outcome, Reason, Step};

use super::report::ChainReport;
use crate::output::{Screen, Tone, count, cut, printable};

/// Codes of findings that are shown of one chain.
const FINDINGS_SHOWN: usize = 6;
/// Characters of one line's free text.
const WIDTH: usize = 200;

/// How much is said of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Everything that fits a page.
    Full,
    /// The verdict, its cause, and findings of level error: one chain of many.
    Brief,
}

impl ChainReport {
    /// The first line as the reference writes it, then whatever there is to say.
    pub(crate) fn write(&self, screen: &mut Screen) -> io::Result<()> {
        self.write_in(Detail::Full, screen)
    }

    /// The same, in more or less detail.
    pub(super) fn write_in(&self, detail: Detail, screen: &mut Screen) -> io::Result<()> {
        let chain_id = match &self.archive {
            Some(archive) => format!("{} (archive {})", printable(&self.chain_id), printable(archive)),
            None => printable(&self.chain_id).into_owned(),
        };
        match self.verdict.outcome {
            Outcome::Valid => {
                let word = screen.tone(Tone::Good, "VALID");
                screen
                    .line(&format!("Chain {chain_id}: {word} ({})", count(self.verdict.length, "receipt")))?;
            }
            Outcome::Empty => {
                let word = screen.tone(Tone::Bad, "UNKNOWN");
                screen.line(&format!("Chain {chain_id}: {word} — no receipts"))?;
            }
            Outcome::Broken => self.write_broken(&chain_id, detail, screen)?,
        }
        self.write_advisories(screen)?;
        self.write_findings(detail, screen)
    }

    fn write_broken(&self, chain_id: &str, detail: Detail, screen: &mut Screen) -> io::Result<()> {
        let word = screen.tone(Tone::Bad, "BROKEN");
        let place = self.verdict.broken_at.map_or(String::new(), |index| format!(" at receipt {index}"));
        screen.line(&format!("Chain {chain_id}: {word}{place}"))?;
        screen.line(&format!("  cause: {}", text(&self.cause())))?;
        if detail == Detail::Brief {
            return Ok(());
        }
        for step in &self.receipts_around {
            let judgement = judgement(step);
            let tone = if judgement == "ok" { Tone::Quiet } else { Tone::Bad };
            let id = if step.receipt_id.is_empty() { "(unreadable)" } else { &step.receipt_id };
            screen.line(&format!("  [{}] {} — {}", step.index, text(id), screen.tone(tone, &judgement)))?;
        }
        let rest = self.verdict.length.saturating_sub(self.receipts_around.len() as u64);
        if rest > 0 && !self.receipts_around.is_empty() {
            screen.line(&screen.tone(Tone::Quiet, &format!("  … {} not shown", count(rest, "receipt"))))?;
        }
        Ok(())
    }

    /// Why the chain is not valid, for people. Text from receipts stands in it.
    pub(crate) fn cause(&self) -> String {
        match (&self.verdict.error, self.verdict.reason) {
            (Some(error), _) => error.clone(),
            (None, Some(reason)) => meaning(reason).to_owned(),
            (None, None) => "unknown".to_owned(),
        }
    }

    fn write_advisories(&self, screen: &mut Screen) -> io::Result<()> {
        let mut advisories: Vec<String> = Vec::new();
        if self.verdict.incomplete_tool_roundtrip {
            advisories.push("incomplete tool roundtrip: final tool call has no result receipt".into());
        }
        if self.verdict.incomplete_session {
            advisories.push("incomplete session: PTY open/close imbalance".into());
        }
        let warnings = &self.verdict.warnings;
        advisories.extend(warnings.iter().take(3).cloned());
        if warnings.len() > 3 {
            advisories.push(format!("{} more warnings of this kind", warnings.len() - 3));
        }
        if let Some(first) = &self.first_altered_row {
            advisories.push(format!(
                "{} of the database contradict the signed receipts; first {first}",
                count(self.altered_rows, "row")
            ));
        }
        for advisory in advisories {
            screen.line(&screen.tone(Tone::Warning, &format!("Advisory: {}", text(&advisory))))?;
        }
        Ok(())
    }

    fn write_findings(&self, detail: Detail, screen: &mut Screen) -> io::Result<()> {
        let counts = self.verdict.finding_counts.iter().map(|(code, count)| (*code, *count));
        let mut codes: Vec<_> =
            counts.filter(|(code, _)| detail == Detail::Full || code.level() == Level::Error).collect();
        codes.sort_by_key(|(code, _)| std::cmp::Reverse(code.level()));
        for (code, number) in codes.iter().take(FINDINGS_SHOWN) {
            let first = self.verdict.findings.iter().find(|finding| finding.code == *code);
            let detail = first.map_or(String::new(), |finding| {
                format!(": receipt {}, {}", finding.index, text(&finding.message))
            });
            screen.line(&format!("{}{detail}", finding(*code, *number, screen)))?;
        }
        let left_out = codes.len().saturating_sub(FINDINGS_SHOWN) as u64;
        if left_out > 0 {
            screen
                .line(&format!("  … and {} more (--json lists them)", count(left_out, "kind of finding")))?;
        }
        Ok(())
    }
}

/// `  warning delegation_missing ×3`.
pub(super) fn finding(code: Code, number: u64, screen: &Screen) -> String {
    let (word, tone) = match code.level() {
        Level::Error => ("error", Tone::Bad),
        Level::Warning => ("warning", Tone::Warning),
        Level::Info => ("info", Tone::Quiet),
    };
    let times = if number > 1 { format!(" ×{number}") } else { String::new() };
    format!("  {} {code}{times}", screen.tone(tone, &format!("{word:<7}")))
}

fn text(untrusted: &str) -> String {
    cut(&printable(untrusted), WIDTH).into_owned()
}

/// The reference's words, all that apply.
fn judgement(step: &Step) -> String {
    let wrong = [
        (step.signature_valid, "BAD SIGNATURE"),
        (step.hash_link_valid, "BAD HASH LINK"),
        (step.sequence_valid, "BAD SEQUENCE"),
    ];
    let words: Vec<&str> = wrong.into_iter().filter(|(holds, _)| !holds).map(|(_, word)| word).collect();
    if words.is_empty() { "ok".to_owned() } else { words.join(", ") }
}

/// For the breaks that the reference has no sentence for.
fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::Unreadable => "a receipt cannot be read",
        Reason::BadSignature => "the signature is not that of the key that is active there",
        Reason::BadHashLink => "the receipt does not link to the one before it",
        Reason::BadSequence => "the sequence number does not follow the one before it",
        Reason::InvalidRotation => "a key rotation contradicts itself or the active key",
        Reason::InvalidStatus => "the chain status is unknown or stands on a receipt that is not terminal",
        Reason::InvalidTimestamp => "a trusted timestamp proves nothing",
        Reason::ChainIdMismatch => "a receipt belongs to another chain",
        Reason::ReceiptAfterTerminal => "a receipt follows the end of the chain",
        Reason::ResponseHashMismatch => "a response is not the one that was recorded",
        Reason::LengthMismatch => "the chain does not have the expected length",
        Reason::FinalHashMismatch => "the chain does not end in the expected receipt",
        Reason::NotTerminal => "the chain has no end",
        Reason::KeyNotTrusted => "the published key does not vouch for the key that signed this chain",
        Reason::StrictFinding => "a finding of level error, under strict rules",
        Reason::Empty => "no receipts",
    }
}
