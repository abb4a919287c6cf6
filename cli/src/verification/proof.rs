//! One proof, checked without a database.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use agent_receipts_chain::checkpoint::{
    ExtensionProof, ExtensionProofError, Proven, ReceiptProof, ReceiptProofError,
};
use serde::Serialize;

use super::extension::ExtensionReport;
use super::trust::Trust;
use crate::output::{Screen, Tone, printable};

/// Why there is no proof to judge.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProofFileError {
    /// The file cannot be read.
    #[error("could not read `{}`: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// The verdict on a proof of either kind.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ProofReport {
    /// That one receipt is in a log.
    Receipt(ReceiptReport),
    /// That one checkpoint extends another.
    Extension(ExtensionReport),
}

/// The verdict on the proof of one receipt.
#[derive(Debug, Serialize)]
pub(crate) struct ReceiptReport {
    /// Whether it holds.
    pub(crate) valid: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_hash: Option<String>,
    /// The receipt's number in the log, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf_index: Option<u64>,
    #[serde(flatten)]
    log: Option<LogFacts>,
}

/// What a trusted key has signed for.
#[derive(Debug, Serialize)]
struct LogFacts {
    origin: String,
    size: u64,
    time: String,
    signed_by: String,
    receipt_signed_by: String,
}

/// Reads a proof (`-` for standard input) and judges it by the keys that are trusted.
pub(crate) fn verify_proof(path: &Path, trust: &Trust) -> Result<ProofReport, ProofFileError> {
    let unreadable = |error| ProofFileError::Unreadable { path: path.to_owned(), error };
    let mut json = Vec::new();
    let most = ReceiptProof::MAX as u64 + 1;
    match path == Path::new("-") {
        true => io::stdin().lock().take(most).read_to_end(&mut json),
        false => File::open(path).map_err(unreadable)?.take(most).read_to_end(&mut json),
    }
    .map_err(unreadable)?;
    Ok(match ReceiptProof::parse(&json) {
        Ok(proof) => {
            let verified = proof.verify(&trust.trusted(), &trust.earlier());
            ProofReport::Receipt(ReceiptReport::of(Some(&proof), verified))
        }
        Err(ReceiptProofError::Format) if names_an_extension(&json) => {
            ProofReport::Extension(ExtensionReport::of(ExtensionProof::parse(&json), trust))
        }
        Err(error) => ProofReport::Receipt(ReceiptReport::of(None, Err(error))),
    })
}

fn names_an_extension(json: &[u8]) -> bool {
    !matches!(ExtensionProof::parse(json), Err(ExtensionProofError::Format))
}

impl ProofReport {
    /// Whether it holds.
    pub(crate) fn is_valid(&self) -> bool {
        match self {
            Self::Receipt(report) => report.valid,
            Self::Extension(report) => report.valid,
        }
    }

    /// The verdict, then what it is about.
    pub(crate) fn write(&self, screen: &mut Screen) -> io::Result<()> {
        match self {
            Self::Receipt(report) => report.write(screen),
            Self::Extension(report) => report.write(screen),
        }
    }
}

impl ReceiptReport {
    fn of(proof: Option<&ReceiptProof>, verified: Result<Proven, ReceiptProofError>) -> Self {
        let receipt = proof.map(|proof| proof.receipt().receipt());
        let (log, error) = match verified {
            Ok(proven) => (Some(LogFacts::of(&proven)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            valid: error.is_none(),
            error,
            receipt_id: receipt.map(|receipt| receipt.id.clone()),
            chain: receipt.map(|receipt| receipt.subject.chain.chain_id.clone()),
            sequence: receipt.map(|receipt| receipt.subject.chain.sequence),
            receipt_hash: proof.map(|proof| proof.receipt().hash().to_string()),
            leaf_index: proof.map(ReceiptProof::leaf_index),
            log,
        }
    }

    fn write(&self, screen: &mut Screen) -> io::Result<()> {
        let id = self.receipt_id.as_deref().unwrap_or("(unreadable)");
        match &self.log {
            Some(log) => {
                let word = screen.tone(Tone::Good, "PROVEN");
                screen.line(&format!("Receipt {}: {word}", printable(id)))?;
                screen.line(&format!(
                    "  number {} of the {} receipts that log {} had at {}",
                    self.leaf_index.unwrap_or_default() + 1,
                    log.size,
                    printable(&log.origin),
                    log.time
                ))?;
                screen.line(&format!("  checkpoint signed by {}", log.signed_by))?;
                if log.receipt_signed_by != log.signed_by {
                    screen.line(&format!("  receipt signed by {}", log.receipt_signed_by))?;
                }
            }
            None => {
                let word = screen.tone(Tone::Bad, "NOT PROVEN");
                screen.line(&format!("Receipt {}: {word}", printable(id)))?;
                let cause = self.error.as_deref().unwrap_or("unknown");
                screen.line(&format!("  cause: {}", printable(cause)))?;
            }
        }
        if let (Some(chain), Some(sequence)) = (&self.chain, self.sequence) {
            screen.line(&format!("  sequence {sequence} of chain {}", printable(chain)))?;
        }
        Ok(())
    }
}

impl LogFacts {
    fn of(proven: &Proven) -> Self {
        Self {
            origin: proven.checkpoint.origin.to_string(),
            size: proven.checkpoint.size,
            time: proven.checkpoint.time.to_rfc3339(),
            signed_by: proven.signed_by.to_string(),
            receipt_signed_by: proven.receipt_signed_by.to_string(),
        }
    }
}
