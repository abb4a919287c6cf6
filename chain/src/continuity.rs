//! What should stay the same, or only grow, from one receipt to the next. The reference checks none of it.

use std::str::FromStr;

use agent_receipts_core::{Receipt, Timestamp, Version};

use crate::chain_id::{is_agent_chain, may_delegate};
use crate::duplicates::{IdSeen, ReceiptIds};
use crate::finding::{Code, Findings};
use crate::text::{plain, quoted};

/// Seconds by which another machine's clock may be ahead before a receipt counts as from the future.
const FUTURE_TOLERANCE: i64 = 300;

/// What the receipts so far have in common.
#[derive(Debug, Default)]
pub(crate) struct Continuity {
    issuer: Option<String>,
    latest: Option<Timestamp>,
    version: Option<Version>,
    method: Option<String>,
    ids: ReceiptIds,
    ids_overlooked: bool,
}

impl Continuity {
    /// `rotated`: whether the key changed since the receipt before.
    pub(crate) fn observe(
        &mut self,
        index: u64,
        receipt: &Receipt,
        rotated: bool,
        now: Option<Timestamp>,
        findings: &mut Findings,
    ) {
        if index == 0 && receipt.subject.chain.sequence != 1 {
            findings.add(Code::FirstSequenceNotOne, index, || {
                format!("the chain starts at sequence {}", receipt.subject.chain.sequence)
            });
        }
        self.issuer(index, receipt, findings);
        self.time(index, receipt, now, findings);
        self.version(index, receipt, findings);
        self.method(index, receipt, rotated, findings);
        self.id(index, receipt, findings);
        delegation(index, receipt, findings);
    }

    fn issuer(&mut self, index: u64, receipt: &Receipt, findings: &mut Findings) {
        let id = &receipt.issuer.id;
        match &self.issuer {
            None => self.issuer = Some(id.clone()),
            Some(first) if first != id => findings.add(Code::IssuerChanged, index, || {
                format!("issuer {} in a chain of {}", quoted(id), quoted(first))
            }),
            Some(_) => {}
        }
    }

    fn time(&mut self, index: u64, receipt: &Receipt, now: Option<Timestamp>, findings: &mut Findings) {
        // A malformed one is the schema's business.
        let Ok(issued) = Timestamp::parse(&receipt.issuance_date) else { return };
        if self.latest.is_some_and(|latest| issued < latest) {
            findings.add(Code::TimeRegression, index, || {
                format!("issued {}, before its predecessor", plain(&receipt.issuance_date))
            });
        }
        self.latest = Some(issued);
        if now.is_some_and(|now| issued.unix_seconds() > now.unix_seconds().saturating_add(FUTURE_TOLERANCE))
        {
            findings.add(Code::FutureTimestamp, index, || {
                format!("issued {}, in the future", plain(&receipt.issuance_date))
            });
        }
    }

    fn version(&mut self, index: u64, receipt: &Receipt, findings: &mut Findings) {
        let Ok(version) = Version::from_str(&receipt.version) else { return };
        match self.version {
            Some(before) if version < before => {
                findings.add(Code::VersionRegression, index, || format!("version {version} after {before}"));
            }
            Some(before) if version > before => {
                findings.add(Code::VersionMixed, index, || format!("version {version} after {before}"));
            }
            _ => {}
        }
        self.version = Some(version);
    }

    fn method(&mut self, index: u64, receipt: &Receipt, rotated: bool, findings: &mut Findings) {
        let Some(proof) = &receipt.proof else { return };
        let method = &proof.verification_method;
        match &self.method {
            Some(before) if before == method => return,
            Some(before) if !rotated => findings.add(Code::VerificationMethodChanged, index, || {
                format!("verificationMethod {} after {}", quoted(method), quoted(before))
            }),
            _ => {}
        }
        self.method = Some(method.clone());
    }

    fn id(&mut self, index: u64, receipt: &Receipt, findings: &mut Findings) {
        match self.ids.look(&receipt.id, index) {
            IdSeen::New => {}
            IdSeen::Duplicate => findings.add(Code::DuplicateReceiptId, index, || {
                format!("id {} stands on an earlier receipt too", quoted(&receipt.id))
            }),
            IdSeen::OutOfOrder => findings.add(Code::ReceiptIdOrder, index, || {
                format!("time-ordered id {} is not greater than those before", quoted(&receipt.id))
            }),
            IdSeen::WindowFull if !self.ids_overlooked => {
                self.ids_overlooked = true;
                findings.add(Code::DuplicateWindowExceeded, index, || "receipt ids".into());
            }
            IdSeen::WindowFull => {}
        }
    }
}

/// Delegation stands on the first receipt of an agent's chain, and names a chain above it (specification §7.6).
fn delegation(index: u64, receipt: &Receipt, findings: &mut Findings) {
    let chain_id = &receipt.subject.chain.chain_id;
    match (&receipt.subject.delegation, index, is_agent_chain(chain_id)) {
        (None, 0, true) => findings.add(Code::DelegationMissing, index, || {
            "the first receipt of an agent's chain names no parent".into()
        }),
        (Some(delegation), 0, true) if !may_delegate(&delegation.parent_chain_id, chain_id) => {
            findings.add(Code::DelegationParentMismatch, index, || {
                format!("parent {} of chain {}", quoted(&delegation.parent_chain_id), quoted(chain_id))
            });
        }
        (Some(_), 1.., _) => findings.add(Code::DelegationUnexpected, index, || {
            "delegation on a receipt that is not the first".into()
        }),
        _ => {}
    }
}
