//! One pass over a store.

use std::collections::{BTreeMap, HashMap};

use agent_receipts_core::{PublicKey, ReceiptHash};
use serde::Serialize;

use super::evidence::{Evidence, Statement};
use super::finding::{AuditFinding, AuditFindingKind};
use crate::checkpoint::{Head, HeadList, SignedCheckpoint};
use crate::key_ring::KeyRing;
use crate::tree::{Frontier, NodeHash};

/// Holds the rows of a store, in the order of commitment, against what was signed for.
///
/// Memory grows with the evidence and with the number of chains, not with that of receipts.
pub struct Audit<'a> {
    tree: Frontier,
    /// By the number of receipts that they are over.
    checkpoints: BTreeMap<u64, Vec<Expected<'a>>>,
    /// By chain and sequence: each receipt that somebody signed for as the last of its chain, or announced.
    places: HashMap<&'a str, BTreeMap<u64, Vec<Place<'a>>>>,
    ends: HashMap<String, u64>,
    first: Option<(String, u64)>,
    last: Option<(String, u64)>,
    report: AuditReport,
}

struct Expected<'a> {
    root: NodeHash,
    source: &'a str,
    /// What was found when as many receipts had come: whether the root is the same.
    holds: Option<bool>,
    /// The receipt behind them.
    next: Option<(String, u64)>,
}

struct Place<'a> {
    hash: ReceiptHash,
    source: &'a str,
    is_rotation: bool,
    holds: Option<bool>,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Whether there was evidence, and all of it agrees with the store.
    pub valid: bool,
    /// How many checkpoints by vouched-for keys there were.
    pub checkpoints: u64,
    /// How many announced rotations by vouched-for keys there were.
    pub rotations: u64,
    /// Records of kinds that are not known here, which were not looked at.
    pub unknown_records: u64,
    /// How many receipts the largest checkpoint is over.
    pub signed_for: u64,
    /// When that was signed, RFC 3339.
    pub newest: Option<String>,
    /// How many receipts there are.
    pub receipts: u64,
    /// What is wrong, at most [`AuditReport::MOST`] of it.
    pub findings: Vec<AuditFinding>,
    /// How many more findings there were.
    pub more_findings: u64,
}

impl AuditReport {
    /// The most findings that are listed.
    pub const MOST: usize = 1000;

    fn add(&mut self, source: &str, kind: AuditFindingKind) {
        if self.findings.len() < Self::MOST {
            self.findings.push(AuditFinding { kind, source: source.to_owned() });
        } else {
            self.more_findings += 1;
        }
    }
}

impl<'a> Audit<'a> {
    /// Checks who signed the evidence; `ring` is the store's, with all that the published key vouches for. `found` is what was wrong
    /// with the evidence already, when it was read.
    pub fn new(evidence: &'a [Evidence], found: &[AuditFinding], ring: &KeyRing) -> Self {
        let report = AuditReport {
            valid: false,
            checkpoints: 0,
            rotations: 0,
            unknown_records: 0,
            signed_for: 0,
            newest: None,
            receipts: 0,
            findings: Vec::new(),
            more_findings: 0,
        };
        let mut audit = Self {
            tree: Frontier::default(),
            checkpoints: BTreeMap::new(),
            places: HashMap::new(),
            ends: HashMap::new(),
            first: None,
            last: None,
            report,
        };
        for AuditFinding { kind, source } in found {
            audit.report.add(source, kind.clone());
        }
        for Evidence { source, statement } in evidence {
            match statement {
                Statement::Checkpoint(signed, heads) => audit.expect(source, signed, heads.as_ref(), ring),
                Statement::Rotation(receipt) => {
                    let mut vouched = known_to(ring);
                    if !vouched.any(|key| receipt.verify(key).is_ok()) {
                        audit.report.add(source, AuditFindingKind::NotVouchedFor { key: None });
                        continue;
                    }
                    let position = &receipt.receipt().subject.chain;
                    audit.report.rotations += 1;
                    audit.place(source, &position.chain_id, position.sequence, receipt.hash(), true);
                }
                Statement::Unknown => audit.report.unknown_records += 1,
            }
        }
        audit.look();
        audit
    }

    /// The next row, in the order of commitment: the chain and sequence under which it is filed, and
    /// [`hash_of_text`](crate::tree::hash_of_text) of what stands in it.
    pub fn push(&mut self, chain_id: &str, sequence: u64, hash: ReceiptHash) {
        if let Some(expected) = self.checkpoints.get_mut(&self.tree.size()) {
            expected.iter_mut().for_each(|one| one.next = Some((chain_id.to_owned(), sequence)));
        }
        if self.first.is_none() {
            self.first = Some((chain_id.to_owned(), sequence));
        }
        self.tree.push(NodeHash::of_receipt(&hash));
        self.look();
        if let Some(places) = self.places.get_mut(chain_id)
            && let Some(places) = places.get_mut(&sequence)
        {
            places.iter_mut().for_each(|place| place.holds = Some(place.hash == hash));
        }
        match self.ends.get_mut(chain_id) {
            Some(end) => *end = sequence.max(*end),
            None => drop(self.ends.insert(chain_id.to_owned(), sequence)),
        }
        match &mut self.last {
            Some((last, at)) if last == chain_id => *at = sequence,
            last => *last = Some((chain_id.to_owned(), sequence)),
        }
    }

    /// What came of it, when there are no more rows.
    pub fn finish(mut self) -> AuditReport {
        self.report.receipts = self.tree.size();
        self.judge_places();
        self.judge_roots();
        let checked = self.report.checkpoints + self.report.rotations > 0;
        self.report.valid = checked && self.report.findings.is_empty();
        self.report
    }

    fn expect(
        &mut self,
        source: &'a str,
        signed: &'a SignedCheckpoint,
        heads: Option<&'a HeadList>,
        ring: &KeyRing,
    ) {
        let said = signed.checkpoint();
        if !is_vouched_for(signed, ring) {
            self.report.add(source, AuditFindingKind::NotVouchedFor { key: Some(said.key) });
            return;
        }
        self.report.checkpoints += 1;
        if self.report.newest.is_none() || said.size > self.report.signed_for {
            self.report.signed_for = said.size;
            self.report.newest = Some(said.time.to_rfc3339());
        }
        let others = self.checkpoints.entry(said.size).or_default();
        if others.iter().any(|other| other.root != said.root) {
            self.report.add(source, AuditFindingKind::SplitView { signed: said.size });
        }
        others.push(Expected { root: said.root, source, holds: None, next: None });
        for Head { chain_id, sequence, tip } in heads.map_or(said.newest.as_slice(), HeadList::heads) {
            self.place(source, chain_id, *sequence, *tip, false);
        }
    }

    fn place(
        &mut self,
        source: &'a str,
        chain: &'a str,
        sequence: u64,
        hash: ReceiptHash,
        is_rotation: bool,
    ) {
        let places = self.places.entry(chain).or_default().entry(sequence).or_default();
        // The same evidence is often kept in several places.
        if !places.iter().any(|place| place.hash == hash && place.is_rotation == is_rotation) {
            places.push(Place { hash, source, is_rotation, holds: None });
        }
    }

    /// Compares the root where somebody signed for as many receipts as have come.
    fn look(&mut self) {
        let size = self.tree.size();
        if let Some(expected) = self.checkpoints.get_mut(&size) {
            let root = self.tree.root();
            expected.iter_mut().for_each(|one| one.holds = Some(one.root == root));
        }
    }

    /// One finding a chain, the first in it; rotations each.
    fn judge_places(&mut self) {
        let mut chains: Vec<_> = std::mem::take(&mut self.places).into_iter().collect();
        chains.sort_unstable_by_key(|(chain, _)| *chain);
        for (chain, places) in chains {
            let mut agrees_to = None;
            let mut is_told = false;
            for (sequence, place) in
                places.iter().flat_map(|(sequence, places)| places.iter().map(move |p| (*sequence, p)))
            {
                let end = self.ends.get(chain).copied();
                let chain = || chain.to_owned();
                let kind = match place.holds {
                    Some(true) => {
                        agrees_to = Some(sequence);
                        continue;
                    }
                    _ if place.is_rotation => AuditFindingKind::RotationForged { chain: chain(), sequence },
                    _ if is_told => continue,
                    Some(false) => AuditFindingKind::Rewritten { chain: chain(), sequence, agrees_to },
                    None if end.is_none_or(|end| end < sequence) => {
                        // The last that was signed for says the most.
                        let sequence = places.keys().next_back().copied().unwrap_or(sequence);
                        AuditFindingKind::Truncated { chain: chain(), ends_at: end, sequence }
                    }
                    None => AuditFindingKind::Missing { chain: chain(), sequence },
                };
                is_told |= !place.is_rotation;
                self.report.add(place.source, kind);
            }
        }
    }

    /// One finding for the first root that does not hold, and one for the largest checkpoint that there are too few receipts for.
    fn judge_roots(&mut self) {
        let found = self.tree.size();
        let expected =
            || self.checkpoints.iter().flat_map(|(size, all)| all.iter().map(move |one| (*size, one)));
        let altered = expected().find(|(_, one)| one.holds == Some(false));
        let missing = expected().rfind(|(_, one)| one.holds.is_none());
        let agrees = expected().rfind(|(size, one)| {
            one.holds == Some(true) && altered.as_ref().is_none_or(|(first, _)| size < first)
        });
        let mut told = Vec::new();
        if let Some((signed, one)) = altered {
            let (agrees_to, next) =
                agrees.map_or((0, self.first.clone()), |(size, one)| (size, one.next.clone()));
            let (chain, sequence) = next.unzip();
            told.push((one.source, AuditFindingKind::Altered { signed, agrees_to, chain, sequence }));
        }
        if let Some((signed, one)) = missing {
            let (chain, sequence) = self.last.clone().unzip();
            told.push((one.source, AuditFindingKind::RolledBack { signed, found, chain, sequence }));
        }
        for (source, kind) in told {
            self.report.add(source, kind);
        }
    }
}

/// Whether a key signed the checkpoint that counts for a store with this ring: one that the published key vouches for.
pub fn is_vouched_for(signed: &SignedCheckpoint, ring: &KeyRing) -> bool {
    signed.named_among(known_to(ring)).is_some_and(|key| signed.verify(key).is_ok())
}

/// The keys that count: those that the published key vouches for, and those that will be once it has signed a first receipt
/// behind their rotation.
fn known_to(ring: &KeyRing) -> impl Iterator<Item = &PublicKey> {
    ring.candidates().iter().filter(|key| ring.vouches_for(key) || ring.is_provisional(key))
}
