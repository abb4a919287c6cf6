//! Whether the clock was set back, as far as receipts tell.

use std::ops::ControlFlow;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use agent_receipts_store::{Order, Query, ReceiptReader, Row};

use super::check::Check;
use super::scene::Scene;
use crate::reading::Reading;

const NAME: &str = "clock";
const MEND: &str =
    "have the clock kept by NTP; the order of receipts is that of their sequence, whatever their times say";

pub(super) fn check(scene: &Scene) -> Check {
    let newest = Query { order: Order::Newest, limit: Some(LOOKED_AT), ..Query::default() };
    let asked = Reading::open(&scene.database).and_then(|mut reading| {
        reading.ask(|reader| {
            let mut moments = Vec::new();
            reader.stream(&newest, &mut |stored| {
                moments.extend(Moment::of(&stored.row));
                ControlFlow::Continue(())
            })?;
            Ok(moments)
        })
    });
    match asked {
        Ok(moments) => judge(&moments, now()),
        Err(error) => {
            Check::of_failure(NAME, error.into(), "--db or AGENTRECEIPTS_DB names another database")
        }
    }
}

/// When a receipt was recorded, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moment {
    seconds: i64,
    place: String,
}

impl Moment {
    fn of(row: &Row) -> Option<Self> {
        let seconds = Timestamp::parse(&row.timestamp).ok()?.unix_seconds();
        Some(Self { seconds, place: format!("`{}` #{}", row.chain_id, row.sequence) })
    }
}

/// `moments`: the newest first, in the order of recording.
fn judge(moments: &[Moment], now: i64) -> Check {
    let Some(newest) = moments.first() else { return Check::ok(NAME, "no receipts yet") };
    let ahead = newest.seconds.saturating_sub(now);
    if ahead > TOLERANCE {
        let reason = format_args!(
            "{} was recorded {ahead} s in the future: the clock was set back since",
            newest.place
        );
        return Check::warn(NAME, reason, MEND);
    }
    // Of a receipt and the one that was recorded right after it.
    let steps = moments.windows(2).filter_map(|pair| {
        let [later, earlier] = pair else { return None };
        let back = earlier.seconds.saturating_sub(later.seconds);
        (back > TOLERANCE).then_some((back, later))
    });
    match steps.max_by_key(|(back, _)| *back) {
        Some((back, later)) => {
            Check::warn(NAME, format_args!("the clock stepped back by {back} s before {}", later.place), MEND)
        }
        None => Check::ok(NAME, format_args!("no step back in the newest {}", moments.len())),
    }
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// How many receipts are looked at.
const LOOKED_AT: u64 = 10_000;
/// Seconds; receipts hold whole ones, and clocks are slewed by little.
const TOLERANCE: i64 = 2;

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    fn judged(newest_first: &[i64], now: i64) -> Check {
        let moments: Vec<_> = newest_first
            .iter()
            .map(|seconds| Moment { seconds: *seconds, place: format!("at {seconds}") })
            .collect();
        judge(&moments, now)
    }

    #[test]
    fn a_step_back_is_found_and_the_greatest_is_named() {
        assert_eq!(judged(&[30, 20, 20, 10], 40).status, Status::Ok);
        assert_eq!(judged(&[], 40).status, Status::Ok);
        // Within what slewing does.
        assert_eq!(judged(&[28, 30], 40).status, Status::Ok);
        let stepped = judged(&[35, 30, 3_630, 3_600, 3_610, 3_000], 4_000);
        assert_eq!(stepped.status, Status::Warn);
        assert!(stepped.reason.contains("by 3600 s before at 30"), "{stepped:?}");
    }

    #[test]
    fn a_receipt_of_the_future_tells_of_a_clock_that_was_set_back() {
        assert_eq!(judged(&[42], 40).status, Status::Ok);
        let ahead = judged(&[3_640], 40);
        assert!(ahead.status == Status::Warn && ahead.reason.contains("3600 s in the future"), "{ahead:?}");
    }
}
