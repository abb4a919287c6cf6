use agent_receipts_core::PublicKey;

use super::vectors;
use crate::support::{at, str_at};

#[test]
fn every_did_key_vector_encodes_and_resolves() {
    let Some(file) = vectors("did-key/vectors.json") else { return };
    let cases = at(&file, "vectors").as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (name, did) = (str_at(case, "name"), str_at(case, "did"));
        let key = PublicKey::from_did_key(did).unwrap();
        let hex: String = key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, str_at(case, "public_key_hex"), "{name}");
        assert_eq!(key.to_did_key(), did, "{name}");
        let multibase = str_at(case, "did_document.verificationMethod.0.publicKeyMultibase");
        assert_eq!(format!("did:key:{multibase}"), did, "{name}");
        assert_eq!(str_at(case, "did_document.id"), did, "{name}");
        let method = str_at(case, "did_document.assertionMethod.0");
        assert_eq!(PublicKey::from_did_key(method.split_once('#').unwrap().0), Ok(key), "{name}");
        // A DID URL is not a DID, and the multibase alone is not one either.
        assert!(PublicKey::from_did_key(method).is_err(), "{name}");
        assert!(PublicKey::from_did_key(multibase).is_err(), "{name}");
    }
}
