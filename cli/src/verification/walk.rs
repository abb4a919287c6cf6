//! One chain on its way through the verifier, with the few receipts that a reader wants to see.

use std::collections::VecDeque;

use agent_receipts_chain::{ChainVerifier, Code, Examined, Genesis, Options, Step};
use agent_receipts_core::DecodeError;

use super::report::ChainReport;

/// Verifies one chain and remembers the receipts around the first that is wrong.
pub(crate) struct Walk {
    verifier: ChainVerifier,
    chain_id: String,
    /// The last receipts, or, once something was wrong, those around it.
    around: VecDeque<Step>,
    still_to_come: Option<usize>,
    altered_rows: u64,
    first_altered_row: Option<String>,
}

/// Receipts shown on each side of the first one that is wrong.
const NEIGHBOURS: usize = 3;

impl Walk {
    /// A walk along the chain of this id.
    pub(crate) fn new(chain_id: &str, genesis: impl Into<Genesis>, options: &Options) -> Self {
        let options = Options { expected_chain_id: Some(chain_id.to_owned()), ..options.clone() };
        Self {
            verifier: ChainVerifier::new(genesis, options),
            chain_id: chain_id.to_owned(),
            around: VecDeque::new(),
            still_to_come: None,
            altered_rows: 0,
            first_altered_row: None,
        }
    }

    /// The verifier, for its guess at the active key.
    pub(crate) fn verifier(&self) -> &ChainVerifier {
        &self.verifier
    }

    /// The next receipt, read or unreadable.
    pub(crate) fn take(&mut self, receipt: Result<Examined, DecodeError>) -> Step {
        let step = match receipt {
            Ok(examined) => self.verifier.push_examined(examined),
            Err(error) => self.verifier.push(Err(error)),
        };
        match &mut self.still_to_come {
            Some(0) => {}
            Some(left) => {
                *left -= 1;
                self.around.push_back(step.clone());
            }
            None => {
                if self.around.len() > NEIGHBOURS {
                    self.around.pop_front();
                }
                self.around.push_back(step.clone());
                if self.verifier.is_broken() {
                    self.still_to_come = Some(NEIGHBOURS);
                }
            }
        }
        step
    }

    /// The database row of the receipt at `index` says something else than the receipt. Under strict rules this breaks
    /// the chain: what listings show of it is a lie.
    pub(crate) fn altered_row(&mut self, index: u64, what: &str) {
        self.altered_rows += 1;
        self.verifier.remark(Code::RowMismatch, index, || what.to_owned());
        self.first_altered_row.get_or_insert_with(|| what.to_owned());
    }

    /// The verdict and what belongs to it.
    pub(crate) fn finish(self) -> ChainReport {
        let verdict = self.verifier.finish();
        let around = if self.still_to_come.is_some() { self.around.into() } else { Vec::new() };
        ChainReport::new(self.chain_id, verdict, around, self.altered_rows, self.first_altered_row)
    }
}
