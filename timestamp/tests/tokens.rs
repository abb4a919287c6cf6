//! Tokens of a local authority, genuine and otherwise.
#![allow(clippy::unwrap_used)]

mod authority;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_timestamp::{
    MAX_TOKEN, Options, TimestampError, TrustedCertificates, request, token_of_response, verify_token,
};
use authority::{A_CA, Authority, FOR_STAMPS, IMPRINT, Kind, P_384, RSA};

/// The usual authority and a token of its, made once for all tests that run at the same time. The last of them to end takes its
/// folder away, which a static one would leave behind.
fn usual() -> Arc<(Authority, Vec<u8>)> {
    static USUAL: Mutex<Weak<(Authority, Vec<u8>)>> = Mutex::new(Weak::new());
    let mut usual = USUAL.lock().unwrap_or_else(PoisonError::into_inner);
    usual.upgrade().unwrap_or_else(|| {
        let authority = Authority::new(&Kind::default());
        let token = authority.token();
        let made = Arc::new((authority, token));
        *usual = Arc::downgrade(&made);
        made
    })
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_token_tells_when_its_hash_existed_and_who_says_so() {
    for key in [authority::P_256, P_384, RSA] {
        let authority = Authority::new(&Kind { key, ..Kind::default() });
        let before = seconds_now();
        let token = authority.token();
        let stamp = authority.judge(&token).unwrap();
        assert!((before..=seconds_now()).contains(&stamp.time.unix_seconds()), "{key:?} {}", stamp.time);
        assert_eq!((stamp.policy.as_str(), stamp.accuracy_micros), ("1.2.3.4.1", Some(1_500_007)));
        assert!(stamp.signer.contains("CN=tsa"), "{}", stamp.signer);
        assert_eq!(stamp.serial, "01");
    }
}

#[test]
fn an_authority_may_be_trusted_itself_by_its_root_or_by_an_issuer_between() {
    let authority = Authority::new(&Kind { between: Some(A_CA), ..Kind::default() });
    let token = authority.token();
    for name in ["root", "between", "tsa"] {
        let stamp = verify_token(&token, &IMPRINT, &authority.trusted(name), &Options::default());
        assert!(stamp.is_ok(), "{name}: {stamp:?}");
    }
    let several = ["between", "tsa", "root"].map(|name| authority.pem(name)).join("some text\n");
    let several = TrustedCertificates::from_pem(&several).unwrap();
    assert_eq!(several.len(), 3);
    assert!(verify_token(&token, &IMPRINT, &several, &Options::default()).is_ok());
}

#[test]
fn a_stranger_is_not_believed_whatever_came_along_with_the_token() {
    let usual = usual();
    let (authority, token) = &*usual;
    let other = Authority::new(&Kind::default());
    for trusted in [other.trusted("root"), other.trusted("tsa"), TrustedCertificates::default()] {
        let refused = verify_token(token, &IMPRINT, &trusted, &Options::default());
        // The other authority's certificate may bear the same names and number.
        assert!(
            matches!(refused, Err(TimestampError::Untrusted | TimestampError::WrongCertificate)),
            "{refused:?}"
        );
    }
    assert!(authority.judge(token).is_ok());
}

#[test]
fn a_token_is_for_one_hash_and_answers_one_question() {
    let usual = usual();
    let (authority, token) = &*usual;
    let trusted = authority.trusted("root");
    for bit in 0..256 {
        let mut other = IMPRINT;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            verify_token(token, &other, &trusted, &Options::default()),
            Err(TimestampError::WrongImprint)
        );
    }
    let asked = |nonce| {
        let answer = authority.answer(&request(&IMPRINT, nonce));
        token_of_response(&answer).unwrap().to_vec()
    };
    let options = |nonce| Options { nonce };
    for nonce in [0, 1, 0x80, 1 << 40, u64::MAX] {
        let token = asked(Some(nonce));
        assert!(verify_token(&token, &IMPRINT, &trusted, &options(Some(nonce))).is_ok(), "{nonce}");
        assert!(verify_token(&token, &IMPRINT, &trusted, &options(None)).is_ok());
        let another = options(Some(nonce ^ 2));
        assert_eq!(verify_token(&token, &IMPRINT, &trusted, &another), Err(TimestampError::WrongNonce));
    }
    assert_eq!(verify_token(token, &IMPRINT, &trusted, &options(Some(0))), Err(TimestampError::WrongNonce));
}

#[test]
fn a_hash_put_into_a_genuine_token_is_not_signed() {
    let usual = usual();
    let (authority, token) = &*usual;
    let at = token.windows(32).position(|window| window == IMPRINT).unwrap();
    let mut forged = token.clone();
    forged[at..at + 32].copy_from_slice(&[7; 32]);
    let judged = verify_token(&forged, &[7; 32], &authority.trusted("root"), &Options::default());
    assert_eq!(judged, Err(TimestampError::WrongDigest));
}

/// Some bytes are signed by nobody; altering those alters nothing that is said.
#[test]
fn no_altered_byte_makes_a_token_say_something_else() {
    let usual = usual();
    let (authority, token) = &*usual;
    let stamp = authority.judge(token).unwrap();
    let mut refused = 0;
    for at in 0..token.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut altered = token.clone();
            altered[at] ^= mask;
            match authority.judge(&altered) {
                Ok(said) => assert_eq!(said, stamp, "byte {at}, mask {mask:#x}"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > token.len() * 2, "{refused} of {}", token.len() * 3);
}

#[test]
fn a_token_cut_short_lengthened_or_too_long_is_refused() {
    let usual = usual();
    let (authority, token) = &*usual;
    for length in 0..token.len() {
        let refused = authority.judge(&token[..length]);
        assert!(matches!(refused, Err(TimestampError::Malformed { .. })), "{length}: {refused:?}");
    }
    for tail in [&[0][..], &[0, 0], &[0x30, 0], token] {
        assert_eq!(authority.judge(&[token, tail].concat()), Err(TimestampError::TrailingBytes));
    }
    let endless = vec![0x30; MAX_TOKEN + 1];
    assert_eq!(authority.judge(&endless), Err(TimestampError::TooLarge { bytes: MAX_TOKEN + 1 }));
}

#[test]
fn der_that_is_none_is_malformed() {
    let usual = usual();
    let (authority, token) = &*usual;
    let mut indefinite = token.clone();
    indefinite[1] = 0x80;
    for der in [
        b"".to_vec(),
        b"not der at all".to_vec(),
        b"-----BEGIN PKCS7-----".to_vec(),
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x81, 0x05, 0, 0, 0, 0, 0],
        [0x30, 0x82, 0xff, 0xf0].repeat(4_000),
        indefinite,
    ] {
        let refused = authority.judge(&der);
        assert!(
            matches!(refused, Err(TimestampError::Malformed { .. })),
            "{:02x?}: {refused:?}",
            &der[..der.len().min(9)]
        );
    }
    // A signed message that is no token: content of type `data`.
    let letter = authority.sign_as("1.2.840.113549.1.7.1", token, &["tsa"], &["-cades"]);
    assert_eq!(
        authority.judge(&letter),
        Err(TimestampError::NotAToken { oid: "1.2.840.113549.1.7.1".to_owned() })
    );
}

#[test]
fn a_certificate_that_had_run_out_when_it_stamped() {
    let authority = Authority::new(&Kind { days: -1, ..Kind::default() });
    let refused = authority.judge(&authority.token()).unwrap_err();
    assert!(
        matches!(&refused, TimestampError::NotValidAt { subject, .. } if subject.contains("CN=tsa")),
        "{refused}"
    );
    // Not even when it is trusted by itself.
    let itself = verify_token(&authority.token(), &IMPRINT, &authority.trusted("tsa"), &Options::default());
    assert!(matches!(itself, Err(TimestampError::NotValidAt { .. })));
}

/// What `openssl ts` does not sign with, `openssl cms` does.
#[test]
fn a_certificate_that_is_not_for_time_stamps_alone() {
    let usual = usual();
    let (authority, token) = &*usual;
    let again = authority.sign_again(token, &["tsa"], &["-cades"]);
    assert!(authority.judge(&again).is_ok(), "{:?}", authority.judge(&again));
    for (name, extensions) in [
        ("none", "keyUsage=critical,digitalSignature"),
        ("server", "extendedKeyUsage=critical,serverAuth"),
        ("meek", "extendedKeyUsage=timeStamping"),
        ("both", "extendedKeyUsage=critical,timeStamping,codeSigning"),
        ("other-key", "keyUsage=critical,keyCertSign\nextendedKeyUsage=critical,timeStamping"),
        ("odd", "extendedKeyUsage=critical,timeStamping\n1.2.3.4=critical,ASN1:NULL"),
    ] {
        authority.make_certificate(name, authority::P_256, extensions, 30, Some("root"));
        let token = authority.sign_again(token, &[name], &["-cades"]);
        assert_eq!(authority.judge(&token), Err(TimestampError::NotForTimestamps), "{name}");
        let itself = verify_token(&token, &IMPRINT, &authority.trusted(name), &Options::default());
        assert_eq!(itself, Err(TimestampError::NotForTimestamps), "{name}, trusted by itself");
    }
}

#[test]
fn an_issuer_that_may_not_issue() {
    for between in [
        "basicConstraints=critical,CA:FALSE",
        "subjectKeyIdentifier=hash",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature",
        "basicConstraints=critical,CA:TRUE\nextendedKeyUsage=serverAuth",
        "basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:example.org",
        "basicConstraints=critical,CA:TRUE\n1.2.3.4=critical,ASN1:NULL",
    ] {
        let authority = Authority::new(&Kind { between: Some(between), ..Kind::default() });
        assert_eq!(authority.judge(&authority.token()), Err(TimestampError::Untrusted), "{between}");
    }
    let short = "basicConstraints=critical,CA:TRUE,pathlen:0";
    let authority = Authority::new(&Kind { root: short, between: Some(A_CA), ..Kind::default() });
    assert_eq!(authority.judge(&authority.token()), Err(TimestampError::Untrusted));
    let authority = Authority::new(&Kind { root: short, ..Kind::default() });
    assert!(authority.judge(&authority.token()).is_ok());
}

#[test]
fn a_signature_must_name_its_certificate() {
    let usual = usual();
    let (authority, token) = &*usual;
    // Without any signed attribute, and without the one that names the certificate.
    for (more, part) in [(&["-noattr"][..], "signer"), (&[], "signing certificate")] {
        let refused = authority.judge(&authority.sign_again(token, &["tsa"], more)).unwrap_err();
        assert!(matches!(refused, TimestampError::Malformed { .. }), "{part}: {refused:?}");
    }
    // Another certificate of the same issuer and number for another key.
    let stranger = Authority::new(&Kind::default());
    let forged = stranger.token();
    let both = TrustedCertificates::from_pem(&(authority.pem("root") + &authority.pem("tsa"))).unwrap();
    let refused = verify_token(&forged, &IMPRINT, &both, &Options::default());
    assert!(
        matches!(refused, Err(TimestampError::Untrusted | TimestampError::WrongCertificate)),
        "{refused:?}"
    );
}

/// The signature holds with either; only one of them is what was signed for.
#[test]
fn another_certificate_of_the_same_key_and_number_is_another() {
    let authority = Authority::new(&Kind::default());
    authority.make_twin("twin", "tsa", FOR_STAMPS);
    let token = authority.token();
    let bare = authority.sign_again(&token, &["tsa"], &["-cades", "-nocerts"]);
    let judged = |trusted| verify_token(&bare, &IMPRINT, &authority.trusted(trusted), &Options::default());
    assert_eq!(judged("twin"), Err(TimestampError::WrongCertificate));
    assert!(judged("tsa").is_ok(), "{:?}", judged("tsa"));
}

#[test]
fn a_token_has_one_signer() {
    let usual = usual();
    let (authority, token) = &*usual;
    authority.make_certificate("second", authority::P_256, FOR_STAMPS, 30, Some("root"));
    let two = authority.sign_again(token, &["tsa", "second"], &["-cades"]);
    assert_eq!(authority.judge(&two), Err(TimestampError::SignerCount { count: 2 }));
}

#[test]
fn the_signers_certificate_may_be_left_out_where_it_is_trusted() {
    let authority = Authority::new(&Kind::default());
    let extensions = "subjectKeyIdentifier=hash\nextendedKeyUsage=critical,timeStamping";
    authority.make_certificate("absent", authority::P_256, extensions, 30, Some("root"));
    let token = authority.token();
    for by_key in [&["-cades", "-nocerts"][..], &["-cades", "-nocerts", "-keyid"]] {
        let bare = authority.sign_again(&token, &["absent"], by_key);
        assert_eq!(authority.judge(&bare), Err(TimestampError::SignerNotFound));
        let trusted = authority.trusted("absent");
        let judged = verify_token(&bare, &IMPRINT, &trusted, &Options::default());
        assert!(judged.is_ok(), "{by_key:?}: {judged:?}");
    }
}

#[test]
fn fractions_of_a_second_and_the_older_name_of_a_certificate() {
    let more = "clock_precision_digits=6\ness_cert_id_alg=sha1";
    let authority = Authority::new(&Kind { more, ..Kind::default() });
    let stamp = authority.judge(&authority.token()).unwrap();
    assert_eq!(stamp.time.nanos() % 1_000, 0, "{}", stamp.time);
    let more = "signer_digest=sha512";
    let authority = Authority::new(&Kind { key: RSA, more, ..Kind::default() });
    assert!(authority.judge(&authority.token()).is_ok());
}

#[test]
fn only_sha_256_is_stamped() {
    let usual = usual();
    let (authority, _) = &*usual;
    // The request's algorithm made SHA-512, with a hash of its length.
    let mut question = request(&IMPRINT, None);
    let sha_256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    let at = question.windows(9).position(|window| window == sha_256).unwrap();
    question[at + 8] = 0x03;
    let hash = question.windows(2).position(|window| window == [0x04, 0x20]).unwrap();
    question[hash + 1] = 0x40;
    question.splice(hash + 34..hash + 34, [0x5a; 32]);
    question[1] += 32;
    let imprint = question.windows(2).position(|window| window == [0x30, 0x31]).unwrap();
    question[imprint + 1] += 32;
    let answer = authority.answer(&question);
    let refused = authority.judge(token_of_response(&answer).unwrap()).unwrap_err();
    assert!(
        matches!(refused, TimestampError::UnsupportedAlgorithm { purpose: "imprint's", .. }),
        "{refused}"
    );
}

#[test]
fn certificates_that_cannot_be_read_are_not_passed_over() {
    use agent_receipts_timestamp::CertificateError;
    let usual = usual();
    let (authority, _) = &*usual;
    let good = authority.pem("root");
    let refused = |text: &str| TrustedCertificates::from_pem(text).unwrap_err();
    assert_eq!(refused(""), CertificateError::None);
    assert_eq!(refused("no pem"), CertificateError::None);
    let key = std::fs::read_to_string(authority.path("root.key")).unwrap();
    assert_eq!(refused(&key), CertificateError::Pem { index: 1 });
    assert_eq!(refused(&(good.clone() + &key)), CertificateError::Pem { index: 2 });
    assert_eq!(refused(&good.replace("MII", "!II")), CertificateError::Pem { index: 1 });
    assert_eq!(refused(&good[..good.len() / 2]), CertificateError::Pem { index: 1 });
    let nothing = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    assert_eq!(refused(&(good.clone() + nothing)), CertificateError::Malformed { index: 2 });
    assert_eq!(refused(&good.repeat(257)), CertificateError::TooMany);
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    /// Neither a panic nor a verdict.
    #[test]
    fn random_bytes_prove_nothing() {
        let usual = usual();
        proptest!(|(bytes in prop::collection::vec(any::<u8>(), 0..400))| {
            prop_assert!(usual.0.judge(&bytes).is_err());
            prop_assert!(token_of_response(&bytes).is_err() || bytes.len() > 8);
        });
    }

    /// A genuine token with a piece put in or taken out somewhere.
    #[test]
    fn a_token_with_a_piece_replaced_says_the_same_or_nothing() {
        let usual = usual();
        let (authority, token) = &*usual;
        let piece = prop::collection::vec(any::<u8>(), 0..40);
        proptest!(|(at in 0.0..1.0_f64, cut in 0..40_usize, put in piece)| {
            let at = (at * token.len() as f64) as usize;
            let mut altered = token.clone();
            altered.splice(at..(at + cut).min(token.len()), put);
            if let Ok(stamp) = authority.judge(&altered) {
                prop_assert_eq!(stamp, authority.judge(token).unwrap());
            }
        });
    }
}
