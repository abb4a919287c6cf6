//! Receipts that were moved to archives: what is left of them in the database, held against where they stand.
//!
//! What is left is a hash a receipt, under which it stands in the tree that checkpoints are over. So an archive that was exchanged,
//! cut, added to or taken away is found out without any checkpoint, and a database from which that was taken which is left, by
//! the archive that it does not know of.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use agent_receipts_chain::tree::hash_of_text;
use agent_receipts_store::{Archive, ArchiveKind, MovedChain, MovedReceipt, ReceiptReader as _, StoreError};

use crate::failure::Failure;
use crate::output::{count, total};
use crate::reading::Reading;

/// What is to be held against each other.
pub(super) struct Holding<'a> {
    /// The database's rows.
    pub(super) database: &'a mut Reading,
    /// The chains that have rows there.
    pub(super) stored: &'a [String],
    /// The archives that are there.
    pub(super) archives: Vec<(&'a Archive, &'a mut Reading)>,
    /// Only this chain.
    pub(super) only: Option<&'a str>,
    /// Whether archives were to be left out.
    pub(super) left_out: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// What is wrong; nothing is valid then.
    pub(super) conflicts: Vec<String>,
    /// What is not.
    pub(super) notes: Vec<String>,
}

/// What was found of one chain.
#[derive(Default)]
struct Found {
    /// What is left of how many receipts.
    left: u64,
    /// How many are not where they should be, and the least sequence of these.
    missing: Option<(u64, u64)>,
    /// How many are others, likewise.
    altered: Option<(u64, u64)>,
}

impl Holding<'_> {
    /// Looks at every receipt that was moved.
    pub(super) fn hold(mut self) -> Result<Held, Failure> {
        let chains = self.chains()?;
        let mut held = Held::default();
        let receipts = total(chains.iter().map(|chain| chain.receipts));
        if self.left_out {
            if !chains.is_empty() {
                held.conflicts.push(format!(
                    "{} of {}, moved to archives, not checked: archives were left out",
                    count(receipts, "receipt"),
                    count(chains.len() as u64, "chain")
                ));
            }
            return Ok(held);
        }
        self.find_strangers(&chains, &mut held)?;
        if !chains.is_empty() {
            let found = self.look()?;
            let mut wrong = Vec::new();
            for chain in &chains {
                let of_chain = found.get(chain.chain_id.as_str());
                wrong.extend(self.judge(chain, of_chain.unwrap_or(&Found::default())));
            }
            if let Some(lost) = found.get("").filter(|_| self.only.is_none()) {
                wrong.push(format!(
                    "{} moved, and the database no longer says of which chain: it was altered",
                    count(lost.left, "receipt")
                ));
            }
            if wrong.is_empty() {
                held.notes.push(format!(
                    "{} of {}, moved to archives: each is the one that was moved",
                    count(receipts, "receipt"),
                    count(chains.len() as u64, "chain")
                ));
            }
            held.conflicts.extend(bounded(wrong));
        }
        Ok(held)
    }

    fn chains(&mut self) -> Result<Vec<MovedChain>, Failure> {
        let mut chains = self.database.ask(|reader| reader.moved_chains())?;
        chains.retain(|chain| self.only.is_none_or(|only| only == chain.chain_id));
        Ok(chains)
    }

    /// Every receipt that is left something of, looked up in its archive.
    fn look(&mut self) -> Result<BTreeMap<String, Found>, Failure> {
        let Self { database, archives, only, .. } = self;
        let found = database.ask(|reader| {
            let mut found: BTreeMap<String, Found> = BTreeMap::new();
            let mut failure = None;
            reader.moved_receipts(&mut |left| {
                if only.is_some_and(|only| only != left.chain_id) {
                    return ControlFlow::Continue(());
                }
                let reading = archives.iter_mut().find(|(archive, _)| archive.name == left.archive);
                match is_there(&left, reading.map(|(_, reading)| &mut **reading)) {
                    Ok(there) => {
                        note(&mut found, left, there);
                        ControlFlow::Continue(())
                    }
                    Err(error) => {
                        failure = Some(error);
                        ControlFlow::Break(())
                    }
                }
            })?;
            failure.map_or(Ok(found), Err)
        })?;
        Ok(found)
    }

    fn judge(&self, chain: &MovedChain, found: &Found) -> Vec<String> {
        let MovedChain { chain_id, archive, first_sequence: first, last_sequence: last, .. } = chain;
        let mut wrong = Vec::new();
        if found.left != chain.receipts {
            wrong.push(format!(
                "of {} of chain `{chain_id}` that were moved, the database accounts for {}: it was altered",
                count(chain.receipts, "receipt"),
                found.left
            ));
        }
        if self.stored.iter().any(|stored| stored == chain_id) {
            wrong.push(format!(
                "chain `{chain_id}` was moved to archive `{archive}`, and has receipts in the database again"
            ));
        }
        if !self.archives.iter().any(|(there, _)| there.name == *archive) {
            wrong.push(format!(
                "moved receipts missing: archive `{archive}` is not here, with chain `{chain_id}`, sequences {first} to {last}; \
                 bring the folder back"
            ));
            return wrong;
        }
        let more =
            |number: u64| if number > 1 { format!(", and {} more", number - 1) } else { String::new() };
        if let Some((number, sequence)) = found.missing {
            wrong.push(format!(
                "moved receipt missing: archive `{archive}` has no sequence {sequence} of chain `{chain_id}`{}; \
                 restore the folder from a copy",
                more(number)
            ));
        }
        if let Some((number, sequence)) = found.altered {
            wrong.push(format!(
                "moved receipt altered: archive `{archive}` has another receipt at sequence {sequence} of chain `{chain_id}`{}; \
                 restore the folder from a copy",
                more(number)
            ));
        }
        wrong
    }

    /// What stands in archives of moved receipts, and was not moved there.
    fn find_strangers(&mut self, chains: &[MovedChain], held: &mut Held) -> Result<(), Failure> {
        let moved: BTreeMap<(&str, &str), u64> = chains
            .iter()
            .map(|chain| ((chain.archive.as_str(), chain.chain_id.as_str()), chain.receipts))
            .collect();
        // Where the other archive is gone, this one may be the only copy.
        let there: BTreeSet<&str> = self.archives.iter().map(|(archive, _)| archive.name.as_str()).collect();
        let elsewhere: BTreeMap<&str, &str> = chains
            .iter()
            .filter(|chain| there.contains(chain.archive.as_str()))
            .map(|chain| (chain.chain_id.as_str(), chain.archive.as_str()))
            .collect();
        let stored: BTreeSet<&str> = self.stored.iter().map(String::as_str).collect();
        let mut wrong = Vec::new();
        for (archive, reading) in &mut self.archives {
            if archive.manifest.kind != ArchiveKind::Moved {
                continue;
            }
            let name = archive.name.as_str();
            let mut unfinished = 0;
            for chain in reading.ask(|reader| reader.chains())? {
                let chain_id = chain.chain_id.as_str();
                match moved.get(&(name, chain_id)) {
                    _ if self.only.is_some_and(|only| only != chain_id) => {}
                    Some(receipts) if chain.length > *receipts => wrong.push(format!(
                        "archive `{name}` has {} of chain `{chain_id}`, up to sequence {}, and {receipts} were moved there",
                        count(chain.length, "receipt"),
                        chain.last_sequence
                    )),
                    Some(_) => {}
                    None if stored.contains(chain_id) => unfinished += 1,
                    None if elsewhere.contains_key(chain_id) => wrong.push(format!(
                        "archive `{name}` has chain `{chain_id}`, which was moved to archive `{}`: move the folder of `{name}` away",
                        elsewhere[chain_id]
                    )),
                    None => wrong.push(format!(
                        "archive `{name}` has chain `{chain_id}`, sequences {} to {}, of which the database knows nothing: \
                         it was altered, or put back to an earlier state",
                        chain.first_sequence, chain.last_sequence
                    )),
                }
            }
            if unfinished > 0 {
                held.notes.push(format!(
                    "{} in archive `{name}` not yet taken out of the database: `agent-receipts retire` completes that",
                    count(unfinished, "chain")
                ));
            }
        }
        held.conflicts.extend(bounded(wrong));
        Ok(())
    }
}

/// What stands in archives is worth nothing without the database that says what was moved there.
pub(super) fn without_database<'a>(archives: impl Iterator<Item = &'a Archive>) -> Vec<String> {
    let moved = archives.filter(|archive| archive.manifest.kind == ArchiveKind::Moved);
    moved
        .map(|archive| format!("archive `{}` was moved out of a database that is not here", archive.name))
        .collect()
}

/// Whether a receipt is where it was moved, and the one that was: nothing if there is none.
fn is_there(left: &MovedReceipt, reading: Option<&mut Reading>) -> Result<Option<bool>, StoreError> {
    let Some(reading) = reading else { return Ok(None) };
    let found = reading.ask(|reader| reader.by_position(&left.chain_id, left.sequence))?;
    Ok(found.map(|found| {
        found.row.id == left.id && *hash_of_text(found.row.receipt_json.as_bytes()).as_bytes() == left.leaf
    }))
}

fn note(found: &mut BTreeMap<String, Found>, left: MovedReceipt, there: Option<bool>) {
    let of_chain = match found.get_mut(&left.chain_id) {
        Some(of_chain) => of_chain,
        None => found.entry(left.chain_id).or_default(),
    };
    of_chain.left += 1;
    let place = match there {
        Some(true) => return,
        Some(false) => &mut of_chain.altered,
        None => &mut of_chain.missing,
    };
    *place = Some(place.map_or((1, left.sequence), |(number, least)| (number + 1, least.min(left.sequence))));
}

/// An archive of a hundred thousand chains may be gone.
pub(super) fn bounded(mut findings: Vec<String>) -> Vec<String> {
    let more = findings.len().saturating_sub(MOST);
    findings.truncate(MOST);
    if more > 0 {
        findings.push(format!("and {} of this kind", count(more as u64, "more finding")));
    }
    findings
}

const MOST: usize = 100;
