//! Verdicts on a page: a broken chain of a hundred thousand receipts takes no more room than one of ten.

use std::collections::BTreeMap;
use std::io;

use agent_receipts_chain::{Code, Level};

use super::anchors;
use super::chain_page::{Detail, finding};
use super::report::{ChainReport, Report};
use crate::output::{Screen, Tone, count, printable};

/// Chains that get lines of their own, the broken ones first.
const CHAINS_SHOWN: usize = 40;
/// Broken chains among several that are shown with the receipts around the break.
const IN_FULL: usize = 3;

/// All verdicts, the sum first where there are several, or where not all of it is as valid as the chain.
pub(crate) fn write_all(report: &Report, screen: &mut Screen) -> io::Result<()> {
    match report.chains.as_slice() {
        [] => {}
        [only] if report.valid || !only.is_valid() => only.write(screen)?,
        chains => write_several(chains, report, screen)?,
    }
    if let Some(anchors) = &report.anchors {
        anchors::write(anchors, screen)?;
    }
    for conflict in &report.conflicts {
        let word = screen.tone(Tone::Bad, "NOT VALID");
        screen.line(&format!("{word}: {}", printable(conflict)))?;
    }
    for note in &report.notes {
        screen.line(&screen.tone(Tone::Quiet, &format!("Note: {}", printable(note))))?;
    }
    Ok(())
}

fn write_several(chains: &[ChainReport], report: &Report, screen: &mut Screen) -> io::Result<()> {
    let (valid, wrong): (Vec<_>, Vec<_>) = chains.iter().partition(|chain| chain.is_valid());
    let sum = format!("{}, {}", count(chains.len() as u64, "chain"), count(report.receipts, "receipt"));
    // Many read no further.
    let not_valid = screen.tone(Tone::Bad, "NOT VALID");
    screen.line(&match (wrong.len(), report.valid) {
        (0, true) => format!("{}: {sum}", screen.tone(Tone::Good, "VALID")),
        (0, false) => format!("{not_valid}: {sum}, each chain by itself VALID"),
        (wrong, _) => format!("{not_valid}: {wrong} of {sum}"),
    })?;
    for (at, chain) in wrong.into_iter().chain(valid).take(CHAINS_SHOWN).enumerate() {
        let in_full = at < IN_FULL && !chain.is_valid();
        chain.write_in(if in_full { Detail::Full } else { Detail::Brief }, screen)?;
    }
    let left_out = chains.len().saturating_sub(CHAINS_SHOWN) as u64;
    if left_out > 0 {
        screen.line(&format!(
            "… and {} more (--json lists all, --chain-id asks for one)",
            count(left_out, "chain")
        ))?;
    }
    write_lesser_findings(chains, screen)
}

/// What was said of no single chain, added up.
fn write_lesser_findings(chains: &[ChainReport], screen: &mut Screen) -> io::Result<()> {
    let mut sums: BTreeMap<Code, u64> = BTreeMap::new();
    let counts = chains.iter().flat_map(|chain| &chain.verdict.finding_counts);
    for (code, number) in counts.filter(|(code, _)| code.level() != Level::Error) {
        *sums.entry(*code).or_default() += number;
    }
    if sums.is_empty() {
        return Ok(());
    }
    screen.line("Findings in all chains:")?;
    sums.iter().try_for_each(|(code, number)| screen.line(&finding(*code, *number, screen)))
}
