//! From exported lines to the rows of an archive.

use std::fs::File;
use std::path::{Path, PathBuf};

use agent_receipts_core::{DecodeError, Received};
use agent_receipts_store::{ArchiveError, ArchiveWriter, Row, StoreError};

use crate::verification::{LinesError, each_line};

/// Why a file cannot become an archive. Nothing was taken in then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ImportError {
    /// The file cannot be read as lines.
    #[error(transparent)]
    Lines(#[from] LinesError),
    /// A line is no receipt.
    #[error("line {line} of `{}` is no receipt: {reason}", path.display())]
    NoReceipt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: DecodeError,
    },
    /// There is nothing in the file.
    #[error("`{}` holds no receipts", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The rows could not be written, or stand twice in the file.
    #[error("`{}`: {reason}", path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// What the store says.
        reason: StoreError,
    },
    /// The archive could not be made.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Writes every line as a row. One that is no receipt, or comes twice, fails all: an export is whole or worth nothing.
pub(super) fn fill(path: &Path, file: &mut File, archive: &mut ArchiveWriter) -> Result<(), ImportError> {
    let rows_failed = |reason| ImportError::Rows { path: path.to_owned(), reason };
    let (mut batch, mut bytes, mut any) = (Vec::new(), 0, false);
    each_line(path, file, |number, line| {
        let received = Received::parse(line).map_err(|reason| ImportError::NoReceipt {
            path: path.to_owned(),
            line: number,
            reason,
        })?;
        bytes += line.len();
        batch.push(row(&received, line));
        any = true;
        if batch.len() >= ROWS_AT_A_TIME || bytes >= BYTES_AT_A_TIME {
            archive.append(&batch).map_err(rows_failed)?;
            batch.clear();
            bytes = 0;
        }
        Ok::<_, ImportError>(())
    })?;
    if !any {
        return Err(ImportError::Empty { path: path.to_owned() });
    }
    if !batch.is_empty() {
        archive.append(&batch).map_err(rows_failed)?;
    }
    Ok(())
}

/// The columns as the receipt itself says them; the text byte for byte.
fn row(received: &Received, line: &[u8]) -> Row {
    let receipt = received.receipt();
    let subject = &receipt.subject;
    Row {
        id: receipt.id.clone(),
        chain_id: subject.chain.chain_id.clone(),
        sequence: subject.chain.sequence,
        action_type: subject.action.kind.clone(),
        tool_name: subject.action.tool_name.clone().unwrap_or_default(),
        risk_level: subject.action.risk_level.clone(),
        status: subject.outcome.status.clone(),
        timestamp: subject.action.timestamp.clone(),
        issuer_id: receipt.issuer.id.clone(),
        principal_id: Some(subject.principal.id.clone()),
        // A receipt is UTF-8: what is not was refused.
        receipt_json: String::from_utf8_lossy(line).into_owned(),
        receipt_hash: received.hash().to_string(),
        previous_receipt_hash: subject.chain.previous_receipt_hash.clone(),
        session_id: receipt.issuer.session_id.clone(),
    }
}

const ROWS_AT_A_TIME: usize = 1000;
const BYTES_AT_A_TIME: usize = 8 << 20;
