//! The parts of a receipt that can be disclosed, and what is in them.

use agent_receipts_core::Receipt;
use agent_receipts_core::disclosure::{ForensicPublicKey, ForensicSecretKey, OpenError, Plaintext, open};
use agent_receipts_core::json::{Object, Value};

/// Parameters or response.
#[derive(Clone, Copy)]
pub(super) struct Part<'r> {
    pub(super) name: &'static str,
    disclosure: Option<&'r Value>,
    hash: Option<&'r str>,
}

/// What a part was found to hold.
pub(super) enum Content {
    /// Only its hash, or not even that.
    Nothing,
    /// A map of texts that stands there in the open, as in receipts up to 0.2.1.
    InTheOpen(Object),
    /// What was sealed.
    Opened {
        value: Object,
        /// Whether the receipt's hash is its hash; nothing where there is no hash.
        hash_matches: Option<bool>,
    },
    /// Sealed, and not for this key, or no envelope at all.
    Closed { reason: String },
}

impl<'r> Part<'r> {
    pub(super) fn of(receipt: &'r Receipt) -> [Part<'r>; 2] {
        let (action, outcome) = (&receipt.subject.action, &receipt.subject.outcome);
        [
            Part {
                name: "parameters",
                disclosure: action.parameters_disclosure.as_ref(),
                hash: action.parameters_hash.as_deref(),
            },
            Part {
                name: "response",
                disclosure: outcome.response_disclosure.as_ref(),
                hash: outcome.response_hash.as_deref(),
            },
        ]
    }

    /// Whether there is something that needs a key.
    pub(super) fn is_sealed(&self) -> bool {
        self.disclosure.is_some() && self.in_the_open().is_none()
    }

    pub(super) fn open_without_key(&self) -> Content {
        self.in_the_open().map_or(Content::Nothing, |map| Content::InTheOpen(map.clone()))
    }

    pub(super) fn open(&self, secret: &ForensicSecretKey) -> Content {
        let Some(envelope) = self.disclosure.filter(|_| self.is_sealed()) else {
            return self.open_without_key();
        };
        match open(envelope, secret) {
            Ok(value) => {
                let actual = Plaintext::from(value.clone()).hash().to_string();
                Content::Opened { value, hash_matches: self.hash.map(|hash| hash == actual) }
            }
            Err(OpenError::Undecryptable) => Content::Closed { reason: wrong_key(envelope, secret) },
            Err(error) => Content::Closed { reason: error.to_string() },
        }
    }

    fn in_the_open(&self) -> Option<&'r Object> {
        let map = self.disclosure?.as_object()?;
        map.iter().all(|(_, value)| value.as_str().is_some()).then_some(map)
    }
}

/// An altered envelope cannot be told from another key's, but the name on it can be compared.
fn wrong_key(envelope: &Value, secret: &ForensicSecretKey) -> String {
    let member = |value: &Value, name: &str| value.as_object().and_then(|object| object.get(name)).cloned();
    let recipient = member(envelope, "recipients").and_then(|all| all.as_array()?.first().cloned());
    let kid = recipient.and_then(|one| member(&one, "kid")).and_then(|kid| kid.as_str().map(str::to_owned));
    let kid = kid.unwrap_or_default();
    let own = secret.public_key().fingerprint().to_string();
    if kid == own {
        return "it is for this key by its name, and was altered".to_owned();
    }
    let as_public = ForensicPublicKey::from_bytes(*secret.as_bytes()).fingerprint().to_string();
    if kid == as_public {
        return "the key that was given is the public half: opening needs the private one".to_owned();
    }
    format!("it is for the key {kid}, and the one that was given is {own}")
}
