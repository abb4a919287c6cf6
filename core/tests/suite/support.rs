//! Keys, samples and shorthand that many tests share.

use agent_receipts_core::json::{Object, Rules, Value, canonical, parse};
use agent_receipts_core::{PublicKey, Signature, Signer};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// A key from a fixed seed, so that everything it signs is the same on every run.
pub(crate) struct TestKey(Ed25519KeyPair);

impl TestKey {
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap())
    }

    /// The key inside a PKCS#8 PEM document, whose last 32 bytes are the seed (RFC 8410 §7).
    pub(crate) fn from_pem(pem: &str) -> Self {
        let (label, der) = pem_rfc7468::decode_vec(pem.as_bytes()).unwrap();
        assert_eq!(label, "PRIVATE KEY");
        Self::from_seed(der[der.len() - 32..].try_into().unwrap())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).as_ref().try_into().unwrap())
    }
}

impl Signer for TestKey {
    type Error = std::convert::Infallible;

    fn sign(&self, message: &[u8]) -> Result<Signature, Self::Error> {
        Ok(self.signature(message))
    }
}

/// Whose receipts the corpus holds.
pub(crate) fn issuer_key() -> TestKey {
    TestKey::from_seed([0x11; 32])
}

/// What the issuer rotates to.
pub(crate) fn next_key() -> TestKey {
    TestKey::from_seed([0x22; 32])
}

/// A key that signs nothing with right.
pub(crate) fn stranger_key() -> TestKey {
    TestKey::from_seed([0x33; 32])
}

pub(crate) fn read(text: &str) -> Value {
    parse(text.as_bytes(), Rules::Receipt).unwrap_or_else(|error| panic!("{error} in {text}"))
}

pub(crate) fn text_of(value: &Value) -> String {
    String::from_utf8(canonical(value)).unwrap()
}

/// The member at a dotted path such as `issuer.id` or `recipients.0.kid`.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, step| {
        let found = match value {
            Value::Array(elements) => step.parse::<usize>().ok().and_then(|at| elements.get(at)),
            Value::Object(object) => object.get(step),
            _ => None,
        };
        found.unwrap_or_else(|| panic!("no `{step}` of `{path}`"))
    })
}

pub(crate) fn str_at<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).as_str().unwrap_or_else(|| panic!("`{path}` is no text"))
}

/// A copy with the member at `path` put in, or taken out where `new` is nothing.
pub(crate) fn with(value: &Value, path: &str, new: Option<Value>) -> Value {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    if let Value::Array(elements) = value {
        let mut elements = elements.clone();
        let place = step.parse::<usize>().unwrap();
        match (rest, new) {
            (Some(rest), new) => elements[place] = with(&elements[place], rest, new),
            (None, Some(new)) => elements[place] = new,
            (None, None) => drop(elements.remove(place)),
        }
        return elements.into();
    }
    let mut object = value.as_object().unwrap_or_else(|| panic!("no object at `{path}`")).clone();
    match (rest, new) {
        (Some(rest), new) => {
            let child = with(object.get(step).unwrap_or_else(|| panic!("no `{step}`")), rest, new);
            object.insert(step, child);
        }
        (None, Some(new)) => drop(object.insert(step, new)),
        (None, None) => drop(object.remove(step).unwrap_or_else(|| panic!("no `{step}` to take out"))),
    }
    object.into()
}

/// The paths of all leaves: numbers, texts, truth values, nulls and empty containers.
pub(crate) fn leaves(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, out: &mut Vec<String>) {
        let join = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
        match value {
            Value::Array(elements) if !elements.is_empty() => {
                elements
                    .iter()
                    .enumerate()
                    .for_each(|(at, element)| walk(element, &join(&at.to_string()), out));
            }
            Value::Object(object) if !object.is_empty() => {
                object.iter().for_each(|(name, member)| walk(member, &join(name), out));
            }
            _ => out.push(path.to_owned()),
        }
    }
    let mut out = Vec::new();
    walk(value, "", &mut out);
    out
}

/// Signs a document as it stands, whatever its shape, and adds the proof.
pub(crate) fn sign(document: &Value, key: &TestKey) -> Value {
    let Value::Object(unsigned) = document else { panic!("only objects are signed") };
    let mut unsigned = unsigned.clone();
    unsigned.remove("proof");
    let signature = key.signature(&canonical(&Value::from(unsigned.clone())));
    let proof: Object = [
        ("type", "Ed25519Signature2020"),
        ("created", "2026-01-02T03:04:05Z"),
        ("verificationMethod", "did:example:corpus#key-1"),
        ("proofPurpose", "assertionMethod"),
        ("proofValue", &signature.to_proof_value()),
    ]
    .into_iter()
    .collect();
    unsigned.insert("proof", proof);
    unsigned.into()
}

/// A small generator of numbers that is the same everywhere (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// How many rounds a bulk test makes: from the environment, or as many as a normal run can afford.
pub(crate) fn rounds(variable: &str, normal: usize) -> usize {
    std::env::var(variable).map_or(normal, |text| text.parse().expect("a number of rounds"))
}
