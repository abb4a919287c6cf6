//! Which chains go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use agent_receipts_chain::{KeyRing, root_of};
use agent_receipts_core::{Received, Timestamp};
use agent_receipts_store::{ChainSummary, ReceiptReader as _};

use super::covered::Coverage;
use super::keys_needed::left_invalid;
use super::plan::{Leaving, Plan, Reason, Staying};
use crate::failure::Failure;
use crate::output::printable;
use crate::reading::Reading;
use crate::verification::{StoreVerification, Trust};

/// Which chains an operator wants to see gone.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    /// Those whose last receipt is older than this.
    pub(crate) before: Option<Timestamp>,
    /// These alone; all where none is named.
    pub(crate) chains: Vec<String>,
}

/// Verifies what the wish asks for, and says what of it goes. `ring` holds the keys of the database and of all archives.
///
/// # Errors
///
/// A failure where the database is not what its newest checkpoint was signed for, or a chain was named that it does not have.
pub(crate) fn choose(
    database: &Path,
    wish: &Wish,
    ring: &Arc<KeyRing>,
    trust: &Trust,
) -> Result<Plan, Failure> {
    let mut reading = Reading::open(database)?;
    reading.ask(|reader| reader.check_integrity())?;
    let mut verification = StoreVerification::with_ring(reading, Arc::clone(ring))?;
    let all = verification.chains()?;
    let asked = wish.asked(&all, &mut verification)?;
    let mut choice = Choice { all: &all, asked: BTreeMap::new(), stays: BTreeMap::new() };
    for chain in asked {
        match wish.reason_to_stay(chain, verification.reading())? {
            Some(reason) => drop(choice.stays.insert(chain.chain_id.clone(), reason)),
            None => drop(choice.asked.insert(chain.chain_id.clone(), chain)),
        }
    }
    if choice.asked.is_empty() {
        return Ok(choice.into_plan(BTreeMap::new()));
    }
    let coverage = verification.reading().ask(|reader| Coverage::take(reader, ring))?;
    choice.keep_uncovered(&coverage)?;
    choice.keep_roots_of_agents();
    let mut reports = BTreeMap::new();
    let mut broken = Vec::new();
    for chain_id in choice.asked.keys() {
        let report = verification.chain(chain_id)?;
        if report.is_valid() {
            reports.insert(chain_id.clone(), report);
        } else {
            broken.push(report);
        }
    }
    if !broken.is_empty() {
        return Ok(Plan { broken, ..choice.into_plan(BTreeMap::new()) });
    }
    if choice.hands_over(&coverage)
        && let Some(needing) = left_invalid(database, &choice.leaving(), ring, trust)?
    {
        choice.keep_hand_overs(&coverage, &needing);
        choice.keep_roots_of_agents();
        if let Some(other) = left_invalid(database, &choice.leaving(), ring, trust)? {
            return Err(Failure::new(format_args!(
                "chain `{}` would no longer be valid: nothing was moved",
                printable(&other)
            )));
        }
    }
    Ok(choice.into_plan(reports))
}

impl Wish {
    fn asked<'a>(
        &self,
        all: &'a [ChainSummary],
        verification: &mut StoreVerification,
    ) -> Result<Vec<&'a ChainSummary>, Failure> {
        if self.chains.is_empty() {
            return Ok(all.iter().collect());
        }
        let mut asked = Vec::new();
        for name in &self.chains {
            let shown = printable(name);
            match all.iter().find(|chain| chain.chain_id == *name) {
                Some(chain) => asked.push(chain),
                None => {
                    let moved = verification.reading().ask(|reader| reader.moved_chain(name))?;
                    return Err(match moved {
                        Some(moved) => Failure::new(format_args!(
                            "chain `{shown}` was moved to archive `{}` before",
                            printable(&moved.archive)
                        )),
                        None => Failure::new(format_args!("the database has no chain `{shown}`")),
                    });
                }
            }
        }
        Ok(asked)
    }

    /// What the chain itself says against it.
    fn reason_to_stay(&self, chain: &ChainSummary, reading: &mut Reading) -> Result<Option<Reason>, Failure> {
        let head = reading.ask(|reader| reader.head(&chain.chain_id))?;
        // A last receipt that cannot be read closes nothing: the chain stays, and `verify` tells of it.
        let last = head.and_then(|head| Received::parse(head.receipt_json.as_bytes()).ok());
        let Some(last) = last.filter(|last| last.receipt().subject.chain.terminal == Some(true)) else {
            return Ok(Some(Reason::Open));
        };
        let Some(before) = self.before else { return Ok(None) };
        // What is signed counts, and not the column beside it.
        let time = &last.receipt().subject.action.timestamp;
        Ok(match Timestamp::parse(time) {
            Ok(time) if time < before => None,
            Ok(_) => Some(Reason::Recent { last: time.clone() }),
            Err(_) => Some(Reason::NoTime),
        })
    }
}

/// What is still asked for, and what was found to stay.
struct Choice<'a> {
    all: &'a [ChainSummary],
    asked: BTreeMap<String, &'a ChainSummary>,
    stays: BTreeMap<String, Reason>,
}

impl Choice<'_> {
    fn keep(&mut self, chain_id: &str, reason: Reason) {
        self.asked.remove(chain_id);
        self.stays.insert(chain_id.to_owned(), reason);
    }

    fn keep_uncovered(&mut self, coverage: &Coverage) -> Result<(), Failure> {
        if let Some(size) = coverage.size.filter(|_| !coverage.holds) {
            return Err(Failure::new(format_args!(
                "the receipts are not those that the newest checkpoint, over {size}, was signed for: nothing was moved"
            ))
            .with_hint("keep the database as evidence; `agent-receipts verify --anchors FILE` says where it differs"));
        }
        let chains: Vec<_> =
            self.asked.values().map(|chain| (chain.chain_id.clone(), chain.length)).collect();
        for (chain_id, length) in chains {
            let covered = coverage.receipts.get(&chain_id).copied().unwrap_or(0);
            match coverage.size {
                None => self.keep(&chain_id, Reason::NoCheckpoint),
                Some(size) if covered < length => self.keep(&chain_id, Reason::NotCovered { size }),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A root goes with or after the agents that work under it, whose first receipts name it.
    fn keep_roots_of_agents(&mut self) {
        for ChainSummary { chain_id, .. } in self.all {
            let root = root_of(chain_id);
            if root != chain_id && !self.asked.contains_key(chain_id) && self.asked.contains_key(root) {
                self.keep(root, Reason::AgentStays { chain_id: chain_id.clone() });
            }
        }
    }

    fn hands_over(&self, coverage: &Coverage) -> bool {
        self.asked.keys().any(|chain_id| coverage.hand_overs.contains(chain_id))
    }

    fn keep_hand_overs(&mut self, coverage: &Coverage, needing: &str) {
        for chain_id in &coverage.hand_overs {
            if self.asked.contains_key(chain_id) {
                self.keep(chain_id, Reason::KeysNeeded { chain_id: needing.to_owned() });
            }
        }
    }

    fn leaving(&self) -> BTreeSet<String> {
        self.asked.keys().cloned().collect()
    }

    fn into_plan(self, mut reports: BTreeMap<String, crate::verification::ChainReport>) -> Plan {
        let staying = self.stays.into_iter().map(|(chain_id, reason)| Staying { chain_id, reason });
        let leaving = self.asked.into_iter().filter_map(|(chain_id, chain)| {
            let report = reports.remove(&chain_id)?;
            Some(Leaving { chain_id, receipts: chain.length, last: chain.last_timestamp.clone(), report })
        });
        Plan { leaving: leaving.collect(), staying: staying.collect(), broken: Vec::new() }
    }
}
