//! Chains of receipts of which each is well formed, and whose order, links or ends are wrong.

use agent_receipts_core::json::Value;
use agent_receipts_core::{ReceiptHash, Signature};

use super::Case;
use super::sample::{chain, hash_of, link};
use crate::support::{at, issuer_key, sign, str_at, stranger_key, text_of, with};

const PREVIOUS: &str = "credentialSubject.chain.previous_receipt_hash";
const SEQUENCE: &str = "credentialSubject.chain.sequence";
const CHAIN_ID: &str = "credentialSubject.chain.chain_id";
const TERMINAL: &str = "credentialSubject.chain.terminal";
const STATUS: &str = "credentialSubject.chain.status";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = valid();
    cases.extend(links());
    cases.extend(sequences());
    cases.extend(signatures());
    cases.extend(ends());
    cases.extend(chain_ids());
    cases.extend(undecodable());
    cases
}

fn plain(length: u32) -> Vec<Value> {
    chain(length, &issuer_key(), |_, receipt| receipt)
}

/// A chain whose receipt at `index` has one member changed before it is signed.
fn changed(length: u32, index: u32, path: &'static str, value: Value) -> Vec<Value> {
    chain(length, &issuer_key(), |at, receipt| {
        if at == index { with(&receipt, path, Some(value.clone())) } else { receipt }
    })
}

fn ended(length: u32, index: u32, status: Option<&str>) -> Vec<Value> {
    chain(length, &issuer_key(), |at, receipt| {
        if at != index {
            return receipt;
        }
        let receipt = with(&receipt, TERMINAL, Some(true.into()));
        status.map_or(receipt.clone(), |status| with(&receipt, STATUS, Some(status.into())))
    })
}

fn valid() -> Vec<Case> {
    let nulls = "credentialSubject.outcome.error";
    let with_null =
        plain(3).into_iter().map(|receipt| with(&receipt, nulls, Some(Value::Null))).collect::<Vec<_>>();
    vec![
        case("valid/five", "valid", "five receipts in order", &plain(5)),
        case("valid/one", "valid", "a chain may be one receipt", &plain(1)),
        case("valid/complete", "valid", "closed by its issuer", &ended(3, 2, Some("complete"))),
        case("valid/terminal-without-status", "valid", "which means complete", &ended(3, 2, None)),
        case(
            "valid/interrupted",
            "valid",
            "closed because the issuer stopped",
            &ended(3, 2, Some("interrupted")),
        ),
        case("valid/unknown-members", "valid", "signed, though nobody here knows it", &{
            changed(3, 1, "credentialSubject.chain.shard", 7_u32.into())
        }),
        case(
            "valid/nulls-mean-absent",
            "valid",
            "nulls added by a writer that signs without them",
            &with_null,
        ),
        case("valid/pending-at-the-end", "valid", "an action may still be running", &{
            changed(2, 1, "credentialSubject.outcome.status", "pending".into())
        }),
    ]
}

fn links() -> Vec<Case> {
    let good = plain(5);
    let other =
        chain(5, &issuer_key(), |_, receipt| with(&receipt, "issuer.session_id", Some("other".into())));
    let picked = |order: &[usize]| order.iter().map(|at| good[*at].clone()).collect::<Vec<_>>();
    let spliced = |from: usize| [&good[..from], &other[from..]].concat();
    let upper = format!("sha256:{}", hash_of(&good[0]).to_string()[7..].to_uppercase());
    let bare = hash_of(&good[0]).to_string()[7..].to_owned();
    let over_proof = ReceiptHash::of(text_of(&good[0]).as_bytes()).to_string();
    let zero = format!("sha256:{}", "0".repeat(64));
    let with_link = |value: Value| changed(3, 1, PREVIOUS, value);
    let why_cut = "a receipt was taken out";
    vec![
        case("link/zero-hash", "link@1", "no receipt has this hash", &with_link(zero.as_str().into())),
        case(
            "link/null-in-the-middle",
            "link@1",
            "only the first has no predecessor",
            &with_link(Value::Null),
        ),
        case("link/empty-text", "link@1", "no hash at all", &with_link("".into())),
        case("link/upper-case", "link@1", "one spelling a hash", &with_link(upper.into())),
        case("link/without-prefix", "link@1", "the algorithm is part of it", &with_link(bare.into())),
        case("link/over-the-proof", "link@1", "the hash leaves the proof out", &with_link(over_proof.into())),
        case("link/to-the-grandparent", "link@2", "a receipt is stepped over", &{
            changed(3, 2, PREVIOUS, hash_of(&good[0]).to_string().into())
        }),
        case("link/to-itself", "link@2", "a hash that its receipt cannot know", &{
            changed(4, 2, PREVIOUS, hash_of(&good[2]).to_string().into())
        }),
        case("link/first-is-linked", "link@0", "a first receipt with a predecessor", &{
            changed(2, 0, PREVIOUS, zero.as_str().into())
        }),
        case(
            "link/first-is-linked-to-nothing",
            "link@0",
            "empty is not null",
            &changed(2, 0, PREVIOUS, "".into()),
        ),
        case("link/head-cut-off", "link@0", "the first receipts were taken out", &good[2..]),
        case("link/only-the-tail", "link@0", "the last receipt alone", &good[4..]),
        case("link/second-removed", "link@1", why_cut, &picked(&[0, 2, 3, 4])),
        case("link/middle-removed", "link@2", why_cut, &picked(&[0, 1, 3, 4])),
        case("link/two-removed", "link@1", why_cut, &picked(&[0, 3, 4])),
        case("link/swapped", "link@2", "two receipts changed places", &picked(&[0, 1, 3, 2, 4])),
        case("link/swapped-at-the-head", "link@0", "the second stands first", &picked(&[1, 0, 2])),
        case("link/swapped-at-the-end", "link@3", "the last stands before", &picked(&[0, 1, 2, 4, 3])),
        case("link/duplicated", "link@3", "a receipt stands twice", &picked(&[0, 1, 2, 2, 3, 4])),
        case("link/first-duplicated", "link@1", "the first stands twice", &picked(&[0, 0, 1])),
        case(
            "link/replayed-at-the-end",
            "link@5",
            "an old receipt is appended again",
            &picked(&[0, 1, 2, 3, 4, 1]),
        ),
        case("link/reversed", "link@0", "newest first", &picked(&[4, 3, 2, 1, 0])),
        case("link/replaced-one", "link@2", "one receipt of another history of this issuer", &{
            [&good[..2], &other[2..3], &good[3..]].concat()
        }),
        case("link/spliced", "link@2", "two histories of one issuer", &spliced(2)),
        case("link/spliced-after-the-first", "link@1", "two histories of one issuer", &spliced(1)),
        case("link/started-again", "link@2", "a second first receipt", &[&good[..2], &other[..2]].concat()),
        case("link/resigned-in-place", "link@2", "the issuer signed another text over an old one", &{
            let mut receipts = good.clone();
            let edited = with(&receipts[1], "issuer.session_id", Some("edited".into()));
            receipts[1] = sign(&edited, &issuer_key());
            receipts
        }),
    ]
}

fn sequences() -> Vec<Case> {
    let number = |index: u32, value: u32| changed(4, index, SEQUENCE, value.into());
    vec![
        case("sequence/starts-at-zero", "sequence@0", "the first number is one", &number(0, 0)),
        case("sequence/gap", "sequence@2", "three is missing, though the links hold", &{
            chain(4, &issuer_key(), |at, receipt| {
                with(&receipt, SEQUENCE, Some((if at < 2 { at + 1 } else { at + 2 }).into()))
            })
        }),
        case("sequence/repeated", "sequence@2", "two stands twice", &number(2, 2)),
        case("sequence/backwards", "sequence@2", "one comes again", &number(2, 1)),
        case("sequence/jump", "sequence@3", "a thousand are missing", &number(3, 1004)),
        case("sequence/all-the-same", "sequence@1", "every receipt is the first", &{
            chain(3, &issuer_key(), |_, receipt| with(&receipt, SEQUENCE, Some(1_u32.into())))
        }),
        case("sequence/counts-down", "sequence@1", "from three to one", &{
            chain(3, &issuer_key(), |at, receipt| with(&receipt, SEQUENCE, Some((3 - at).into())))
        }),
        case("sequence/at-the-end-of-doubles", "sequence@1", "2^53 has no successor that a double holds", &{
            chain(2, &issuer_key(), |_, receipt| {
                with(&receipt, SEQUENCE, Some(Value::Number(2_f64.powi(53))))
            })
        }),
    ]
}

fn signatures() -> Vec<Case> {
    let good = plain(4);
    let edited = |index: usize, path: &str, value: Option<Value>| {
        let mut receipts = good.clone();
        receipts[index] = with(&receipts[index], path, value);
        receipts
    };
    let action = "credentialSubject.action.type";
    let with_proof_of = |to: usize, from: usize| edited(to, "proof", Some(at(&good[from], "proof").clone()));
    let forged_link = |index: u32| {
        let mut receipts: Vec<Value> = Vec::new();
        for at in 0..4 {
            let key = if at == index { stranger_key() } else { issuer_key() };
            receipts.push(sign(&link("corpus", at + 1, receipts.last()), &key));
        }
        receipts
    };
    vec![
        case(
            "signature/first-edited",
            "signature@0",
            "edited after signing",
            &edited(0, action, Some("x".into())),
        ),
        case(
            "signature/middle-edited",
            "signature@1",
            "edited after signing",
            &edited(1, action, Some("x".into())),
        ),
        case("signature/last-edited", "signature@3", "no later link would show it", &{
            edited(3, action, Some("x".into()))
        }),
        case("signature/relinked-unsigned", "signature@2", "a cut hidden by new links, but not signed", &{
            let mut receipts = vec![good[0].clone(), good[1].clone()];
            let moved = with(&good[3], PREVIOUS, Some(hash_of(&good[1]).to_string().into()));
            receipts.push(with(&moved, SEQUENCE, Some(3_u32.into())));
            receipts
        }),
        case("signature/stranger-throughout", "signature@0", "a whole chain by another key", &{
            chain(3, &stranger_key(), |_, receipt| receipt)
        }),
        case(
            "signature/stranger-first",
            "signature@0",
            "a forged beginning, rightly linked",
            &forged_link(0),
        ),
        case(
            "signature/stranger-in-the-middle",
            "signature@2",
            "inserted and rightly linked",
            &forged_link(2),
        ),
        case("signature/stranger-at-the-end", "signature@3", "appended and rightly linked", &forged_link(3)),
        case("signature/proof-missing", "signature@2", "unsigned in the middle", &edited(2, "proof", None)),
        case(
            "signature/proof-of-the-neighbour",
            "signature@2",
            "a genuine proof, elsewhere",
            &with_proof_of(2, 1),
        ),
        case("signature/proof-type", "signature@1", "another proof type", &{
            edited(1, "proof.type", Some("RsaSignature2018".into()))
        }),
        case("signature/proof-prefix", "signature@3", "another multibase", &{
            let value = str_at(&good[3], "proof.proofValue").replacen('u', "z", 1);
            edited(3, "proof.proofValue", Some(value.into()))
        }),
        case("signature/all-zero", "signature@1", "no signature of anything", &{
            edited(1, "proof.proofValue", Some(Signature::from_bytes([0; 64]).to_proof_value().into()))
        }),
        case("signature/terminal-taken-out", "signature@2", "the end of a chain was hidden", &{
            let mut receipts = ended(3, 2, Some("interrupted"));
            receipts[2] = with(&with(&receipts[2], TERMINAL, None), STATUS, None);
            receipts
        }),
    ]
}

fn ends() -> Vec<Case> {
    let status = |index: u32, word: &str| changed(3, index, STATUS, word.into());
    let both =
        chain(
            4,
            &issuer_key(),
            |at, receipt| {
                if at < 2 { receipt } else { with(&receipt, TERMINAL, Some(true.into())) }
            },
        );
    vec![
        case(
            "status/without-terminal",
            "status@2",
            "only a terminal receipt has a status",
            &status(2, "complete"),
        ),
        case("status/without-terminal-first", "status@0", "not even the first", &status(0, "interrupted")),
        case("status/with-terminal-false", "status@1", "false is not terminal", &{
            chain(2, &issuer_key(), |at, receipt| {
                let receipt = with(&receipt, TERMINAL, Some(false.into()));
                if at == 1 { with(&receipt, STATUS, Some("complete".into())) } else { receipt }
            })
        }),
        case("status/unknown-word", "status@2", "never written on the wire", &ended(3, 2, Some("unknown"))),
        case("status/other-word", "status@2", "no such word", &ended(3, 2, Some("done"))),
        case("status/other-case", "status@2", "one spelling", &ended(3, 2, Some("Complete"))),
        case("terminal/followed", "terminal@2", "a receipt after the last", &ended(4, 1, Some("complete"))),
        case("terminal/followed-after-interruption", "terminal@3", "appended to a dead chain", &{
            ended(4, 2, Some("interrupted"))
        }),
        case("terminal/first-of-three", "terminal@1", "closed at once, and gone on", &ended(3, 0, None)),
        case("terminal/twice", "terminal@3", "closed two times", &both),
    ]
}

fn chain_ids() -> Vec<Case> {
    let id = |index: u32, id: &str| changed(3, index, CHAIN_ID, id.into());
    vec![
        case("chain_id/second-differs", "chain_id@1", "a receipt of another chain", &id(1, "other")),
        case("chain_id/last-differs", "chain_id@2", "a receipt of another chain", &id(2, "other")),
        case("chain_id/first-differs", "chain_id@1", "the first names the chain", &id(0, "other")),
        case("chain_id/other-case", "chain_id@2", "names are exact", &id(2, "Corpus")),
        case("chain_id/trailing-space", "chain_id@2", "names are exact", &id(2, "corpus ")),
        case("chain_id/agent-below", "chain_id@1", "an agent's chain is its own", &id(1, "corpus/agent/a")),
        case("chain_id/empty", "chain_id@1", "no name is another name", &id(1, "")),
        case("chain_id/mismatch-hides-nothing", "chain_id@2", "it outranks an earlier broken signature", &{
            let mut receipts = id(2, "other");
            receipts[0] = with(&receipts[0], "credentialSubject.action.type", Some("x".into()));
            receipts
        }),
    ]
}

fn undecodable() -> Vec<Case> {
    let good = plain(3);
    let broken = |name: &str, expected: &str, why: &str, index: usize, line: Vec<u8>| {
        let mut lines: Vec<Vec<u8>> = good.iter().map(|receipt| text_of(receipt).into_bytes()).collect();
        lines[index] = line;
        Case {
            file: format!("chains/{name}.jsonl"),
            expected: expected.to_owned(),
            why: why.to_owned(),
            text: lines.into_iter().flat_map(|line| [line, b"\n".to_vec()].concat()).collect(),
        }
    };
    let cut = |index: usize, path: &str| text_of(&with(&good[index], path, None)).into_bytes();
    let doubled = text_of(&good[1]).replacen("\"id\":\"did", "\"id\":\"did:other\",\"id\":\"did", 1);
    vec![
        case("empty/no-receipt", "empty", "nothing is never valid", &[]),
        broken("decode/previous-hash-missing", "decode@1", "null must be written", 1, cut(1, PREVIOUS)),
        broken("decode/first-previous-hash-missing", "decode@0", "null must be written", 0, cut(0, PREVIOUS)),
        broken("decode/sequence-missing", "decode@2", "no place in the chain", 2, cut(2, SEQUENCE)),
        broken("decode/chain-id-missing", "decode@1", "no chain", 1, cut(1, CHAIN_ID)),
        broken("decode/negative-sequence", "decode@1", "not a number from 0 to 2^53", 1, {
            text_of(&with(&good[1], SEQUENCE, Some(Value::Number(-2.0)))).into_bytes()
        }),
        broken("decode/not-json", "decode@1", "a line that is no receipt", 1, b"not json".to_vec()),
        broken(
            "decode/cut-line",
            "decode@2",
            "half a receipt",
            2,
            text_of(&good[2]).as_bytes()[..200].to_vec(),
        ),
        broken("decode/duplicate-member", "decode@1", "two readers, two receipts", 1, doubled.into_bytes()),
        broken("decode/invalid-utf8", "decode@0", "not text", 0, b"{\"id\":\"\xff\"}".to_vec()),
        broken("decode/null-line", "decode@1", "null is no receipt", 1, b"null".to_vec()),
    ]
}

pub(super) fn case(name: &str, expected: &str, why: &str, receipts: &[Value]) -> Case {
    Case {
        file: format!("chains/{name}.jsonl"),
        expected: expected.to_owned(),
        why: why.to_owned(),
        text: receipts.iter().flat_map(|receipt| format!("{}\n", text_of(receipt)).into_bytes()).collect(),
    }
}
