//! What strangers signed of a checkpoint: a time-stamp authority that it existed at a time, a witness that it saw it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use agent_receipts_chain::KeyRing;
use agent_receipts_chain::audit::{AuditFindingKind, is_vouched_for};
use agent_receipts_chain::checkpoint::{CosignatureError, SignedCheckpoint, WitnessKey};
use agent_receipts_core::{ReceiptHash, Timestamp};
use agent_receipts_timestamp::{Options, TrustedCertificates, token_of_response, verify_token};
use serde::Serialize;

/// Whom a verifier believes besides the log's own keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangers {
    /// Certificates of time-stamp authorities; without them no token is judged.
    pub(crate) authorities: Option<TrustedCertificates>,
    /// Witnesses; cosignatures of others are not judged.
    pub(crate) witnesses: Vec<WitnessKey>,
}

/// What strangers' signatures were worth.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Attestations {
    pub(super) time_stamps: Attested,
    /// By the witness's name.
    pub(super) witnesses: BTreeMap<String, Attested>,
    /// Signatures below checkpoints by others than the log and the witnesses that were named.
    pub(super) cosignatures_not_judged: u64,
}

/// Of one kind, or of one witness.
#[derive(Debug, Default, Serialize)]
pub(super) struct Attested {
    /// How many checkpoints have one that holds.
    pub(super) held: u64,
    /// How many there were that nobody was named for to judge them by.
    pub(super) not_judged: u64,
    /// The largest checkpoint that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<Newest>,
}

/// A checkpoint that a stranger saw.
#[derive(Debug, Serialize)]
pub(super) struct Newest {
    /// How many receipts it is over.
    pub(super) size: u64,
    /// When the stranger saw it, RFC 3339.
    pub(super) time: String,
    /// The subject of an authority's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signer: Option<String>,
}

impl Attested {
    fn holds(&mut self, newest: Newest) {
        self.held += 1;
        if self.newest.as_ref().is_none_or(|known| known.size <= newest.size) {
            self.newest = Some(newest);
        }
    }
}

/// Judges what stands below and beside checkpoints, as they are read.
pub(super) struct Judge<'a> {
    strangers: &'a Strangers,
    ring: &'a KeyRing,
    attestations: Attestations,
}

impl<'a> Judge<'a> {
    pub(super) fn new(strangers: &'a Strangers, ring: &'a KeyRing) -> Self {
        let witnesses = strangers.witnesses.iter().map(|key| (key.name.to_string(), Attested::default()));
        let attestations = Attestations { witnesses: witnesses.collect(), ..Attestations::default() };
        Self { strangers, ring, attestations }
    }

    /// The signatures below a checkpoint. What stands below one that nobody vouches for is worth nothing: that is found elsewhere.
    pub(super) fn signatures(&mut self, signed: &SignedCheckpoint) -> Vec<AuditFindingKind> {
        if !is_vouched_for(signed, self.ring) {
            return Vec::new();
        }
        let said = signed.checkpoint();
        let mut found = Vec::new();
        for witness in &self.strangers.witnesses {
            match witness.cosignature(signed.note()) {
                Ok(cosignature) => {
                    let newest = Newest { size: said.size, time: time_of(cosignature.time), signer: None };
                    self.attestations.witnesses.entry(witness.name.to_string()).or_default().holds(newest);
                }
                // A sink that is no witness keeps none.
                Err(CosignatureError::Missing(_)) => {}
                Err(_) => found.push(AuditFindingKind::CosignatureFails {
                    signed: said.size,
                    witness: witness.name.to_string(),
                }),
            }
        }
        let others = signed.note().signatures().iter().filter(|signature| {
            signature.name != said.origin
                && !self.strangers.witnesses.iter().any(|witness| witness.is_named_by(signature))
        });
        self.attestations.cosignatures_not_judged += others.count() as u64;
        found
    }

    /// The time stamp in the file beside a note, whose bytes are these.
    pub(super) fn time_stamp(
        &mut self,
        note: &[u8],
        signed: &SignedCheckpoint,
        path: &Path,
    ) -> io::Result<Option<AuditFindingKind>> {
        let answer = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(about) if about.is_file() => {
                let mut answer = Vec::new();
                File::open(path)?.take(MAX_ANSWER).read_to_end(&mut answer)?;
                Some(answer)
            }
            Ok(_) => None,
        };
        let time_stamps = &mut self.attestations.time_stamps;
        let Some(authorities) = &self.strangers.authorities else {
            time_stamps.not_judged += 1;
            return Ok(None);
        };
        if !is_vouched_for(signed, self.ring) {
            return Ok(None);
        }
        let size = signed.checkpoint().size;
        let judged = match answer {
            Some(answer) => judge(&answer, note, size, authorities),
            None => Err("it is no file".to_owned()),
        };
        Ok(match judged {
            Ok(newest) => {
                time_stamps.holds(newest);
                None
            }
            Err(reason) => Some(AuditFindingKind::TimeStampFails { signed: size, reason }),
        })
    }

    /// What came of it, and what is missing of what was asked for.
    pub(super) fn finish(self) -> (Attestations, Vec<AuditFindingKind>) {
        let never = self.attestations.witnesses.iter().filter(|(_, attested)| attested.held == 0);
        let never = never.map(|(witness, _)| AuditFindingKind::NeverCosigned { witness: witness.clone() });
        let never = never.collect();
        (self.attestations, never)
    }
}

/// The token in an authority's answer, held against the bytes of the note.
fn judge(answer: &[u8], note: &[u8], size: u64, authorities: &TrustedCertificates) -> Result<Newest, String> {
    let token = token_of_response(answer).map_err(|error| error.to_string())?;
    // The nonce was held against the request when the answer came; it says nothing later.
    let stamp = verify_token(token, ReceiptHash::of(note).as_bytes(), authorities, &Options::default())
        .map_err(|error| error.to_string())?;
    Ok(Newest { size, time: stamp.time.to_string(), signer: Some(stamp.signer) })
}

fn time_of(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_unix(seconds, 0));
    time.map_or_else(|| format!("{seconds} seconds after 1970"), |time| time.to_rfc3339())
}

/// Bytes; more than the longest answer, which is then said to be too long.
const MAX_ANSWER: u64 = 128 << 10;
