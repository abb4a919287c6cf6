//! Verification of stored and exported chains: what is read, with which keys, and what is reported.

mod anchors;
mod as_taken_in;
mod batch;
mod chain_page;
mod everything;
mod extension;
mod judges;
mod lines;
mod moved;
mod overlap;
mod page;
mod proof;
mod report;
mod stored;
mod timestamps;
mod trust;
mod walk;

pub(crate) use anchors::{EvidenceFileError, Strangers, audit, write as write_anchors};
pub(crate) use batch::contradiction;
pub(crate) use everything::{Everything, one_of, ring, ring_with_archives, some_of};
pub(crate) use lines::{LinesError, each_line, open_lines, verify_lines};
pub(crate) use page::write_all;
pub(crate) use proof::{ProofFileError, verify_proof};
pub(crate) use report::{ChainReport, Report};
pub(crate) use stored::{Extent, StoreVerification, Witness};
pub(crate) use timestamps::TsaArgs;
pub(crate) use trust::Trust;
