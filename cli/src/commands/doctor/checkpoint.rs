//! Whether what is recorded is covered by a signed checkpoint, and how old the last one is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_receipts_chain::KeyRing;
use agent_receipts_chain::checkpoint::SignedCheckpoint;
use agent_receipts_core::Timestamp;
use agent_receipts_store::{CheckpointReader, ReceiptReader, SqliteReader, StoreError};

use super::check::Check;
use super::scene::Scene;
use crate::failure::Failure;
use crate::output::{count, total};
use crate::reading::Reading;
use crate::verification::{Trust, ring_with_archives};

const NAME: &str = "checkpoint age";
const MEND: &str =
    "look into the daemon's log, and restart it: it makes one when it stops, and one an interval";

pub(super) fn check(scene: &Scene) -> Check {
    let asked = Trust::load(&scene.public_key, &[]).map_err(Failure::from).and_then(|trust| {
        let ring = ring_with_archives(&scene.database, &trust)?;
        Ok((ring, Reading::open(&scene.database)?.ask(Found::of)?))
    });
    match asked {
        Ok((ring, found)) => judge(&found, &ring, scene.checkpoint_interval, SystemTime::now()),
        Err(failure) => {
            Check::of_failure(NAME, failure, "--db and --public-key name another database and key")
        }
    }
}

/// What the database holds, or has moved to archives.
#[derive(Debug, Default)]
struct Found {
    receipts: u64,
    /// When the first receipt was recorded.
    since: Option<Timestamp>,
    /// The last checkpoint, as text.
    note: Option<String>,
}

impl Found {
    fn of(reader: &SqliteReader) -> Result<Self, StoreError> {
        let chains = reader.chains()?;
        let moved = reader.moved_chains()?;
        let moved = moved.iter().map(|chain| chain.receipts);
        let first = chains.iter().map(|chain| chain.first_timestamp.as_str()).min();
        let last = reader.checkpoints_up_to(i64::MAX.unsigned_abs(), 1)?;
        Ok(Self {
            receipts: total(chains.iter().map(|chain| chain.length).chain(moved)),
            since: first.and_then(|text| Timestamp::parse(text).ok()),
            note: last.into_iter().next().map(|checkpoint| checkpoint.note),
        })
    }
}

fn judge(found: &Found, ring: &KeyRing, interval: Duration, now: SystemTime) -> Check {
    let receipts = count(found.receipts, "receipt");
    let Some(note) = &found.note else {
        return match found.since.filter(|since| is_late(since, interval, now)) {
            Some(_) => Check::warn(
                NAME,
                format_args!("{receipts} and no checkpoint: a cut end would go unseen"),
                MEND,
            ),
            None => Check::ok(NAME, format_args!("{receipts}, and the first checkpoint is not due yet")),
        };
    };
    let signed = match SignedCheckpoint::parse(note.as_bytes()) {
        Ok(signed) => signed,
        Err(error) => {
            return Check::fail(NAME, format_args!("the last checkpoint cannot be read: {error}"), ALTERED);
        }
    };
    let key = signed.named_among(ring.candidates().iter().filter(|key| ring.vouches_for(key)));
    if key.is_none_or(|key| signed.verify(key).is_err()) {
        return Check::fail(NAME, "the last checkpoint is signed by no key of this database", ALTERED);
    }
    let checkpoint = signed.checkpoint();
    if checkpoint.size > found.receipts {
        let reason = format_args!(
            "the last checkpoint is over {}, and there are {receipts}",
            count(checkpoint.size, "receipt")
        );
        return Check::fail(NAME, reason, ALTERED);
    }
    let covered = format!("{} of {receipts} covered since {}", checkpoint.size, checkpoint.time.to_rfc3339());
    if checkpoint.size < found.receipts && is_late(&checkpoint.time, interval, now) {
        return Check::warn(NAME, covered, MEND);
    }
    Check::ok(NAME, covered)
}

/// Whether more than two intervals have passed since: one may have been missed by a moment.
fn is_late(since: &Timestamp, interval: Duration, now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let age = now.saturating_sub(u64::try_from(since.unix_seconds()).unwrap_or(0));
    age > interval.as_secs().saturating_mul(2)
}

const ALTERED: &str = "somebody has altered or cut the database: hold it against a copy or an anchor with `agent-receipts verify`";

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;
    use agent_receipts_chain::checkpoint::{Checkpoint, HeadList, KeyName};
    use agent_receipts_chain::tree::NodeHash;
    use agent_receipts_core::{PublicKey, Signature, Signer};
    use ring::signature::{Ed25519KeyPair, KeyPair};

    struct Key(Ed25519KeyPair);

    impl Key {
        fn new(seed: u8) -> Self {
            Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
        }

        fn public(&self) -> PublicKey {
            PublicKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
        }
    }

    impl Signer for Key {
        type Error = std::convert::Infallible;

        fn sign(&self, message: &[u8]) -> Result<Signature, Self::Error> {
            Ok(Signature::from_bytes(self.0.sign(message).as_ref().try_into().unwrap()))
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn moment(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds, 0).unwrap()
    }

    fn signed(key: &Key, size: u64, seconds: i64) -> String {
        let origin = KeyName::new("example.org/log").unwrap();
        let root = NodeHash::from_bytes([7; 32]);
        let text = Checkpoint::new(
            origin,
            (size, root),
            moment(seconds),
            key.public().fingerprint(),
            &HeadList::new([]),
        );
        SignedCheckpoint::sign(text, &key.public(), key).unwrap().note().to_string()
    }

    fn judged(receipts: u64, note: Option<String>, now: u64) -> Check {
        let ring = KeyRing::new(Key::new(1).public(), []);
        let since = (receipts > 0).then(|| moment(1_000));
        judge(&Found { receipts, since, note }, &ring, HOUR, at(now))
    }

    #[test]
    fn what_is_covered_is_well_however_long_ago() {
        assert_eq!(judged(5, Some(signed(&Key::new(1), 5, 1_000)), 10_000_000).status, Status::Ok);
        assert_eq!(judged(6, Some(signed(&Key::new(1), 5, 1_000)), 1_000 + 7_200).status, Status::Ok);
        assert_eq!(judged(6, Some(signed(&Key::new(1), 5, 1_000)), 1_001 + 7_200).status, Status::Warn);
    }

    #[test]
    fn without_a_checkpoint_two_intervals_are_waited_for() {
        assert_eq!(judged(0, None, 10_000_000).status, Status::Ok);
        assert_eq!(judged(5, None, 2_000).status, Status::Ok);
        assert_eq!(judged(5, None, 1_001 + 7_200).status, Status::Warn);
    }

    #[test]
    fn a_checkpoint_that_the_database_does_not_bear_out_fails() {
        let key = Key::new(1);
        assert_eq!(judged(4, Some(signed(&key, 5, 1_000)), 2_000).status, Status::Fail, "cut");
        assert_eq!(
            judged(5, Some(signed(&Key::new(2), 5, 1_000)), 2_000).status,
            Status::Fail,
            "another's key"
        );
        let altered = signed(&key, 5, 1_000).replacen("\n5\n", "\n4\n", 1);
        assert_eq!(judged(5, Some(altered), 2_000).status, Status::Fail, "altered");
        assert_eq!(judged(5, Some("nonsense".to_owned()), 2_000).status, Status::Fail);
    }
}
