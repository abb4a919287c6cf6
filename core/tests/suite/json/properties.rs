//! What must hold for every document, with counterexamples made small.

use agent_receipts_core::json::{Rules, canonical, check_payload, parse};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_map(|n| Number::from_f64(n).map_or(Value::Null, Value::Number)),
        any::<i64>().prop_map(|n| Value::from(n as f64)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn our_canonical_form_is_the_oracles(document in documents()) {
        let ours = parse(document.to_string().as_bytes(), Rules::Receipt).unwrap();
        prop_assert_eq!(canonical(&ours), serde_json_canonicalizer::to_vec(&document).unwrap());
    }

    #[test]
    fn the_canonical_form_of_a_canonical_form_is_itself(document in documents()) {
        let once = canonical(&parse(document.to_string().as_bytes(), Rules::Receipt).unwrap());
        prop_assert_eq!(&canonical(&parse(&once, Rules::Receipt).unwrap()), &once);
    }

    #[test]
    fn any_number_is_printed_so_that_it_comes_back(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let text = agent_receipts_core::json::Value::Number(number).to_string();
        let again = parse(text.as_bytes(), Rules::Receipt).unwrap().as_f64().unwrap();
        prop_assert!(again == number, "{} is {}", text, again);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        for rules in [Rules::Receipt, Rules::Payload, Rules::Frame] {
            if let Ok(value) = parse(&text, rules) {
                prop_assert!(parse(&canonical(&value), Rules::Receipt).unwrap() == value);
            }
        }
        prop_assert_eq!(check_payload(&text).err(), parse(&text, Rules::Payload).err());
    }
}
