//! What can be said of one receipt: six checks, and what they come to.

use std::str::FromStr;

use agent_receipts_core::{PeerCredential, Receipt, Version};
use serde::Serialize;

use crate::text::{plain, quoted};
use crate::verdict::{Step, Verdict};

/// The names of the checks, in their order.
pub const EVENT_CHECKS: [&str; 6] =
    ["signature", "hash linkage", "peer credential", "emitter identity", "schema version", "chain context"];

/// How one check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum CheckStatus {
    /// It holds.
    #[serde(rename = "pass")]
    Pass,
    /// It does not.
    #[serde(rename = "fail")]
    Fail,
    /// It is not as expected, which proves nothing.
    #[serde(rename = "warn")]
    Warn,
    /// There is nothing to check.
    #[serde(rename = "n/a")]
    NotApplicable,
}

/// One check and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// One of [`EVENT_CHECKS`], or a further one.
    pub name: &'static str,
    /// How it went.
    pub status: CheckStatus,
    /// For people.
    pub detail: String,
}

/// What the six checks come to. The words are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum EventVerdict {
    /// Genuine, and a kernel-attested process stands behind it. Exit code 0.
    #[serde(rename = "verified_provenance_confirmed")]
    ProvenanceConfirmed,
    /// Genuine, and nothing attests where it came from: a terminator, a rotation, an unknown platform; or its key
    /// waits to be confirmed. Exit code 3.
    #[serde(rename = "verified_no_provenance_evidence")]
    NoProvenanceEvidence,
    /// At least one check failed: suspect. Exit code 1.
    #[serde(rename = "failed")]
    Failed,
}

/// The judgement of one receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventJudgement {
    /// The receipt.
    pub receipt_id: String,
    /// Its chain.
    pub chain_id: String,
    /// Its place there.
    pub sequence: u64,
    /// The checks, in the order of [`EVENT_CHECKS`]; whoever knows more of a receipt may put further ones behind them.
    pub checks: Vec<Check>,
    /// What they come to.
    pub verdict: EventVerdict,
}

/// Judges one receipt from its [`Step`] and the [`Verdict`] over the *whole* chain it stands in, whose keys were
/// resolved as for any chain: a receipt from before a rotation is as good as one from after it.
///
/// `allowlist` holds paths of executables that are expected to emit; empty means that none is preferred.
pub fn judge_event(receipt: &Receipt, step: &Step, chain: &Verdict, allowlist: &[String]) -> EventJudgement {
    let peer = receipt.subject.action.peer_credential.as_ref();
    let results = [
        signature(step, chain),
        linkage(step, chain),
        peer_credential(peer),
        emitter_identity(peer, allowlist),
        schema_version(&receipt.version),
        chain_context(receipt, chain),
    ];
    let verdict = match (&results, results.iter().any(|(status, _)| *status == CheckStatus::Fail)) {
        (_, true) => EventVerdict::Failed,
        ([(CheckStatus::Pass, _), _, (CheckStatus::Pass, _), ..], false) => EventVerdict::ProvenanceConfirmed,
        _ => EventVerdict::NoProvenanceEvidence,
    };
    let mut names = EVENT_CHECKS.into_iter();
    EventJudgement {
        receipt_id: receipt.id.clone(),
        chain_id: receipt.subject.chain.chain_id.clone(),
        sequence: receipt.subject.chain.sequence,
        checks: results
            .into_iter()
            .map(|(status, detail)| Check { name: names.next().unwrap_or_default(), status, detail })
            .collect(),
        verdict,
    }
}

type Judged = (CheckStatus, String);

fn pass_or_fail(holds: bool, pass: &str, fail: &str) -> Judged {
    if holds { (CheckStatus::Pass, pass.into()) } else { (CheckStatus::Fail, fail.into()) }
}

fn signature(step: &Step, chain: &Verdict) -> Judged {
    if !chain.integrity.keys {
        let error = chain.error.clone().unwrap_or_default();
        return (
            CheckStatus::Fail,
            format!("signed by a key that the published key does not vouch for: {error}"),
        );
    }
    if step.signature_valid && !chain.integrity.keys_confirmed {
        return (CheckStatus::Warn, "signed by a key that the published key has not confirmed yet".into());
    }
    pass_or_fail(step.signature_valid, "signed by the chain's key", "not signed by the chain's key")
}

/// The links of the whole chain: a receipt in a broken chain may have been moved there.
fn linkage(step: &Step, chain: &Verdict) -> Judged {
    let own = step.hash_link_valid && step.sequence_valid;
    let whole = chain.integrity.links && chain.integrity.sequences && chain.integrity.readable;
    match own {
        true => {
            pass_or_fail(whole, "every link of the chain holds", "a link elsewhere in the chain is broken")
        }
        false => (CheckStatus::Fail, "the receipt does not link to its predecessor".into()),
    }
}

fn peer_credential(peer: Option<&PeerCredential>) -> Judged {
    match peer {
        None => (CheckStatus::NotApplicable, "the receipt carries none".into()),
        Some(peer) if !matches!(peer.platform.as_str(), "linux" | "darwin") => {
            (CheckStatus::NotApplicable, format!("platform {} is not known", quoted(&peer.platform)))
        }
        Some(peer) if peer.pid == 0 => (CheckStatus::Fail, "pid 0 is no process that could emit".into()),
        Some(peer) if peer.uid.is_none() => (CheckStatus::Warn, format!("pid {}, no user id", peer.pid)),
        Some(peer) => {
            let uid = peer.uid.unwrap_or_default();
            (CheckStatus::Pass, format!("pid {}, uid {uid} on {}", peer.pid, peer.platform))
        }
    }
}

fn emitter_identity(peer: Option<&PeerCredential>, allowlist: &[String]) -> Judged {
    if allowlist.is_empty() {
        return (CheckStatus::NotApplicable, "no emitters were named".into());
    }
    match peer.and_then(|peer| peer.exe_path.as_deref()) {
        None => (CheckStatus::Warn, "the executable is not known".into()),
        Some(path) if allowlist.iter().any(|allowed| allowed == path) => (CheckStatus::Pass, plain(path)),
        Some(path) => (CheckStatus::Warn, format!("{} is not among the named emitters", plain(path))),
    }
}

/// The same major number means that we know what the members mean.
fn schema_version(version: &str) -> Judged {
    let major = |version: &str| version.split_once('.').and_then(|(major, _)| major.parse::<u32>().ok());
    match Version::from_str(version) {
        Ok(version) => (CheckStatus::Pass, version.to_string()),
        Err(_) if major(version) == major(Version::default().as_str()) => {
            (CheckStatus::Warn, format!("{} is newer than this verifier", plain(version)))
        }
        Err(_) => (CheckStatus::Fail, format!("{} is not known", quoted(version))),
    }
}

fn chain_context(receipt: &Receipt, chain: &Verdict) -> Judged {
    if chain.length == 0 {
        return (CheckStatus::Fail, "the chain has no receipts".into());
    }
    if chain.chain_id.as_deref() != Some(receipt.subject.chain.chain_id.as_str()) {
        return (CheckStatus::Fail, "the receipt names another chain".into());
    }
    if !chain.integrity.structure {
        return (CheckStatus::Fail, chain.error.clone().unwrap_or_else(|| "the chain is malformed".into()));
    }
    (CheckStatus::Pass, format!("{} receipts, {}", chain.length, chain.status.as_str()))
}
