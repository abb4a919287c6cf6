use std::collections::BTreeMap;

use agent_receipts_core::{RiskLevel, taxonomy};

use super::vectors;
use crate::support::{at, str_at};

#[test]
fn we_know_exactly_the_published_action_types_and_their_risk() {
    let Some(file) = vectors("taxonomy/action-types.json") else { return };
    let published: BTreeMap<String, RiskLevel> = at(&file, "domains")
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(_, domain)| at(domain, "actions").as_array().unwrap())
        .map(|action| (str_at(action, "type").to_owned(), str_at(action, "risk_level").parse().unwrap()))
        .collect();
    let ours: BTreeMap<String, RiskLevel> =
        taxonomy::all().iter().map(|action| (action.name.to_owned(), action.risk)).collect();
    assert_eq!(ours, published);
    assert_eq!((ours.len(), taxonomy::all().len()), (46, 46));
}
