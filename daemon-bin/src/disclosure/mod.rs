//! Sealing what the operator elected to the forensic key, on the connection's own thread (wire protocol §1.11).
//!
//! A receipt that cannot hold an envelope holds the hash alone: no event is lost over its disclosure. What stands in the
//! envelope reaches no log line, no error and no `Debug`, and the one buffer that we make of it is wiped. (The frame that it came
//! in, and the values that were decoded from it, are freed and not wiped.)

mod key;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use agent_receipts_core::disclosure::{ForensicPublicKey, Plaintext, SealError, seal};
use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::{RiskLevel, payload};
use zeroize::Zeroizing;

pub use key::ForensicKeyError;

use crate::config::{Config, DisclosurePolicy};
use crate::surroundings::{Seeds, Surroundings};

/// Reduces payloads to what receipts hold of them. One for all connections.
pub(crate) struct Discloser {
    parameters: DisclosurePolicy,
    responses: DisclosurePolicy,
    recipient: Option<Recipient>,
}

/// Whom envelopes are for, and what each takes its ephemeral key from.
struct Recipient {
    key: ForensicPublicKey,
    seeds: Seeds,
}

/// What is left of a payload.
pub(crate) struct Reduced {
    /// `sha256:<hex>` over the payload as it was sent.
    pub(crate) hash: String,
    /// The payload, sealed.
    pub(crate) envelope: Option<Object>,
}

/// Which payload of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Parameters,
    Response,
}

/// Why a payload that was elected is not disclosed. Says nothing of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undisclosed {
    #[error("{part} that should be disclosed is a json {found}, and only an object can be")]
    NotAnObject { part: Part, found: &'static str },
    #[error("{part} could not be sealed: {error}")]
    Seal { part: Part, error: SealError },
    #[error("{part} could not be sealed: the system gives no randomness")]
    NoRandomness { part: Part },
}

impl Discloser {
    /// Reads the key, if anything is to be disclosed, and sees that something can be sealed to it.
    pub(crate) fn open(config: &Config, surroundings: &Surroundings) -> Result<Self, ForensicKeyError> {
        let off = config.parameter_disclosure.is_off() && config.response_disclosure.is_off();
        let recipient = match &config.forensic_public_key {
            Some(path) if !off => {
                Some(Recipient { key: key::read(path)?, seeds: Arc::clone(&surroundings.seeds) })
            }
            _ => None,
        };
        let discloser = Self {
            parameters: config.parameter_disclosure.clone(),
            responses: config.response_disclosure.clone(),
            recipient,
        };
        discloser.announce(&*surroundings.log);
        if let Some(private) = discloser.recipient.as_ref().and(private_half(config)) {
            (surroundings.log)(&format!(
                "WARNING: the forensic private key `{}` stands on this machine: move it to another one",
                private.display()
            ));
        }
        Ok(discloser)
    }

    /// Tells the operator what is disclosed, and to which key, and that whoever reads both sides of it reads everything.
    fn announce(&self, log: &dyn Fn(&str)) {
        let Some(recipient) = &self.recipient else { return };
        for (what, policy) in [("parameters", &self.parameters), ("responses", &self.responses)] {
            if !policy.is_off() {
                let kid = recipient.key.fingerprint();
                log(&format!("disclosing {what} of actions `{policy}` to the forensic key {kid}"));
            }
        }
    }

    /// Hashes a payload, and seals it where the policy elects its action. Whatever keeps an elected one from being sealed
    /// goes to `undisclosed`.
    pub(crate) fn reduce(
        &self,
        part: Part,
        payload: &Value,
        (action_type, risk): (&str, RiskLevel),
        undisclosed: &mut Vec<Undisclosed>,
    ) -> Reduced {
        let policy = match part {
            Part::Parameters => &self.parameters,
            Part::Response => &self.responses,
        };
        let Some(recipient) = self.recipient.as_ref().filter(|_| policy.elects(action_type, risk)) else {
            return Reduced { hash: payload::hash(payload), envelope: None };
        };
        let Some(plaintext) = Plaintext::of(payload) else {
            undisclosed.push(Undisclosed::NotAnObject { part, found: payload.type_name() });
            return Reduced { hash: payload::hash(payload), envelope: None };
        };
        let envelope = recipient.seal(part, &plaintext).map_err(|error| undisclosed.push(error)).ok();
        Reduced { hash: plaintext.hash().to_string(), envelope }
    }
}

/// Where the private half was made, if it is still there: the public one's path without its `.pub`.
fn private_half(config: &Config) -> Option<PathBuf> {
    let private = config.forensic_public_key.as_ref()?.with_extension("");
    let is_half = config.forensic_public_key.as_ref()?.extension().is_some_and(|suffix| suffix == "pub");
    (is_half && private.exists()).then_some(private)
}

impl Recipient {
    fn seal(&self, part: Part, plaintext: &Plaintext) -> Result<Object, Undisclosed> {
        let seed: Zeroizing<[u8; 32]> = (self.seeds)().ok_or(Undisclosed::NoRandomness { part })?;
        seal(plaintext, &self.key, &seed).map_err(|error| Undisclosed::Seal { part, error })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parameters => "an input",
            Self::Response => "an output",
        })
    }
}
