//! From what was seen along a chain to the verdict over it.

use agent_receipts_core::ReceiptHash;

use crate::faults::{Break, Faults, Reason};
use crate::finding::{Code, Findings};
use crate::key_path::{KeyPath, Trust};
use crate::options::Options;
use crate::text::plain;
use crate::verdict::{Integrity, Outcome, Status, Verdict};

/// Counters of one walk along a chain.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) length: u64,
    pub(crate) chain_id: Option<String>,
    pub(crate) first_receipt_id: Option<String>,
    pub(crate) status: Status,
    pub(crate) status_faulty: bool,
    pub(crate) terminal_at: Option<u64>,
    pub(crate) terminals_opened: u64,
    pub(crate) terminals_closed: u64,
    pub(crate) body_missing: bool,
    pub(crate) wrong_body: Option<(u64, String)>,
    pub(crate) integrity: Integrity,
    sequence: Option<u64>,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            length: 0,
            chain_id: None,
            first_receipt_id: None,
            status: Status::Unknown,
            status_faulty: false,
            terminal_at: None,
            terminals_opened: 0,
            terminals_closed: 0,
            body_missing: false,
            wrong_body: None,
            integrity: Integrity {
                readable: true,
                signatures: true,
                links: true,
                sequences: true,
                structure: true,
                keys: true,
                keys_confirmed: true,
            },
            sequence: None,
        }
    }
}

impl Walk {
    /// The index of the next receipt.
    pub(crate) fn begin(&mut self) -> u64 {
        let index = self.length;
        self.length += 1;
        index
    }

    /// The first sequence may be any from 1 (that it is 1 is a finding); each other is one more than the last.
    pub(crate) fn sequence_follows(&mut self, sequence: u64) -> bool {
        let follows = match self.sequence {
            None => sequence >= 1,
            Some(before) => before.checked_add(1) == Some(sequence),
        };
        self.sequence = Some(sequence);
        follows
    }

    /// A receipt that cannot be read took one number.
    pub(crate) fn skip_sequence(&mut self) {
        self.sequence = Some(self.sequence.map_or(1, |before| before.saturating_add(1)));
    }
}

/// All that a verifier leaves behind.
pub(crate) struct Evidence {
    pub(crate) options: Options,
    pub(crate) keys: KeyPath,
    pub(crate) walk: Walk,
    pub(crate) faults: Faults,
    pub(crate) findings: Findings,
    pub(crate) warnings: Vec<String>,
    pub(crate) final_hash: Option<ReceiptHash>,
    pub(crate) incomplete_tool_roundtrip: bool,
}

pub(crate) fn conclude(mut evidence: Evidence) -> Verdict {
    let broken = evidence.judge();
    let Evidence { options, keys, walk, faults, findings, warnings, final_hash, .. } = evidence;
    let outcome = match &broken {
        None => Outcome::Valid,
        Some(Break { reason: Reason::Empty, .. }) => Outcome::Empty,
        Some(_) => Outcome::Broken,
    };
    let (findings, finding_counts) = findings.into_parts();
    Verdict {
        valid: outcome == Outcome::Valid,
        outcome,
        length: walk.length,
        status: walk.status,
        chain_id: walk.chain_id.or(options.expected_chain_id),
        broken_at: broken.as_ref().and_then(|broken| broken.at),
        reason: broken.as_ref().map(|broken| broken.reason),
        error: broken.and_then(|broken| broken.error),
        response_hash_note: (walk.body_missing && !faults.chain_id_differs()).then_some(RESPONSE_HASH_NOTE),
        warnings,
        incomplete_tool_roundtrip: evidence.incomplete_tool_roundtrip,
        incomplete_session: walk.terminals_opened != walk.terminals_closed,
        findings,
        finding_counts,
        first_receipt_id: walk.first_receipt_id,
        final_hash,
        genesis_key: keys.first().map(|key| key.fingerprint()),
        final_key: keys.first().map(|_| keys.active().fingerprint()),
        rotations: keys.rotations(),
        integrity: Integrity {
            structure: faults.structure_sound(),
            keys: match keys.trust() {
                Trust::Trusted => true,
                Trust::Unconfirmed => !options.strict,
                Trust::Refused(_) => false,
            },
            keys_confirmed: keys.trust() == Trust::Trusted,
            ..walk.integrity
        },
    }
}

impl Evidence {
    /// Steps 6 to 10 of the reference, then what it does not know: trust in keys, and strictness.
    fn judge(&mut self) -> Option<Break> {
        if self.walk.length == 0 {
            return self.judge_empty();
        }
        self.faults
            .conclude()
            .or_else(|| self.wrong_body())
            .or_else(|| self.unmet_expectation())
            .or_else(|| self.untrusted_key())
            .or_else(|| self.strict_finding())
    }

    /// Nothing is only valid if nothing was asked for.
    fn judge_empty(&self) -> Option<Break> {
        let broken = |at, reason, error: String| Some(Break { at, reason, error: Some(error) });
        match self.options.expected_length {
            None => broken(None, Reason::Empty, "the chain has no receipts".into()),
            Some(0) if self.options.require_terminal => {
                broken(None, Reason::NotTerminal, NOT_TERMINAL.into())
            }
            Some(0) => match &self.options.expected_final_hash {
                Some(hash) => broken(
                    None,
                    Reason::FinalHashMismatch,
                    format!("final receipt hash mismatch: expected {}, got no receipt", plain(hash)),
                ),
                None => None,
            },
            Some(expected) => broken(Some(0), Reason::LengthMismatch, wrong_length(expected, 0)),
        }
    }

    fn wrong_body(&mut self) -> Option<Break> {
        let (index, text) = self.walk.wrong_body.take()?;
        Some(Break { at: Some(index), reason: Reason::ResponseHashMismatch, error: Some(text) })
    }

    fn unmet_expectation(&self) -> Option<Break> {
        let length = self.walk.length;
        let last = length - 1;
        let broken = |reason, error| Some(Break { at: Some(last), reason, error: Some(error) });
        if let Some(expected) = self.options.expected_length.filter(|expected| *expected != length) {
            return broken(Reason::LengthMismatch, wrong_length(expected, length));
        }
        let actual = self.final_hash.map(|hash| hash.to_string()).unwrap_or_default();
        if let Some(expected) = self.options.expected_final_hash.as_deref().filter(|hash| *hash != actual) {
            let expected = plain(expected);
            return broken(
                Reason::FinalHashMismatch,
                format!("final receipt hash mismatch at index {last}: expected {expected}, got {actual}"),
            );
        }
        if self.options.require_terminal && self.walk.status == Status::Unknown {
            return broken(Reason::NotTerminal, NOT_TERMINAL.into());
        }
        None
    }

    fn untrusted_key(&mut self) -> Option<Break> {
        let broken =
            |error: &str| Some(Break { at: None, reason: Reason::KeyNotTrusted, error: Some(error.into()) });
        match self.keys.trust() {
            Trust::Trusted => None,
            Trust::Refused(error) => broken(error),
            Trust::Unconfirmed => {
                let last = self.walk.length - 1;
                self.findings.add(Code::RotationUnconfirmed, last, || UNCONFIRMED.into());
                if self.options.strict { broken(UNCONFIRMED) } else { None }
            }
        }
    }

    fn strict_finding(&self) -> Option<Break> {
        let finding = self.findings.first_error().filter(|_| self.options.strict)?;
        let error = format!("{} at index {}: {}", finding.code, finding.index, finding.message);
        Some(Break { at: Some(finding.index), reason: Reason::StrictFinding, error: Some(error) })
    }
}

fn wrong_length(expected: u64, actual: u64) -> String {
    format!("expected chain length does not match: expected {expected}, got {actual}")
}

const NOT_TERMINAL: &str = "require_terminal: last receipt does not have chain.terminal: true";
const RESPONSE_HASH_NOTE: &str = "response_hash present in one or more receipts; response body not supplied — hash cannot be verified offline";
const UNCONFIRMED: &str =
    "the rotation to the published key is not confirmed: the published key has signed nothing yet";
