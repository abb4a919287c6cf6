//! The database and its archives, judged together.

use std::path::Path;
use std::sync::Arc;

use agent_receipts_chain::{KeyRing, Options};
use agent_receipts_store::{Archive, ArchiveKind};

use super::as_taken_in;
use super::moved::{self, Held, Holding};
use super::overlap::Overlaps;
use super::report::{ChainReport, Report};
use super::stored::{Extent, StoreVerification, observe};
use super::trust::Trust;
use crate::digest::sha256_of;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::sources::{ArchivesArgs, Source, open};

/// The database and its archives, opened and with their keys looked up: one lineage over all, since a hand-over that a chain
/// in one needs may stand in another.
pub(crate) struct Everything<'a> {
    trust: &'a Trust,
    options: Options,
    extent: Extent,
    ring: Arc<KeyRing>,
    parts: Vec<Part>,
    archives_left_out: bool,
}

struct Part {
    archive: Option<Archive>,
    verification: StoreVerification,
    chain_ids: Vec<String>,
}

impl<'a> Everything<'a> {
    /// Looks all rotations up.
    pub(crate) fn begin(
        mut sources: Vec<Source>,
        trust: &'a Trust,
        options: Options,
        extent: Extent,
    ) -> Result<Self, Failure> {
        let ring = Arc::new(ring(&mut sources, trust)?);
        let mut parts = Vec::with_capacity(sources.len());
        for Source { archive, reading } in sources {
            let verification = StoreVerification::with_ring(reading, Arc::clone(&ring))?;
            let mut verification = verification.with_options(options.clone()).with_extent(extent);
            let chain_ids = verification.chains()?.into_iter().map(|chain| chain.chain_id).collect();
            parts.push(Part { archive, verification, chain_ids });
        }
        Ok(Self { trust, options, extent, ring, parts, archives_left_out: false })
    }

    /// The archives were not to be read; what was moved to one is then not valid, but not checked.
    pub(crate) fn with_archives_left_out(self, archives_left_out: bool) -> Self {
        Self { archives_left_out, ..self }
    }

    /// The chains of all, each once.
    pub(crate) fn chain_ids(&self) -> Vec<String> {
        let mut all: Vec<_> = self.parts.iter().flat_map(|part| part.chain_ids.iter().cloned()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The keys by which all is judged.
    pub(crate) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// The verdicts: on one chain wherever it stands, or on all.
    pub(crate) fn report(mut self, only: Option<&str>) -> Result<Report, Failure> {
        let mut notes = self.trust.notes(&self.ring);
        let Held { mut conflicts, notes: of_moved } = self.hold_moved(only)?;
        notes.extend(of_moved);
        if let Some(only) = only {
            for part in &mut self.parts {
                part.chain_ids.retain(|chain_id| chain_id == only);
            }
            if self.chain_ids().is_empty() && conflicts.is_empty() {
                // Unknown, which is never valid.
                self.parts.iter_mut().take(1).for_each(|first| first.chain_ids.push(only.to_owned()));
            }
        }
        let overlaps = Overlaps::find(self.parts.iter().map(|part| part.chain_ids.as_slice()));
        let mut chains = Vec::new();
        for part in &mut self.parts {
            if only.is_none() {
                part.verification.show_progress()?;
            }
            chains.extend(part.judge(self.trust, &self.options, only, &mut notes, &mut conflicts)?);
            if self.extent == Extent::UntilBroken && !chains.iter().all(ChainReport::is_valid) {
                return Ok(Report::over(chains, notes).with_conflicts(conflicts).stopped_early());
            }
        }
        for overlap in overlaps {
            let [first, second] = overlap.parts;
            let (before, after) = self.parts.split_at_mut(second);
            let found = overlap.compare(before[first].side(), after[0].side())?;
            if found.conflicts { conflicts.push(found.text) } else { notes.push(found.text) }
        }
        Ok(Report::over(chains, notes).with_conflicts(conflicts))
    }

    /// Holds what is left of moved receipts against the archives.
    fn hold_moved(&mut self, only: Option<&str>) -> Result<Held, Failure> {
        let (first, others) = match self.parts.split_first_mut() {
            Some((first, others)) if first.archive.is_none() => (first, others),
            _ => {
                let archives = self.parts.iter().filter_map(|part| part.archive.as_ref());
                return Ok(Held { conflicts: moved::without_database(archives), notes: Vec::new() });
            }
        };
        let archives = others
            .iter_mut()
            .filter_map(|part| Some((part.archive.as_ref()?, part.verification.reading())))
            .collect();
        let Part { verification, chain_ids, .. } = first;
        let left_out = self.archives_left_out;
        Holding { database: verification.reading(), stored: chain_ids, archives, only, left_out }.hold()
    }
}

impl Part {
    /// Every chain of this part.
    fn judge(
        &mut self,
        trust: &Trust,
        options: &Options,
        only: Option<&str>,
        notes: &mut Vec<String>,
        conflicts: &mut Vec<String>,
    ) -> Result<Vec<ChainReport>, Failure> {
        let mut chains = self.verification.report(&self.chain_ids)?.chains;
        let Some(archive) = &self.archive else { return Ok(chains) };
        let name = &archive.name;
        conflicts.extend(as_taken_in::differences(archive, &mut self.verification, only)?);
        let digest = sha256_of(&archive.database).map_err(|error| {
            Failure::usage(format_args!("could not read `{}`: {error}", archive.database.display()))
        })?;
        if digest != archive.manifest.sha256 {
            conflicts.push(format!(
                "the file of archive `{name}` is not the one that was taken in: it is {digest}"
            ));
        }
        // Under strict rules only keys count that whoever verifies has named now; and what was moved from here is this log's own, whose
        // keys an archive cannot name.
        let may_be_recorded = !options.strict && archive.manifest.kind != ArchiveKind::Moved;
        let recorded =
            Trust::recorded(&archive.manifest).filter(|recorded| may_be_recorded && *recorded != *trust);
        if let Some(recorded) = recorded
            && !chains.iter().all(ChainReport::is_valid)
        {
            let ring = self.verification.reading().ask(|reader| {
                let mut lineage = recorded.lineage();
                observe(reader, &mut lineage)?;
                Ok(lineage.resolve())
            })?;
            self.verification.set_ring(ring.into());
            let by_recorded = self.verification.report(&self.chain_ids)?.chains;
            if by_recorded.iter().all(ChainReport::is_valid) {
                notes.push(format!(
                    "archive `{name}` is judged by the key {} that was named when it was taken in, not by the published one; \
                     --trust-key names it for good, --strict does not believe it",
                    recorded.published().fingerprint()
                ));
                chains = by_recorded;
            }
        }
        Ok(chains.into_iter().map(|chain| chain.in_archive(name)).collect())
    }

    fn side(&mut self) -> (Option<&str>, &mut StoreVerification) {
        (self.archive.as_ref().map(|archive| archive.name.as_str()), &mut self.verification)
    }
}

/// One of the sources, with the keys of all looked up.
pub(crate) fn one_of(
    mut sources: Vec<Source>,
    at: usize,
    trust: &Trust,
) -> Result<StoreVerification, Failure> {
    let ring = Arc::new(ring(&mut sources, trust)?);
    StoreVerification::with_ring(sources.swap_remove(at).reading, ring)
}

/// Some of the sources, in their order, with the keys of all looked up.
pub(crate) fn some_of(
    mut sources: Vec<Source>,
    mut wanted: impl FnMut(usize) -> bool,
    trust: &Trust,
) -> Result<Vec<StoreVerification>, Failure> {
    let ring = Arc::new(ring(&mut sources, trust)?);
    let some = sources.into_iter().enumerate().filter(|(at, _)| wanted(*at));
    some.map(|(_, source)| StoreVerification::with_ring(source.reading, Arc::clone(&ring))).collect()
}

/// The keys of a database that must be there, and of its archives: a hand-over may have been moved to one.
pub(crate) fn ring_with_archives(database: &Path, trust: &Trust) -> Result<KeyRing, Failure> {
    drop(Reading::open(database)?);
    ring(&mut open(database, &ArchivesArgs { no_archives: false })?, trust)
}

/// The keys of all sources.
pub(crate) fn ring(sources: &mut [Source], trust: &Trust) -> Result<KeyRing, Failure> {
    let Some((first, others)) = sources.split_first_mut() else { return Ok(trust.lineage().resolve()) };
    // Begun anew where a writer came in between. Archives are not written.
    let ring = first.reading.ask(|reader| {
        let mut lineage = trust.lineage();
        observe(reader, &mut lineage)?;
        for other in &mut *others {
            other.reading.ask(|reader| observe(reader, &mut lineage))?;
        }
        Ok(lineage.resolve())
    })?;
    Ok(ring)
}
