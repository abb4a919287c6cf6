//! Keys over a whole store, honest ones and planted ones (receipts-format §2.5).

use agent_receipts_chain::{KeyLineage, KeyRing, Options, Reason, Verdict};
use agent_receipts_core::PublicKey;

use crate::support::{Chain, Key, assert_broken, assert_valid, codes, rotation, verify, verify_with};

const NO_ROTATION: &str =
    "verified against an archived key, but the chain has no key rotation that installs the published key";
const OTHER_END: &str = "rotation chain does not terminate at the published key";

fn ring(published: &Key, archived: &[&Key], store: &[&Chain]) -> KeyRing {
    let mut lineage = KeyLineage::new(published.public(), archived.iter().map(|key| key.public()));
    for chain in store {
        chain.texts.iter().for_each(|text| lineage.observe(&chain.id, text));
    }
    lineage.resolve()
}

fn strictly(chain: &Chain, ring: KeyRing) -> Verdict {
    verify_with(&chain.texts, ring, Options { strict: true, ..Options::default() }).0
}

struct Rotated {
    old: Key,
    new: Key,
    root: Chain,
}

/// A root chain that was rotated and goes on.
fn rotated() -> Rotated {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut root = Chain::of("audit", &old, 2);
    root.rotate(&old, &new).grow(&new, 2);
    Rotated { old, new, root }
}

/// Regression: after one rotation the reference calls every older chain BROKEN, and every agent's chain that goes on
/// (receipts-better §0.3 item 2).
#[test]
fn better_0_3_item_2_a_rotation_breaks_no_other_chain() {
    let Rotated { old, new, root } = rotated();
    let older = Chain::of("2026-11-21", &old, 3);
    let closed_agent = Chain::of("audit/agent/a", &old, 2);
    let new_agent = Chain::of("audit/agent/b", &new, 2);
    let mut continued_agent = Chain::of("audit/agent/c", &old, 2);
    continued_agent.grow(&new, 2);
    let store = [&root, &older, &closed_agent, &new_agent, &continued_agent];
    let ring = ring(&new, &[&old], &store);
    for chain in store {
        let verdict = verify(&chain.texts, ring.clone());
        assert_valid(&verdict);
        assert_valid(&strictly(chain, ring.clone()));
        let expected: &[&str] = if chain.id.ends_with('c') { &["rotation_in_another_chain"] } else { &[] };
        assert_eq!(codes(&verdict), expected, "{}", chain.id);
    }
}

#[test]
fn the_order_of_the_chains_does_not_matter() {
    let Rotated { old, new, root } = rotated();
    let older = Chain::of("2026-11-21", &old, 3);
    for store in [[&older, &root], [&root, &older]] {
        assert_valid(&verify(&older.texts, ring(&new, &[&old], &store)));
    }
}

#[test]
fn a_chain_that_rotates_by_itself_needs_no_lineage() {
    let Rotated { old, new, root } = rotated();
    let ring = KeyRing::new(new.public(), [Key::new(9).public(), old.public()]);
    let verdict = strictly(&root, ring);
    assert_valid(&verdict);
    assert_eq!(verdict.genesis_key, Some(old.public().fingerprint()));
    assert_eq!(verdict.findings, []);
}

#[test]
fn without_the_archive_the_chain_is_broken() {
    let Rotated { new, root, .. } = rotated();
    let verdict = verify(&root.texts, ring(&new, &[], &[&root]));
    assert_eq!((verdict.broken_at, verdict.reason), (Some(0), Some(Reason::BadSignature)));
}

#[test]
fn an_archived_key_alone_vouches_for_nothing() {
    let (old, new) = (Key::new(1), Key::new(2));
    let chain = Chain::of("audit", &old, 3);
    let verdict = verify(&chain.texts, ring(&new, &[&old], &[&chain]));
    assert_broken(&verdict, None, NO_ROTATION);
    assert_eq!(verdict.reason, Some(Reason::KeyNotTrusted));
    assert_broken(&verify(&chain.texts, KeyRing::new(new.public(), [old.public()])), None, NO_ROTATION);
}

#[test]
fn rotations_that_lead_elsewhere_are_refused() {
    let Rotated { old, root, .. } = rotated();
    let published = Key::new(3);
    assert_broken(&verify(&root.texts, ring(&published, &[&old], &[&root])), None, OTHER_END);
}

/// Anybody can sign "my key hands over to the published key" with a key of his own.
#[test]
fn a_planted_key_that_rotates_to_the_published_one_is_refused() {
    let Rotated { old, new, root } = rotated();
    let forger = Key::new(66);
    let mut ends_in_rotation = Chain::of("2026-11-20", &forger, 2);
    ends_in_rotation.rotate(&forger, &new);
    let plain = Chain::of("2026-11-19", &forger, 2);
    let mut through_old = Chain::of("2026-11-18", &forger, 2);
    through_old.rotate(&forger, &old);
    let store = [&root, &ends_in_rotation, &plain, &through_old];
    let ring = ring(&new, &[&forger, &old], &store);
    assert!(ring.vouches_for(&old.public()) && !ring.vouches_for(&forger.public()));
    for forged in [&ends_in_rotation, &plain, &through_old] {
        let verdict = verify(&forged.texts, ring.clone());
        assert_eq!(verdict.reason, Some(Reason::KeyNotTrusted), "{}", forged.id);
    }
    assert_valid(&verify(&root.texts, ring));
}

#[test]
fn a_forger_cannot_go_on_under_the_published_key() {
    let Rotated { old, new, root } = rotated();
    let forger = Key::new(66);
    // Genuine receipts of the published key, moved behind the forged rotation: their links tell.
    let mut forged = Chain::of("audit", &forger, 2);
    forged.rotate(&forger, &new);
    forged.texts.extend_from_slice(&root.texts[3..]);
    let ring = ring(&new, &[&forger, &old], &[&forged]);
    assert!(!ring.vouches_for(&forger.public()));
    let verdict = verify(&forged.texts, ring);
    assert_broken(&verdict, 3, None);
    assert_eq!(verdict.reason, Some(Reason::BadHashLink));
    assert!(!verdict.integrity.keys_confirmed);
}

#[test]
fn a_rotation_must_be_signed_by_the_key_that_goes() {
    let Rotated { old, new, root } = rotated();
    let (victim, forger) = (Key::new(5), Key::new(66));
    let claim = rotation(&victim.public(), &new.public());
    let mut forged = Chain::new("x");
    forged.add(&forger, |receipt| receipt.subject.key_rotation = Some(claim)).grow(&new, 1);
    let ring = ring(&new, &[&victim, &forger, &old], &[&root, &forged]);
    assert!(!ring.vouches_for(&victim.public()) && !ring.vouches_for(&forger.public()));
}

#[test]
fn a_follower_in_another_chain_confirms_nothing() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut first = Chain::new("a");
    first.rotate(&old, &new);
    let mut second = Chain::new("b");
    let link = first.hashes[0].to_string();
    second.add(&new, |receipt| receipt.subject.chain.previous_receipt_hash = Some(link));
    let ring = ring(&new, &[&old], &[&first, &second]);
    assert!(!ring.vouches_for(&old.public()));
}

#[test]
fn keys_are_vouched_for_through_several_rotations() {
    let keys: Vec<_> = (1..=4).map(Key::new).collect();
    let mut root = Chain::of("audit", &keys[0], 1);
    // The second key signs nothing but the next rotation.
    root.rotate(&keys[0], &keys[1]).rotate(&keys[1], &keys[2]).grow(&keys[2], 1);
    root.rotate(&keys[2], &keys[3]).grow(&keys[3], 1);
    let others: Vec<_> = keys.iter().map(|key| Chain::of("old", key, 2)).collect();
    // Only the oldest key's archive survived; the others stand in the rotations.
    let ring = ring(&keys[3], &[&keys[0]], &[&root]);
    for chain in &others {
        assert_valid(&verify(&chain.texts, ring.clone()));
    }
    assert_valid(&verify(&root.texts, ring.clone()));
    let mut leaping = Chain::of("agent", &keys[0], 1);
    leaping.grow(&keys[3], 1);
    assert_valid(&verify(&leaping.texts, ring.clone()));
    let mut backwards = Chain::of("agent", &keys[2], 1);
    backwards.grow(&keys[1], 1);
    assert_broken(&verify(&backwards.texts, ring), 1, None);
}

#[test]
fn a_rotation_seen_before_its_outgoing_key_is_known_counts_later() {
    let keys: Vec<_> = (1..=3).map(Key::new).collect();
    let mut later = Chain::of("a", &keys[1], 1);
    later.rotate(&keys[1], &keys[2]).grow(&keys[2], 1);
    let mut earlier = Chain::of("b", &keys[0], 1);
    earlier.rotate(&keys[0], &keys[1]).grow(&keys[1], 1);
    let ring = ring(&keys[2], &[&keys[0]], &[&later, &earlier]);
    assert!(keys.iter().all(|key| ring.vouches_for(&key.public())));
}

#[test]
fn a_fresh_rotation_is_accepted_with_a_warning_until_the_new_key_signs() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut root = Chain::of("audit", &old, 2);
    root.rotate(&old, &new);
    let older = Chain::of("2026-11-21", &old, 2);
    let fresh = ring(&new, &[&old], &[&older, &root]);
    for chain in [&root, &older] {
        let verdict = verify(&chain.texts, fresh.clone());
        assert_valid(&verdict);
        assert_eq!(codes(&verdict), ["rotation_unconfirmed"], "{}", chain.id);
        let strict = strictly(chain, fresh.clone());
        assert_eq!(strict.reason, Some(Reason::KeyNotTrusted), "{}", chain.id);
    }
    root.grow(&new, 1);
    let confirmed = ring(&new, &[&old], &[&older, &root]);
    for chain in [&root, &older] {
        assert_eq!(codes(&verify(&chain.texts, confirmed.clone())), [""; 0]);
    }
}

#[test]
fn a_key_that_somebody_knows_can_be_trusted_by_name() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut rotated = Chain::of("2026-11-21", &old, 2);
    rotated.rotate(&old, &new);
    let elsewhere = Chain::of("2026-11-22", &new, 1);
    let mut ring = ring(&new, &[&old], &[&rotated, &elsewhere]);
    assert!(!verify(&rotated.texts, ring.clone()).valid, "the new key signed, and confirmed nothing");
    ring.trust(old.public());
    assert_valid(&strictly(&rotated, ring));
}

#[test]
fn a_chain_that_starts_with_the_published_key_is_as_the_reference_has_it() {
    let (published, next) = (Key::new(1), Key::new(2));
    let mut chain = Chain::of("audit", &published, 1);
    chain.rotate(&published, &next).grow(&next, 1);
    assert_valid(&verify(&chain.texts, ring(&published, &[], &[&chain])));
}

#[test]
fn floods_of_rotations_are_bounded_and_counted() {
    let Rotated { old, new, root } = rotated();
    let forger = Key::new(66);
    let mut flood = Chain::new("0");
    for n in 0..1500_u32 {
        let mut unknown = [7; 32];
        unknown[..4].copy_from_slice(&n.to_be_bytes());
        let claim = rotation(&PublicKey::from_bytes(unknown), &new.public());
        flood.add(&forger, |receipt| receipt.subject.key_rotation = Some(claim));
    }
    let ring = ring(&new, &[&old], &[&flood, &root]);
    assert_eq!(ring.overlooked_rotations(), 1500 - 1024);
    assert_valid(&verify(&root.texts, ring));
}

#[test]
fn garbage_in_a_store_does_no_harm() {
    let Rotated { old, new, root } = rotated();
    let mut lineage = KeyLineage::new(new.public(), [old.public()]);
    for garbage in [&b""[..], b"keyRotation", b"{\"keyRotation\":", &[0xff; 64], b"[[[[\"keyRotation\"]]]]"] {
        lineage.observe("audit", garbage);
        lineage.observe("", garbage);
    }
    root.texts.iter().for_each(|text| lineage.observe("audit", text));
    assert!(lineage.resolve().vouches_for(&old.public()));
}

#[test]
fn a_follower_must_be_signed_by_the_incoming_key() {
    let Rotated { old, new, root } = rotated();
    let forger = Key::new(66);
    let mut forged = Chain::of("x", &forger, 1);
    forged.rotate(&forger, &new).grow(&forger, 1);
    let ring = ring(&new, &[&old, &forger], &[&root, &forged]);
    assert!(!ring.vouches_for(&forger.public()) && ring.vouches_for(&old.public()));
}

#[test]
fn receipts_filed_under_another_chain_prove_nothing() {
    let Rotated { old, new, root } = rotated();
    let mut lineage = KeyLineage::new(new.public(), [old.public()]);
    root.texts.iter().for_each(|text| lineage.observe("elsewhere", text));
    assert!(!lineage.resolve().vouches_for(&old.public()));
}

#[test]
fn a_rotation_kept_for_later_is_checked_later() {
    let (oldest, middle, published, forger) = (Key::new(1), Key::new(2), Key::new(3), Key::new(66));
    let claim = rotation(&middle.public(), &published.public());
    let mut forged = Chain::new("a");
    forged.add(&forger, |receipt| receipt.subject.key_rotation = Some(claim));
    let mut honest = Chain::of("b", &oldest, 1);
    honest.rotate(&oldest, &middle).grow(&middle, 1);
    let ring = ring(&published, &[&oldest], &[&forged, &honest]);
    assert!(!ring.is_provisional(&middle.public()) && !ring.vouches_for(&middle.public()));
}

#[test]
fn a_detour_through_a_key_that_nobody_vouches_for_leaves_the_chain_in_doubt() {
    let Rotated { old, new, root } = rotated();
    let stranger = Key::new(66);
    let mut detour = Chain::of("x", &old, 1);
    detour.rotate(&old, &stranger).grow(&stranger, 1).rotate(&stranger, &new);
    let lineage = ring(&new, &[&old], &[&root, &detour]);
    assert_eq!(verify(&detour.texts, lineage).reason, Some(Reason::KeyNotTrusted));
    // A receipt of the published key behind it settles it.
    detour.grow(&new, 1);
    assert_valid(&verify(&detour.texts, ring(&new, &[&old], &[&root, &detour])));
}

/// The reference rotates the chain of the day, which need not be the one that goes on.
#[test]
fn a_chain_goes_on_under_a_key_whose_rotation_nobody_continued() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut day = Chain::new("2026-11-22");
    day.rotate(&old, &new);
    let mut root = Chain::of("audit", &old, 2);
    root.grow(&new, 2);
    let lineage = ring(&new, &[&old], &[&day, &root]);
    let verdict = strictly(&root, lineage);
    assert_valid(&verdict);
    assert_eq!(codes(&verdict), ["rotation_in_another_chain"]);
}

#[test]
fn a_chain_goes_over_to_no_key_beyond_the_published_one_without_saying_so() {
    let (published, next) = (Key::new(1), Key::new(2));
    let mut root = Chain::of("audit", &published, 1);
    root.rotate(&published, &next).grow(&next, 1);
    let mut agent = Chain::of("audit/agent/a", &published, 1);
    agent.grow(&next, 1);
    assert_broken(&verify(&agent.texts, ring(&published, &[], &[&root, &agent])), 1, None);
}

/// As the reference rotates: one chain has the hand-over, another goes on under the new key in silence. A forger with an archive of
/// his own, whose chain ends in a hand-over to the published key, must not be believed for that.
#[test]
fn a_planted_key_gains_nothing_where_a_chain_goes_over_in_silence() {
    let (old, new, forger) = (Key::new(1), Key::new(2), Key::new(66));
    let mut day = Chain::new("2026-11-22");
    day.rotate(&old, &new);
    let mut root = Chain::of("audit", &old, 2);
    root.grow(&new, 2);
    let older = Chain::of("2026-11-21", &old, 2);
    let mut forged = Chain::of("forged", &forger, 2);
    forged.rotate(&forger, &new);
    for store in [[&day, &root, &older, &forged], [&forged, &older, &day, &root]] {
        let mut ring = ring(&new, &[&old, &forger], &store);
        assert!(!ring.is_provisional(&forger.public()) && !ring.vouches_for(&forger.public()));
        assert_eq!(verify(&forged.texts, ring.clone()).reason, Some(Reason::KeyNotTrusted));
        assert_valid(&strictly(&root, ring.clone()));
        // Of these nobody can tell whether the old key or the forger's is the honest one, but whoever knows it.
        for honest in [&day, &older] {
            assert_eq!(
                verify(&honest.texts, ring.clone()).reason,
                Some(Reason::KeyNotTrusted),
                "{}",
                honest.id
            );
        }
        ring.trust(old.public());
        for honest in [&day, &root, &older] {
            assert_valid(&strictly(honest, ring.clone()));
        }
        assert!(!verify(&forged.texts, ring).valid);
    }
}

/// Links do not cover proofs: a forger signs an honest receipt once more, and what follows it links to his as well. That must not
/// make him one whom the published key vouches for.
#[test]
fn an_honest_receipt_signed_again_by_a_forger_vouches_for_nothing() {
    let (old, new, forger) = (Key::new(1), Key::new(2), Key::new(66));
    let mut genuine = Chain::of("audit", &old, 2);
    genuine.grow(&new, 2);
    let mut signed_again = Chain::of("audit", &forger, 2);
    assert_eq!(signed_again.hashes, genuine.hashes[..2]);
    signed_again.texts.extend_from_slice(&genuine.texts[2..]);
    let mut hand_over = Chain::new("x");
    hand_over.rotate(&forger, &new);
    let own = Chain::of("y", &forger, 2);
    let ring = ring(&new, &[&forger], &[&signed_again, &hand_over, &own]);
    assert!(!ring.vouches_for(&forger.public()));
    for forged in [&hand_over, &own] {
        assert_eq!(verify(&forged.texts, ring.clone()).reason, Some(Reason::KeyNotTrusted), "{}", forged.id);
    }
}

/// An export may hold the chains as they were recorded, mixed: the ends count there, too.
#[test]
fn a_silent_end_is_seen_in_a_file_of_mixed_chains() {
    let (old, new, forger) = (Key::new(1), Key::new(2), Key::new(66));
    let mut root = Chain::of("audit", &old, 2);
    root.grow(&new, 1);
    let mut forged = Chain::of("forged", &forger, 1);
    forged.rotate(&forger, &new);
    let mut lineage = KeyLineage::new(new.public(), [old.public(), forger.public()]);
    for at in 0..3 {
        for chain in [&root, &forged] {
            chain.texts.get(at).into_iter().for_each(|text| lineage.observe(&chain.id, text));
        }
    }
    assert!(!lineage.resolve().is_provisional(&forger.public()));
}
