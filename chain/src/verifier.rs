//! Verification of one chain, receipt by receipt.

use agent_receipts_core::json::Value;
use agent_receipts_core::{ChainPosition, DecodeError, PublicKey, Receipt, ReceiptHash, Received, payload};

use crate::conclusion::{self, Walk};
use crate::continuity::Continuity;
use crate::duplicates::{IdempotencyKeys, Seen};
use crate::examine::{Examined, examine};
use crate::faults::{Faults, Reason};
use crate::finding::{Code, Findings};
use crate::key_path::KeyPath;
use crate::key_ring::Genesis;
use crate::link::{Anchor, Link};
use crate::options::Options;
use crate::reference_text::signature_error;
use crate::rotation::incoming_key;
use crate::text::{plain, quoted};
use crate::verdict::{Integrity, Status, Step, Verdict};

/// Where response bodies are looked up, by receipt id.
type Bodies = Box<dyn Fn(&str) -> Option<Value> + Send>;

/// Verifies a chain in bounded memory: give it the receipts in order, then ask for the verdict.
///
/// The verdict is the reference's (`VerifyChain`), with its precedence of errors and its words; what the reference
/// does not check becomes a [`Finding`](crate::Finding). Two differences, both towards refusal: an empty chain is not
/// valid, and a receipt that cannot be read breaks the chain where it stands instead of ending the run.
///
/// What it cannot see: receipts missing at the end, unless the length or the final hash is asked for.
pub struct ChainVerifier {
    options: Options,
    bodies: Option<Bodies>,
    keys: KeyPath,
    previous: Previous,
    walk: Walk,
    faults: Faults,
    findings: Findings,
    continuity: Continuity,
    idempotency_keys: IdempotencyKeys,
    idempotency_overlooked: bool,
    rotated: bool,
}

/// What stands before the next receipt.
enum Previous {
    Nothing,
    Receipt(Box<Anchor>),
    Unreadable(String),
}

impl ChainVerifier {
    /// A verifier for one chain that starts from `genesis`: a [`PublicKey`] or a [`KeyRing`](crate::KeyRing).
    pub fn new(genesis: impl Into<Genesis>, options: Options) -> Self {
        Self {
            options,
            bodies: None,
            keys: KeyPath::new(genesis.into()),
            previous: Previous::Nothing,
            walk: Walk::default(),
            faults: Faults::default(),
            findings: Findings::default(),
            continuity: Continuity::default(),
            idempotency_keys: IdempotencyKeys::default(),
            idempotency_overlooked: false,
            rotated: false,
        }
    }

    /// Compares `response_hash` with the redacted response bodies that `bodies` gives for receipt ids.
    pub fn with_response_bodies(mut self, bodies: impl Fn(&str) -> Option<Value> + Send + 'static) -> Self {
        self.bodies = Some(Box::new(bodies));
        self
    }

    /// The key that the next receipt must be signed with, as far as is known: a guess for [`examine`].
    pub fn active_key(&self) -> PublicKey {
        self.keys.active()
    }

    /// Whether anything is wrong so far; a caller who only wants yes or no can stop here.
    pub fn is_broken(&self) -> bool {
        self.faults.any()
    }

    /// Takes the text of the next receipt.
    pub fn push_json(&mut self, text: &[u8]) -> Step {
        self.push(Received::parse(text))
    }

    /// Takes the next receipt. One that could not be decoded breaks the chain there.
    pub fn push(&mut self, receipt: Result<Received, DecodeError>) -> Step {
        match receipt {
            Ok(received) => self.push_examined(examine(received, &self.active_key())),
            Err(error) => self.push_unreadable(&error),
        }
    }

    /// Takes a receipt that was examined before, perhaps on another core.
    pub fn push_examined(&mut self, examined: Examined) -> Step {
        let index = self.walk.begin();
        let signature = self.judge_signature(index, &examined);
        let Examined { received, remarks, .. } = examined;
        for (code, message) in remarks {
            self.findings.add(code, index, || message);
        }
        let receipt = received.receipt();
        let step = Step {
            index,
            receipt_id: receipt.id.clone(),
            signature_valid: signature.is_ok(),
            hash_link_valid: self.judge_link(index, &receipt.subject.chain),
            sequence_valid: self.walk.sequence_follows(receipt.subject.chain.sequence),
        };
        self.judge_status(index, &receipt.subject.chain);
        self.mark_broken(&step);
        self.judge_timestamp(index, &received);
        // Over a gap in the links nothing is confirmed: genuine receipts can be moved behind forged ones.
        if step.signature_valid && self.walk.integrity.links {
            self.keys.confirm();
        }
        self.continuity.observe(index, receipt, self.rotated, self.options.now, &mut self.findings);
        self.rotated = false;
        self.follow_rotation(index, receipt, step.signature_valid);
        self.judge_place(index, receipt);
        self.advise(index, receipt);
        self.previous = Previous::Receipt(Box::new(Anchor::new(received, &signature)));
        step
    }

    /// The verdict over what was given so far.
    pub fn finish(self) -> Verdict {
        let final_hash = match &self.previous {
            Previous::Receipt(anchor) => Some(anchor.hash()),
            Previous::Nothing | Previous::Unreadable(_) => None,
        };
        let incomplete_tool_roundtrip = match &self.previous {
            Previous::Receipt(anchor) => {
                let subject = &anchor.received().receipt().subject;
                subject.chain.terminal != Some(true) && subject.outcome.status == "pending"
            }
            Previous::Nothing | Previous::Unreadable(_) => false,
        };
        let warnings = self.idempotency_keys.into_warnings();
        conclusion::conclude(conclusion::Evidence {
            options: self.options,
            keys: self.keys,
            walk: self.walk,
            faults: self.faults,
            findings: self.findings,
            warnings,
            final_hash,
            incomplete_tool_roundtrip,
        })
    }

    /// Adds a finding of the caller's own about the receipt at `index`, such as [`Code::RowMismatch`] where receipts come
    /// from a database. `message` should hold no text that is not clipped and escaped; it is only called for a finding
    /// that is kept.
    pub fn remark(&mut self, code: Code, index: u64, message: impl FnOnce() -> String) {
        self.findings.add(code, index, message);
    }

    /// Whether `hash` is a hash of the last receipt, in one of its forms.
    pub fn last_is_known_as(&self, hash: &ReceiptHash) -> bool {
        matches!(&self.previous, Previous::Receipt(anchor) if anchor.matches(hash) != Link::Broken)
    }

    fn judge_signature(
        &mut self,
        index: u64,
        examined: &Examined,
    ) -> Result<agent_receipts_core::Verified, agent_receipts_core::SignatureError> {
        let judged = self.keys.judge(examined);
        if judged.handed_over {
            self.rotated = true;
            self.findings.add(Code::RotationInAnotherChain, index, || {
                "the key changes here by a rotation that stands in another chain".into()
            });
        }
        if let Err(error) = &judged.signature
            && let Some(text) = signature_error(&examined.received, error)
        {
            let text = format!("signature compute failed at index {index}: {text}");
            self.faults.signature(index, Reason::BadSignature, text);
        }
        judged.signature
    }

    fn judge_link(&mut self, index: u64, position: &ChainPosition) -> bool {
        let link = position.previous_receipt_hash.as_deref();
        match &self.previous {
            Previous::Nothing => link.is_none(),
            Previous::Unreadable(error) => {
                let text = format!("hash compute failed at index {}: {error}", index.saturating_sub(1));
                self.faults.link(index, text);
                false
            }
            Previous::Receipt(anchor) => {
                let link = anchor.judge(link);
                if link == Link::OtherForm {
                    self.findings.add(Code::LinkOverOtherForm, index, || {
                        "the link is the predecessor's hash with other nulls left out".into()
                    });
                }
                link != Link::Broken
            }
        }
    }

    fn judge_status(&mut self, index: u64, position: &ChainPosition) {
        // The reference drops an empty status like an absent one.
        let Some(status) = position.status.as_deref().filter(|status| !status.is_empty()) else { return };
        let text = if !matches!(status, "complete" | "interrupted") {
            let status = plain(status);
            format!(
                "invalid chain.status value at index {index}: {status} is not a valid wire value (spec §7.3.3)"
            )
        } else if position.terminal != Some(true) {
            format!("chain.status without chain.terminal: true at index {index} (spec §7.3.3)")
        } else {
            return;
        };
        self.faults.status(index, text);
        self.walk.status_faulty = true;
    }

    fn judge_timestamp(&mut self, index: u64, received: &Received) {
        if received.receipt().subject.action.trusted_timestamp.is_none() {
            return;
        }
        match self.options.timestamps.as_ref().map(|check| check.judge(received)) {
            None => {
                self.findings.add(Code::TrustedTimestampUnchecked, index, || "present, not checked".into())
            }
            Some(Ok(text)) => self.findings.add(Code::TrustedTimestampVerified, index, || plain(&text)),
            Some(Err(text)) => {
                let text = format!("trusted timestamp invalid at index {index}: {}", plain(&text));
                self.faults.timestamp(index, text);
                self.faults.broken(index, Reason::InvalidTimestamp);
            }
        }
    }

    fn mark_broken(&mut self, step: &Step) {
        let Integrity { signatures, links, sequences, .. } = &mut self.walk.integrity;
        *signatures &= step.signature_valid;
        *links &= step.hash_link_valid;
        *sequences &= step.sequence_valid;
        let status_holds = !std::mem::take(&mut self.walk.status_faulty);
        for (holds, reason) in [
            (step.signature_valid, Reason::BadSignature),
            (step.hash_link_valid, Reason::BadHashLink),
            (step.sequence_valid, Reason::BadSequence),
            (status_holds, Reason::InvalidStatus),
        ] {
            if !holds {
                self.faults.broken(step.index, reason);
            }
        }
    }

    fn follow_rotation(&mut self, index: u64, receipt: &Receipt, signature_valid: bool) {
        let Some(rotation) = &receipt.subject.key_rotation else { return };
        match incoming_key(rotation, &self.keys.active()) {
            Ok(key) if signature_valid => {
                self.keys.rotate(key);
                self.rotated = true;
            }
            // Not signed by the outgoing key: whoever wrote it has no say in which key comes next.
            Ok(_) => {}
            Err(error) => {
                self.faults.rotation(index, format!("key rotation invalid at index {index}: {error}"));
                self.faults.broken(index, Reason::InvalidRotation);
            }
        }
    }

    /// The chain that the receipt belongs to, and whether that chain had ended.
    fn judge_place(&mut self, index: u64, receipt: &Receipt) {
        let position = &receipt.subject.chain;
        let expected = self.walk.chain_id.get_or_insert_with(|| {
            self.options.expected_chain_id.clone().unwrap_or_else(|| position.chain_id.clone())
        });
        if *expected != position.chain_id {
            let (expected, found) = (quoted(expected), quoted(&position.chain_id));
            self.faults.chain_id(
                index,
                format!("chain_id mismatch at index {index}: expected {expected}, got {found}"),
            );
        }
        self.end_before(index);
        if position.terminal == Some(true) {
            self.walk.terminal_at.get_or_insert(index);
        }
        self.walk.status = match (position.terminal, position.status.as_deref()) {
            (Some(true), Some("interrupted")) => Status::Interrupted,
            (Some(true), _) => Status::Complete,
            _ => Status::Unknown,
        };
    }

    fn end_before(&mut self, index: u64) {
        if let Some(terminal) = self.walk.terminal_at.filter(|terminal| *terminal < index) {
            self.faults.after_terminal(terminal);
        }
    }

    /// What the reference only advises of.
    fn advise(&mut self, index: u64, receipt: &Receipt) {
        let subject = &receipt.subject;
        match subject.action.kind.as_str() {
            "system.pty.open" => self.walk.terminals_opened += 1,
            "system.pty.close" => self.walk.terminals_closed += 1,
            _ => {}
        }
        if let Some(key) = subject.action.idempotency_key.as_deref().filter(|key| !key.is_empty())
            && self.idempotency_keys.look(key, index) == Seen::WindowFull
            && !std::mem::replace(&mut self.idempotency_overlooked, true)
        {
            self.findings.add(Code::DuplicateWindowExceeded, index, || "idempotency keys".into());
        }
        if let Some(hash) = subject.outcome.response_hash.as_deref().filter(|hash| !hash.is_empty()) {
            self.compare_body(index, &receipt.id, hash);
        }
        self.walk.first_receipt_id.get_or_insert_with(|| receipt.id.clone());
    }

    fn compare_body(&mut self, index: u64, id: &str, hash: &str) {
        let Some(body) = self.bodies.as_ref().and_then(|bodies| bodies(id)) else {
            self.walk.body_missing = true;
            return;
        };
        let actual = payload::hash(&body);
        if actual != hash {
            let hash = plain(hash);
            let text = format!(
                "response_hash mismatch at index {index}: receipt has {hash}, body hashes to {actual}"
            );
            self.walk.wrong_body.get_or_insert((index, text));
        }
    }

    fn push_unreadable(&mut self, error: &DecodeError) -> Step {
        let index = self.walk.begin();
        let error = plain(&error.to_string());
        self.faults.signature(
            index,
            Reason::Unreadable,
            format!("receipt cannot be read at index {index}: {error}"),
        );
        if let Previous::Unreadable(before) = &self.previous {
            let text = format!("hash compute failed at index {}: {before}", index.saturating_sub(1));
            self.faults.link(index, text);
        }
        self.faults.broken(index, Reason::Unreadable);
        self.end_before(index);
        self.walk.skip_sequence();
        self.walk.status = Status::Unknown;
        self.walk.integrity = Integrity {
            readable: false,
            signatures: false,
            links: false,
            sequences: false,
            ..self.walk.integrity
        };
        self.previous = Previous::Unreadable(error);
        Step {
            index,
            receipt_id: String::new(),
            signature_valid: false,
            hash_link_valid: false,
            sequence_valid: false,
        }
    }
}
