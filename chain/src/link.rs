//! To what the next receipt may link.

use agent_receipts_core::{Form, ReceiptHash, Received, SignatureError, Verified};

/// How a receipt names its predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// By the hash under which the predecessor's signature holds.
    Exact,
    /// By the hash of the predecessor with other nulls left out: the SDKs differ in this (specification §5.1).
    OtherForm,
    /// Not at all.
    Broken,
}

/// A receipt to which the next one links.
#[derive(Debug)]
pub(crate) struct Anchor {
    received: Received,
    hash: ReceiptHash,
}

impl Anchor {
    pub(crate) fn new(received: Received, signature: &Result<Verified, SignatureError>) -> Self {
        let hash = signature.as_ref().map_or_else(|_| received.hash(), |verified| verified.hash);
        Self { received, hash }
    }

    /// The hash of the form that is signed, or of the received one where no signature holds.
    pub(crate) fn hash(&self) -> ReceiptHash {
        self.hash
    }

    pub(crate) fn received(&self) -> &Received {
        &self.received
    }

    /// Judges the `previous_receipt_hash` of the next receipt.
    pub(crate) fn judge(&self, previous: Option<&str>) -> Link {
        match previous.map(str::parse::<ReceiptHash>) {
            Some(Ok(previous)) => self.matches(&previous),
            Some(Err(_)) | None => Link::Broken,
        }
    }

    /// Whether `hash` is a hash of this receipt.
    pub(crate) fn matches(&self, hash: &ReceiptHash) -> Link {
        if *hash == self.hash {
            return Link::Exact;
        }
        let forms = [Form::Received, Form::NullsLeftOut, Form::AllNullsLeftOut];
        match forms.into_iter().any(|form| self.received.hash_as(form) == *hash) {
            true => Link::OtherForm,
            false => Link::Broken,
        }
    }
}
