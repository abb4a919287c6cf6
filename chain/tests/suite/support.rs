//! Writes signed chains, sound ones and others.

use agent_receipts_chain::{ChainVerifier, Genesis, Options, Step, Verdict};
use agent_receipts_core::{
    Action, CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, ChainPosition, CredentialSubject, Delegation, Delegator,
    Draft, Issuer, KeyRotation, Outcome, PeerCredential, Principal, PublicKey, Receipt, ReceiptHash,
    Signature, Signer, Timestamp, Version,
};
use ring::signature::{Ed25519KeyPair, KeyPair};

/// A key pair that is the same in every run.
pub(crate) struct Key(Ed25519KeyPair);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }
}

impl Signer for Key {
    type Error = std::convert::Infallible;

    fn sign(&self, message: &[u8]) -> Result<Signature, Self::Error> {
        Ok(Signature::from_bytes(self.0.sign(message).as_ref().try_into().unwrap()))
    }
}

/// A chain in the making.
pub(crate) struct Chain {
    pub(crate) id: String,
    pub(crate) texts: Vec<Vec<u8>>,
    pub(crate) hashes: Vec<ReceiptHash>,
}

impl Chain {
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), texts: Vec::new(), hashes: Vec::new() }
    }

    /// `count` sound receipts.
    pub(crate) fn of(id: &str, key: &Key, count: usize) -> Self {
        let mut chain = Self::new(id);
        chain.grow(key, count);
        chain
    }

    pub(crate) fn grow(&mut self, key: &Key, count: usize) -> &mut Self {
        for _ in 0..count {
            self.add(key, |_| {});
        }
        self
    }

    /// The next receipt as `edit` changes it, signed.
    pub(crate) fn add(&mut self, key: &Key, edit: impl FnOnce(&mut Receipt)) -> &mut Self {
        let mut receipt = self.next();
        edit(&mut receipt);
        self.sign(key, receipt)
    }

    pub(crate) fn rotate(&mut self, old: &Key, new: &Key) -> &mut Self {
        let rotation = rotation(&old.public(), &new.public());
        self.add(old, |receipt| {
            receipt.subject.action.kind = "agent.key.rotate".into();
            receipt.subject.action.peer_credential = None;
            receipt.subject.key_rotation = Some(rotation);
        })
    }

    pub(crate) fn terminate(&mut self, key: &Key, status: Option<&str>) -> &mut Self {
        self.add(key, |receipt| {
            receipt.subject.action.peer_credential = None;
            receipt.subject.chain.terminal = Some(true);
            receipt.subject.chain.status = status.map(str::to_owned);
        })
    }

    pub(crate) fn sign(&mut self, key: &Key, receipt: Receipt) -> &mut Self {
        let draft = Draft::new(receipt);
        self.hashes.push(draft.hash());
        self.texts.push(draft.sign(key, "2026-11-22T04:20:52Z", "did:test#k1").unwrap());
        self
    }

    /// A sound next receipt, unsigned.
    pub(crate) fn next(&self) -> Receipt {
        let n = self.texts.len() as u64;
        let tail = &ReceiptHash::of(self.id.as_bytes()).to_string()[7..19];
        let time = Timestamp::from_unix(1_800_000_000 + n as i64, 0).unwrap().to_rfc3339();
        let delegation = self.id.split_once("/agent/").filter(|_| n == 0).map(|(parent, _)| Delegation {
            parent_chain_id: parent.to_owned(),
            parent_receipt_id: "urn:receipt:00000000-0000-7000-8000-000000000000".into(),
            delegator: Delegator { id: "did:test".into(), ..Default::default() },
            ..Default::default()
        });
        Receipt {
            context: vec![CREDENTIALS_CONTEXT.into(), Version::V0_5_0.context().into()],
            id: format!("urn:receipt:{n:08x}-0000-7000-8000-{tail}"),
            types: CREDENTIAL_TYPES.map(str::to_owned).to_vec(),
            version: "0.5.0".into(),
            issuer: Issuer { id: "did:test".into(), ..Default::default() },
            issuance_date: time.clone(),
            subject: CredentialSubject {
                principal: Principal { id: "did:user:test".into(), ..Default::default() },
                action: Action {
                    id: format!("act_{n:08x}-0000-7000-8000-{tail}"),
                    kind: "sdk.t".into(),
                    tool_name: Some("t".into()),
                    risk_level: "medium".into(),
                    peer_credential: Some(PeerCredential {
                        platform: "linux".into(),
                        pid: 4711,
                        uid: Some(1000),
                        gid: Some(1000),
                        exe_path: Some("/usr/bin/agent".into()),
                        ..Default::default()
                    }),
                    timestamp: time,
                    ..Default::default()
                },
                outcome: Outcome { status: "success".into(), ..Default::default() },
                chain: ChainPosition {
                    sequence: n + 1,
                    previous_receipt_hash: self.hashes.last().map(ReceiptHash::to_string),
                    chain_id: self.id.clone(),
                    ..Default::default()
                },
                delegation,
                ..Default::default()
            },
            ..Default::default()
        }
    }
}

pub(crate) fn rotation(old: &PublicKey, new: &PublicKey) -> KeyRotation {
    KeyRotation {
        event_type: "key_rotated".into(),
        new_public_key: new.to_multibase(),
        old_key_fingerprint: old.fingerprint().to_string(),
        new_key_fingerprint: new.fingerprint().to_string(),
        old_algorithm: "ed25519".into(),
        new_algorithm: "ed25519".into(),
        signed_with: "old".into(),
        ..Default::default()
    }
}

pub(crate) fn verify(texts: &[Vec<u8>], genesis: impl Into<Genesis>) -> Verdict {
    verify_with(texts, genesis, Options::default()).0
}

pub(crate) fn verify_with(
    texts: &[Vec<u8>],
    genesis: impl Into<Genesis>,
    options: Options,
) -> (Verdict, Vec<Step>) {
    let mut verifier = ChainVerifier::new(genesis, options);
    let steps = texts.iter().map(|text| verifier.push_json(text)).collect();
    (verifier.finish(), steps)
}

/// The codes of the findings, in order.
pub(crate) fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[track_caller]
pub(crate) fn assert_valid(verdict: &Verdict) {
    assert!(verdict.valid, "{verdict:?}");
    assert_eq!((verdict.broken_at, &verdict.error), (None, &None));
}

#[track_caller]
pub(crate) fn assert_broken(
    verdict: &Verdict,
    at: impl Into<Option<u64>>,
    error: impl Into<Option<&'static str>>,
) {
    assert!(!verdict.valid, "{verdict:?}");
    assert_eq!((verdict.broken_at, verdict.error.as_deref()), (at.into(), error.into()), "{verdict:?}");
}
