//! Members that no version of the schema knows.

use agent_receipts_core::Receipt;
use agent_receipts_core::json::Object;

use super::Remarks;
use crate::finding::Code;
use crate::text::quoted;

/// Names unknown members, at most this many for one receipt.
const NAMED: usize = 8;

/// Remarks on unknown members of every part but `issuer.runtime`, which is open.
pub(super) fn unknown(receipt: &Receipt, remarks: &mut Remarks) {
    let names = |(path, extra): (&'static str, &Object)| {
        let names: Vec<_> =
            extra.iter().take(NAMED).map(|(name, _)| format!("{path}{}", quoted(name))).collect();
        names
    };
    let unknown: Vec<_> = parts(receipt).filter(|(_, extra)| !extra.is_empty()).flat_map(names).collect();
    if !unknown.is_empty() {
        remarks.push((Code::SchemaUnknownMember, unknown[..unknown.len().min(NAMED)].join(", ")));
    }
}

fn parts(receipt: &Receipt) -> impl Iterator<Item = (&'static str, &Object)> {
    let subject = &receipt.subject;
    let action = &subject.action;
    let outcome = &subject.outcome;
    let always = [
        ("", &receipt.extra),
        ("issuer.", &receipt.issuer.extra),
        ("credentialSubject.", &subject.extra),
        ("principal.", &subject.principal.extra),
        ("action.", &action.extra),
        ("outcome.", &outcome.extra),
        ("chain.", &subject.chain.extra),
    ];
    let delegation = subject.delegation.as_ref();
    let sometimes = [
        ("issuer.operator.", receipt.issuer.operator.as_ref().map(|part| &part.extra)),
        ("action.target.", action.target.as_ref().map(|part| &part.extra)),
        ("action.peer_credential.", action.peer_credential.as_ref().map(|part| &part.extra)),
        ("action.emitter_metadata.", action.emitter_metadata.as_ref().map(|part| &part.extra)),
        ("outcome.state_change.", outcome.state_change.as_ref().map(|part| &part.extra)),
        ("intent.", subject.intent.as_ref().map(|part| &part.extra)),
        ("authorization.", subject.authorization.as_ref().map(|part| &part.extra)),
        ("keyRotation.", subject.key_rotation.as_ref().map(|part| &part.extra)),
        ("delegation.", delegation.map(|part| &part.extra)),
        ("delegation.delegator.", delegation.map(|part| &part.delegator.extra)),
        ("proof.", receipt.proof.as_ref().map(|part| &part.extra)),
    ];
    always.into_iter().chain(sometimes.into_iter().filter_map(|(path, extra)| Some((path, extra?))))
}
