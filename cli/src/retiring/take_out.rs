//! The archive that chains go to, and their leaving.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use agent_receipts_chain::KeyRing;
use agent_receipts_core::{Received, Timestamp};
use agent_receipts_store::{
    ArchiveFolder, ArchiveKind, ArchiveWriter, Manifest, Order, Query, ReceiptReader as _, Row, StoreError,
};

use super::plan::Leaving;
use crate::digest::sha256_of;
use crate::failure::Failure;
use crate::importing::archived_chains;
use crate::output::printable;
use crate::reading::Reading;
use crate::verification::{Report, StoreVerification, Trust};

/// With what chains are taken out.
pub(crate) struct TakeOut<'a> {
    /// The database that they leave.
    pub(crate) database: &'a Path,
    /// The keys to judge by, as the operator has named them.
    pub(crate) trust: &'a Trust,
    /// The same, looked up in all that there is.
    pub(crate) ring: &'a Arc<KeyRing>,
    /// When this is.
    pub(crate) now: Timestamp,
    /// The daemon's binary.
    pub(crate) daemon: PathBuf,
    /// The configuration file that was named.
    pub(crate) config: Option<&'a Path>,
}

impl TakeOut<'_> {
    /// Makes the archive: whole, verified, durable.
    ///
    /// # Errors
    ///
    /// A failure after which there is no archive of the name, unless there was one before.
    pub(crate) fn archive(&self, name: &str, leaving: &[Leaving]) -> Result<(), Failure> {
        let mut writer = ArchiveFolder::beside(self.database).begin(name)?;
        writer.belong_with(self.database)?;
        let chains: BTreeSet<&str> = leaving.iter().map(|chain| chain.chain_id.as_str()).collect();
        fill(self.database, &chains, &mut writer)?;
        writer.close();
        let archived = writer.database();
        let mut reading = Reading::open(&archived)?;
        reading.ask(|reader| reader.check_integrity())?;
        let mut verification = StoreVerification::with_ring(reading, Arc::clone(self.ring))?;
        let mut reports = Vec::with_capacity(leaving.len());
        for chain in leaving {
            let report = verification.chain(&chain.chain_id)?;
            if as_json(&report)? != as_json(&chain.report)? {
                return Err(Failure::new(format_args!(
                    "chain `{}` does not stand in the archive as it does in the database: nothing was moved",
                    printable(&chain.chain_id)
                )));
            }
            reports.push(report);
        }
        let report = Report::over(reports, Vec::new());
        let chains = archived_chains(&mut verification, &report)?;
        drop(verification);
        let unreadable =
            |error| Failure::new(format_args!("could not read `{}`: {error}", archived.display()));
        let sha256 = sha256_of(&archived).map_err(unreadable)?;
        let bytes = archived.metadata().map_err(unreadable)?.len();
        let (earlier_keys, vouched_keys) = self.trust.to_record();
        let manifest = Manifest {
            version: Manifest::VERSION,
            kind: ArchiveKind::Moved,
            source: self.database.to_string_lossy().into_owned(),
            taken_in: self.now.to_rfc3339(),
            sha256,
            bytes,
            receipts: report.receipts,
            chains,
            public_key: self.trust.published().to_multibase(),
            earlier_keys,
            vouched_keys,
        };
        writer.finish(&manifest)?;
        Ok(())
    }

    /// Has the daemon's binary take out of the database what stands in archives of moved chains. Fails where a daemon is at work.
    pub(crate) fn leave(&self) -> Result<(), Failure> {
        let mut command = Command::new(&self.daemon);
        if let Some(config) = self.config {
            command.arg("--config").arg(config);
        }
        let output = command.arg("--retire").arg("--db").arg(self.database).stdin(Stdio::null()).output();
        let output = output.map_err(|error| {
            Failure::new(format_args!("could not execute `{}`: {error}", self.daemon.display()))
        })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("agent-receipts-daemon: ");
        // A line for each archive that was done with before.
        let done = String::from_utf8_lossy(&output.stdout);
        let failure = match done.trim() {
            "" => Failure::new(format_args!("nothing was taken out of the database: {said}")),
            done => {
                let done = done.lines().collect::<Vec<_>>().join(", ");
                Failure::new(format_args!(
                    "not all was taken out of the database: {said}; before that: {done}"
                ))
            }
        };
        // All others name their mend.
        Err(match said.contains(LOCKED) {
            true => failure.with_hint(
                "stop the daemon, then try again; the database is as it was, and an archive that stands already is used then",
            ),
            false => failure,
        })
    }
}

/// Archives of moved chains that still stand in the database: a move was cut short. Each with its chains.
pub(crate) fn unfinished(database: &Path) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut reading = Reading::open(database)?;
    let mut found = Vec::new();
    for archive in ArchiveFolder::beside(database).archives()? {
        if archive.manifest.kind != ArchiveKind::Moved {
            continue;
        }
        let archived = Reading::open(&archive.database)?.ask(|reader| reader.chain_ids())?;
        let mut there = Vec::new();
        for chain_id in archived {
            if reading.ask(|reader| reader.head(&chain_id))?.is_some() {
                there.push(chain_id);
            }
        }
        if !there.is_empty() {
            found.push((archive.name, there));
        }
    }
    Ok(found)
}

/// `retired-2026-11-22`, with `-2` and so on where there is one.
pub(crate) fn default_name(database: &Path, now: &Timestamp) -> Result<String, Failure> {
    let archives = ArchiveFolder::beside(database).archives()?;
    let name = format!("retired-{}", now.to_rfc3339().get(..10).unwrap_or_default());
    let is_free = |name: &String| archives.iter().all(|archive| archive.name != *name);
    let mut names = std::iter::once(name.clone()).chain((2_u64..).map(|number| format!("{name}-{number}")));
    Ok(names.find(is_free).unwrap_or(name))
}

/// Copies the rows of these chains, in the order in which they were recorded.
fn fill(database: &Path, chains: &BTreeSet<&str>, writer: &mut ArchiveWriter) -> Result<(), Failure> {
    let mut reading = Reading::open(database)?;
    let mut after = i64::MIN;
    loop {
        let query = Query {
            after_rowid: Some(after),
            order: Order::Insertion,
            limit: Some(ROWS_AT_A_TIME),
            ..Query::default()
        };
        let mut read = 0;
        let (batch, last) = reading.ask(|reader| {
            let (mut batch, mut last) = (Vec::new(), after);
            read = 0;
            reader.stream(&query, &mut |stored| {
                (read, last) = (read + 1, stored.rowid);
                if chains.contains(stored.row.chain_id.as_str()) {
                    batch.push(with_session(stored.row));
                }
                ControlFlow::Continue(())
            })?;
            Ok::<_, StoreError>((batch, last))
        })?;
        if !batch.is_empty() {
            writer.append(&batch).map_err(not_written)?;
        }
        if read < ROWS_AT_A_TIME {
            return Ok(());
        }
        after = last;
    }
}

/// In a database of ours, a row without an entry in the table of sessions is another implementation's, and its session stands in
/// its text. In the archive it gets one.
fn with_session(mut row: Row) -> Row {
    if row.session_id.is_none()
        && let Ok(received) = Received::parse(row.receipt_json.as_bytes())
    {
        row.session_id.clone_from(&received.receipt().issuer.session_id);
    }
    row
}

/// No wrong question, unlike a database that cannot be read.
fn not_written(error: StoreError) -> Failure {
    Failure::new(&error).with_hint("nothing was moved; the database is as it was")
}

fn as_json(report: &crate::verification::ChainReport) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(report).map_err(Failure::new)
}

const ROWS_AT_A_TIME: u64 = 2048;
/// How the daemon's binary says that another has the database.
const LOCKED: &str = "another daemon is writing";
