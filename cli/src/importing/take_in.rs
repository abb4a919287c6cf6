//! One file becomes one archive, once it is verified.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use agent_receipts_core::Timestamp;
use agent_receipts_store::{
    Archive, ArchiveFolder, ArchiveKind, ArchiveWriter, ArchivedChain, Existing, Manifest, ReceiptReader,
};

use super::lines::{ImportError, fill};
use super::name::name_for;
use crate::digest::sha256_of;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::verification::{LinesError, Report, StoreVerification, Trust, open_lines};

/// What every file is taken in with.
pub(crate) struct TakeIn<'a> {
    /// Where archives stand.
    pub(crate) folder: ArchiveFolder,
    /// The keys to judge by.
    pub(crate) trust: &'a Trust,
    /// When this is.
    pub(crate) now: Timestamp,
}

/// What became of a file.
pub(crate) enum Taken {
    /// It is an archive now.
    In(Box<Archive>),
    /// The same chains stand in this archive already.
    Before(String),
    /// Its chains do not hold; nothing was taken in.
    Refused(Box<Report>),
}

impl TakeIn<'_> {
    /// Makes the archive under another name, judges it there, and gives it its own name only if all of it is valid.
    pub(crate) fn take(&self, path: &Path, name: Option<&str>) -> Result<Taken, Failure> {
        let archives = self.folder.archives()?;
        let is_taken = |name: &str| archives.iter().any(|archive| archive.name == name);
        let name = name.map_or_else(|| name_for(path, is_taken), str::to_owned);
        let mut writer = self.folder.begin(&name)?;
        let kind = bring(path, &mut writer)?;
        let database = writer.database();
        let mut reading = Reading::open(&database)?;
        reading.ask(|reader| reader.check_integrity())?;
        let mut verification = StoreVerification::begin(reading, self.trust)?;
        let chain_ids: Vec<_> = verification.chains()?.into_iter().map(|chain| chain.chain_id).collect();
        let report = verification.report(&chain_ids)?;
        if !report.valid {
            return Ok(Taken::Refused(Box::new(report)));
        }
        let chains = archived_chains(&mut verification, &report)?;
        drop(verification);
        if let Some(same) = archives.iter().find(|archive| archive.manifest.chains == chains) {
            return Ok(Taken::Before(same.name.clone()));
        }
        let (sha256, bytes) =
            sha256_of(&database).and_then(|sha256| Ok((sha256, database.metadata()?.len()))).map_err(
                |error| Failure::new(format_args!("could not read `{}`: {error}", database.display())),
            )?;
        let (earlier_keys, vouched_keys) = self.trust.to_record();
        let manifest = Manifest {
            version: Manifest::VERSION,
            kind,
            source: path.to_string_lossy().into_owned(),
            taken_in: self.now.to_rfc3339(),
            sha256,
            bytes,
            receipts: report.receipts,
            chains,
            public_key: self.trust.published().to_multibase(),
            earlier_keys,
            vouched_keys,
        };
        let place = writer.finish(&manifest)?;
        Ok(Taken::In(Box::new(Archive { name, database: place.join("receipts.db"), manifest })))
    }
}

/// Puts the rows of a database or of lines into the archive.
fn bring(path: &Path, writer: &mut ArchiveWriter) -> Result<ArchiveKind, Failure> {
    let unreadable =
        |source| Failure::from(ImportError::Lines(LinesError::Unreadable { path: path.to_owned(), source }));
    let mut file = open_lines(path).map_err(unreadable)?;
    if is_database(&mut file).map_err(unreadable)? {
        drop(file);
        // A consistent copy, also of a database that is in use.
        Reading::open(path)?.ask(|reader| reader.copy_to(&writer.database(), Existing::Replace))?;
        return Ok(ArchiveKind::Database);
    }
    fill(path, &mut file, writer)?;
    writer.close();
    Ok(ArchiveKind::Lines)
}

fn is_database(file: &mut File) -> std::io::Result<bool> {
    let mut beginning = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut beginning)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(beginning == MAGIC)
}

/// The chains of an archive that is being made, as its manifest lists them.
pub(crate) fn archived_chains(
    verification: &mut StoreVerification,
    report: &Report,
) -> Result<Vec<ArchivedChain>, Failure> {
    let results: BTreeMap<&str, &str> =
        report.chains.iter().map(|chain| (chain.chain_id.as_str(), chain.result)).collect();
    let summaries = verification.chains()?;
    let mut chains = Vec::with_capacity(summaries.len());
    for summary in summaries {
        let head = verification.reading().ask(|reader| reader.head(&summary.chain_id))?;
        let result = results.get(summary.chain_id.as_str());
        chains.push(ArchivedChain {
            receipts: summary.length,
            first_sequence: summary.first_sequence,
            last_sequence: summary.last_sequence,
            tip_hash: head.map(|head| head.receipt_hash).unwrap_or_default(),
            verdict: result.map_or("UNKNOWN", |verdict| verdict).to_owned(),
            chain_id: summary.chain_id,
        });
    }
    Ok(chains)
}

/// How every SQLite database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
