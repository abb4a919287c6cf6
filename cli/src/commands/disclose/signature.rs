//! Whether what is about to be opened is what the daemon signed.

use agent_receipts_chain::Outcome;
use agent_receipts_store::Row;

use super::super::Context;
use crate::args::{KnownKeysArgs, TrustArgs};
use crate::failure::Failure;
use crate::sources::Source;
use crate::verification::{Trust, one_of};

/// What is known of a receipt's signature. Anybody can seal something to a public key.
pub(super) enum Signature {
    /// A key that the published key vouches for made it; `note` says what is wrong elsewhere.
    Valid { note: Option<String> },
    /// It does not hold.
    Invalid { reason: String },
    /// There is no published key to hold it against.
    Unchecked { reason: String },
}

/// The keys that are trusted. Without a published key, unless one was named, there are none, which is no failure: whoever is given the
/// private key may not have been given the other one.
pub(super) fn trust_of(
    args: &TrustArgs,
    known: &KnownKeysArgs,
    context: &Context,
) -> Result<Result<Trust, String>, Failure> {
    let public_key = context.settings.public_key(args.public_key.as_deref(), None)?;
    match Trust::load(&public_key, &known.trust_keys) {
        Ok(trust) => Ok(Ok(trust)),
        Err(error) if args.public_key.is_none() && known.trust_keys.is_empty() => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Judges the receipt within its whole chain, as `verify-event` does, where it stands: in source `at`.
pub(super) fn judge(
    row: &Row,
    trust: Result<Trust, String>,
    sources: Vec<Source>,
    at: usize,
) -> Result<Signature, Failure> {
    let trust = match trust {
        Ok(trust) => trust,
        Err(reason) => return Ok(Signature::Unchecked { reason }),
    };
    let mut verification = one_of(sources, at, &trust)?;
    let (report, witnesses) = verification.chain_with(&row.chain_id, |other| other == row)?;
    let Some(witness) = witnesses.first() else {
        let reason = "it cannot be read, or was changed while it was being read".to_owned();
        return Ok(Signature::Invalid { reason });
    };
    let verdict = &report.verdict;
    if !witness.step.signature_valid {
        return Ok(Signature::Invalid { reason: "it is not that of the chain's key".to_owned() });
    }
    if !verdict.integrity.keys {
        let reason = "the published key does not vouch for the key that made it".to_owned();
        return Ok(Signature::Invalid { reason });
    }
    if let Some(altered) = &witness.altered {
        return Ok(Signature::Invalid {
            reason: format!("the database files another receipt here: {}", altered.message),
        });
    }
    let note = (verdict.outcome != Outcome::Valid)
        .then(|| "its chain is BROKEN elsewhere: see `agent-receipts verify`".to_owned());
    Ok(Signature::Valid { note })
}
