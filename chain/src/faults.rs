//! What broke a chain first, and which of several faults is told.

use serde::Serialize;

/// Why a chain is not valid, machine-readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A receipt cannot be read.
    Unreadable,
    /// A signature is missing, malformed or not the active key's.
    BadSignature,
    /// A receipt does not link to its predecessor.
    BadHashLink,
    /// A sequence number is not its predecessor's plus one.
    BadSequence,
    /// A key rotation contradicts itself or the active key.
    InvalidRotation,
    /// `chain.status` is unknown, or stands on a receipt that is not terminal.
    InvalidStatus,
    /// A trusted timestamp proves nothing, and was to be checked.
    InvalidTimestamp,
    /// A receipt belongs to another chain.
    ChainIdMismatch,
    /// A receipt follows the end of the chain.
    ReceiptAfterTerminal,
    /// A supplied response body is not the one that was hashed.
    ResponseHashMismatch,
    /// The chain is not as long as was asked.
    LengthMismatch,
    /// The chain does not end in the hash that was asked.
    FinalHashMismatch,
    /// The chain has no end although that was asked.
    NotTerminal,
    /// The chain's key is not vouched for by the published key.
    KeyNotTrusted,
    /// A finding of level error, under strict rules.
    StrictFinding,
    /// There is no receipt.
    Empty,
}

/// A fault at a receipt.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) index: u64,
    pub(crate) reason: Reason,
    pub(crate) text: String,
}

/// The faults that the walk along a chain can meet; of each kind the first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    signature: Option<Fault>,
    rotation: Option<Fault>,
    link: Option<Fault>,
    status: Option<Fault>,
    timestamp: Option<Fault>,
    chain_id: Option<Fault>,
    after_terminal: Option<u64>,
    broken: Option<(u64, Reason)>,
}

/// What the faults of a walk come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Break {
    pub(crate) at: Option<u64>,
    pub(crate) reason: Reason,
    pub(crate) error: Option<String>,
}

impl Faults {
    /// A signature that could not be checked at all, as opposed to one that is wrong.
    pub(crate) fn signature(&mut self, index: u64, reason: Reason, text: String) {
        self.signature.get_or_insert(Fault { index, reason, text });
    }

    pub(crate) fn rotation(&mut self, index: u64, text: String) {
        self.rotation.get_or_insert(Fault { index, reason: Reason::InvalidRotation, text });
    }

    pub(crate) fn link(&mut self, index: u64, text: String) {
        self.link.get_or_insert(Fault { index, reason: Reason::BadHashLink, text });
    }

    pub(crate) fn status(&mut self, index: u64, text: String) {
        self.status.get_or_insert(Fault { index, reason: Reason::InvalidStatus, text });
    }

    pub(crate) fn timestamp(&mut self, index: u64, text: String) {
        self.timestamp.get_or_insert(Fault { index, reason: Reason::InvalidTimestamp, text });
    }

    pub(crate) fn chain_id(&mut self, index: u64, text: String) {
        self.chain_id.get_or_insert(Fault { index, reason: Reason::ChainIdMismatch, text });
    }

    /// A receipt follows the terminal one at `terminal`.
    pub(crate) fn after_terminal(&mut self, terminal: u64) {
        self.after_terminal.get_or_insert(terminal);
    }

    /// The chain is broken at `index`, if it was not before.
    pub(crate) fn broken(&mut self, index: u64, reason: Reason) {
        self.broken.get_or_insert((index, reason));
    }

    /// Whether anything is wrong so far.
    pub(crate) fn any(&self) -> bool {
        self.broken.is_some() || self.chain_id.is_some() || self.after_terminal.is_some()
    }

    /// Whether the structure of the chain (its id, its end, its status, its rotations) is sound.
    pub(crate) fn structure_sound(&self) -> bool {
        self.chain_id.is_none()
            && self.after_terminal.is_none()
            && self.status.is_none()
            && self.rotation.is_none()
    }

    pub(crate) fn chain_id_differs(&self) -> bool {
        self.chain_id.is_some()
    }

    /// Picks as the reference does: a foreign chain id before all; then a receipt after the end, unless an earlier
    /// fault is told; of the others the one with the smallest index, signature before rotation before link before
    /// status before timestamp.
    pub(crate) fn conclude(&self) -> Option<Break> {
        if let Some(fault) = &self.chain_id {
            return Some(Break {
                at: Some(fault.index),
                reason: fault.reason,
                error: Some(fault.text.clone()),
            });
        }
        // Of equal indices the first in this list is told.
        let told = [&self.signature, &self.rotation, &self.link, &self.status, &self.timestamp]
            .into_iter()
            .flatten()
            .min_by_key(|fault| fault.index);
        if let Some(terminal) = self.after_terminal {
            let next = terminal + 1;
            let (at, reason) = match self.broken {
                Some((at, reason)) if at <= next => (at, reason),
                _ => (next, Reason::ReceiptAfterTerminal),
            };
            let error = match told {
                Some(fault) if fault.index <= next => fault.text.clone(),
                _ => format!(
                    "receipt after terminal: receipt at index {next} follows a terminal receipt at index {terminal}"
                ),
            };
            return Some(Break { at: Some(at), reason, error: Some(error) });
        }
        let (at, reason) = self.broken?;
        Some(Break { at: Some(at), reason, error: told.map(|fault| fault.text.clone()) })
    }
}
