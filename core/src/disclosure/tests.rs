use super::*;
use crate::json::{Object, Rules, Value, canonical, parse};

/// The published test keys of RFC 7748 §6.1.
const ALICE: &str = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
const ALICE_PUBLIC: &str = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
const BOB: &str = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
const BOB_PUBLIC: &str = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";

fn bytes(hex: &str) -> [u8; 32] {
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

fn alice() -> ForensicSecretKey {
    ForensicSecretKey::from_bytes(bytes(ALICE))
}

fn bob() -> ForensicSecretKey {
    ForensicSecretKey::from_bytes(bytes(BOB))
}

fn object(text: &str) -> Object {
    parse(text.as_bytes(), Rules::Receipt).unwrap().into_object().unwrap()
}

fn plaintext(text: &str) -> Plaintext {
    object(text).into()
}

fn sealed() -> Object {
    seal(&plaintext(r#"{"a":1}"#), &bob().public_key(), &[5; 32]).unwrap()
}

fn opened(envelope: Object) -> Result<Object, OpenError> {
    open(&envelope.into(), &bob())
}

#[test]
fn the_public_half_is_that_of_rfc_7748() {
    assert_eq!(alice().public_key().as_bytes(), &bytes(ALICE_PUBLIC));
    assert_eq!(bob().public_key().as_bytes(), &bytes(BOB_PUBLIC));
}

#[test]
fn what_is_sealed_is_opened_again_whatever_it_holds() {
    for text in ["{}", r#"{"b":[1,2],"a":{"c":null}}"#, r#"{"text":"\u20ac\n"}"#] {
        let envelope = seal(&plaintext(text), &bob().public_key(), &[5; 32]).unwrap();
        assert_eq!(open(&envelope.into(), &bob()), Ok(object(text)));
    }
    let large = Object::from_iter([("x", "y".repeat(1 << 20))]);
    let envelope = seal(&large.clone().into(), &bob().public_key(), &[5; 32]).unwrap();
    assert_eq!(open(&envelope.into(), &bob()), Ok(large));
}

#[test]
fn the_envelope_has_exactly_the_members_of_version_1() {
    let envelope = sealed();
    assert_eq!(envelope.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["alg", "ct", "recipients", "v"]);
    let recipient = envelope.get("recipients").unwrap().as_array().unwrap()[0].as_object().unwrap();
    assert_eq!(recipient.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["enc", "kid"]);
    assert_eq!(
        recipient.get("kid").unwrap().as_str(),
        Some("sha256:f35e5616160a30bf3c6e79fa73c576d40205e8fc3ba4e1c6dcf93e6b98e857b4")
    );
    assert_eq!(recipient.get("enc").unwrap().as_str().unwrap().len(), 43);
}

#[test]
fn another_seed_makes_another_envelope() {
    let key = bob().public_key();
    let one = seal(&plaintext("{}"), &key, &[1; 32]).unwrap();
    assert_ne!(one, seal(&plaintext("{}"), &key, &[2; 32]).unwrap());
    assert_eq!(one, seal(&plaintext("{}"), &key, &[1; 32]).unwrap());
}

#[test]
fn another_key_opens_nothing() {
    assert_eq!(open(&sealed().into(), &alice()), Err(OpenError::Undecryptable));
}

#[test]
fn every_altered_bit_of_the_ciphertext_is_noticed() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as CODE;
    let envelope = sealed();
    let ct = CODE.decode(envelope.get("ct").unwrap().as_str().unwrap()).unwrap();
    for bit in 0..ct.len() * 8 {
        let mut ct = ct.clone();
        ct[bit / 8] ^= 1 << (bit % 8);
        let mut envelope = envelope.clone();
        envelope.insert("ct", CODE.encode(ct));
        assert_eq!(opened(envelope), Err(OpenError::Undecryptable), "bit {bit}");
    }
}

#[test]
fn a_point_that_yields_nothing_is_no_recipient() {
    let zero = ForensicPublicKey::from_bytes([0; 32]);
    assert_eq!(seal(&plaintext("{}"), &zero, &[1; 32]), Err(SealError::UnusableKey));
}

#[test]
fn malformed_envelopes_are_refused_with_their_reason() {
    use EnvelopeError::*;
    let with = |member: &str, value: Value| {
        let mut envelope = sealed();
        envelope.insert(member, value);
        envelope
    };
    let recipient = || sealed().get("recipients").unwrap().as_array().unwrap()[0].clone();
    let recipient_with = |member: &str, value: Value| {
        let mut recipient = recipient().into_object().unwrap();
        recipient.insert(member, value);
        with("recipients", vec![recipient.into()].into())
    };
    for (envelope, reason) in [
        (Object::new(), Malformed { member: "v" }),
        (with("v", 1_u32.into()), Malformed { member: "v" }),
        (with("v", "2".into()), UnsupportedVersion { version: "2".into() }),
        (with("alg", "none".into()), UnsupportedAlgorithm { algorithm: "none".into() }),
        (with("recipients", Value::Null), Malformed { member: "recipients" }),
        (with("recipients", vec![].into()), RecipientCount { count: 0 }),
        (with("recipients", vec![recipient(), recipient()].into()), RecipientCount { count: 2 }),
        (with("recipients", vec![Value::Null].into()), Malformed { member: "recipients" }),
        (recipient_with("kid", Value::Null), Malformed { member: "kid" }),
        (recipient_with("enc", "AA".into()), Malformed { member: "enc" }),
        (recipient_with("enc", "!".repeat(43).into()), Malformed { member: "enc" }),
        (with("ct", "a===".into()), Malformed { member: "ct" }),
    ] {
        assert_eq!(opened(envelope), Err(OpenError::Envelope(reason)));
    }
    assert_eq!(open(&"text".into(), &bob()), Err(OpenError::Envelope(NotAnObject)));
    assert_eq!(opened(with("ct", "".into())), Err(OpenError::Undecryptable));
}

#[test]
fn printing_shows_nothing_of_the_secret() {
    assert_eq!(format!("{:?}", bob()), "ForensicSecretKey(..)");
}

/// The published vectors, where the shared folder is there. The rules themselves are held by the tests above.
#[test]
fn the_published_vectors_are_met_byte_for_byte() {
    let Ok(shared) = std::env::var("AGENT_RECEIPTS_SHARED") else {
        println!("not run: AGENT_RECEIPTS_SHARED does not name the folder with the published vectors");
        return;
    };
    let text = std::fs::read(format!("{shared}/vectors/disclosure-envelope/vectors.json")).unwrap();
    let file = parse(&text, Rules::Receipt).unwrap().into_object().unwrap();
    let secrets = [alice(), bob()];
    let mut sealed = 0;
    for vector in file.get("vectors").unwrap().as_array().unwrap() {
        let vector = vector.as_object().unwrap();
        let text = |name: &str| vector.get(name).and_then(Value::as_str);
        if text("computed_values_status") != Some("computed") {
            continue;
        }
        let parameters = vector.get("plaintext_object").unwrap().clone();
        assert_eq!(
            Some(&*String::from_utf8(canonical(&parameters)).unwrap()),
            text("plaintext_canonical_jcs")
        );
        let seed = vector.get("hpke_ephemeral").unwrap().as_object().unwrap().get("ikmE_hex").unwrap();
        let secret = &secrets[usize::from(text("recipient").unwrap().ends_with('2'))];
        let expected = vector.get("envelope_object").unwrap();
        let plaintext = Plaintext::of(&parameters).unwrap();
        let envelope =
            Value::from(seal(&plaintext, &secret.public_key(), &bytes(seed.as_str().unwrap())).unwrap());
        let member = |value: &Value, name: &str| value.as_object().unwrap().get(name).unwrap().clone();
        assert_eq!(member(&envelope, "ct"), member(expected, "ct"));
        let enc = |value: &Value| member(&member(value, "recipients").as_array().unwrap()[0], "enc");
        assert_eq!(enc(&envelope), enc(expected));
        assert_eq!(open(expected, secret), Ok(parameters.into_object().unwrap()));
        sealed += 1;
    }
    assert_eq!(sealed, 2, "both published vectors have computed values");
}
