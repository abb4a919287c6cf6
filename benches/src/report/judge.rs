//! The goals.

use super::Figures;
use super::bar::{Bar, Unit};

/// Holds the figures against the goals, in the order in which they were set.
pub(crate) fn judge(figures: &Figures) -> Vec<Bar> {
    let acknowledged = figures.acknowledged.receipts_per_second;
    let mut bars = vec![
        Bar::at_least(
            "acknowledged load against the floor",
            acknowledged / figures.floor_per_second(),
            0.65,
            Unit::Percent,
        ),
        Bar::at_least("acknowledged load", acknowledged, 18_000.0, Unit::PerSecond),
        Bar::at_least(
            "load without acknowledgements",
            figures.unacknowledged.receipts_per_second,
            acknowledged,
            Unit::PerSecond,
        ),
    ];
    bars.extend(latency(figures));
    bars.extend(verification(figures));
    bars.extend(growth(figures));
    bars.extend([
        Bar::below("one event's cost to its emitter", figures.emit_cost.busy.p50, 15.0, Unit::Microseconds),
        Bar::below("disk a receipt", or_nan(figures.acknowledged.bytes_a_receipt), 1900.0, Unit::Bytes),
    ]);
    bars
}

fn latency(figures: &Figures) -> Vec<Bar> {
    let lone = figures.lone.ack_microseconds;
    let p50 = or_nan(lone.map(|times| times.p50));
    let floor = &figures.floors[0];
    let reachable = figures.machine.fdatasync.p50 + floor.alone_cpu_microseconds;
    vec![
        Bar::below("one event, p50", p50, 250.0, Unit::Microseconds),
        Bar::below("one event, p50, against disk and processor", p50, 1.6 * reachable, Unit::Microseconds),
        Bar::below("one event, p99", or_nan(lone.map(|times| times.p99)), 3.0 * p50, Unit::Microseconds),
        Bar::below(
            "64 emitters, p99",
            or_nan(figures.many.ack_microseconds.map(|times| times.p99)) / 1e3,
            8.0,
            Unit::Milliseconds,
        ),
    ]
}

fn verification(figures: &Figures) -> Vec<Bar> {
    let [small, large] = &figures.verified[..] else { return Vec::new() };
    vec![
        Bar::at_least("verification against all cores", large.of_all_cores, 0.8, Unit::Percent),
        Bar::below("verification's memory", large.peak_rss as f64, 64e6, Unit::Megabytes),
        Bar::below(
            "verification's memory, ten times the receipts",
            large.peak_rss as f64,
            small.peak_rss as f64 * SAME,
            Unit::Megabytes,
        ),
    ]
}

fn growth(figures: &Figures) -> Vec<Bar> {
    let (Some(small), Some(large)) = (figures.grown.first(), figures.grown.last()) else { return Vec::new() };
    let footprint = &figures.footprint;
    vec![
        Bar::below("start-up, longest history", large.start_up, 50.0, Unit::Milliseconds),
        Bar::below(
            "start-up against a short history",
            large.start_up,
            small.start_up * 1.2,
            Unit::Milliseconds,
        ),
        Bar::below("daemon's memory", footprint.peak as f64, 40e6, Unit::Megabytes),
        Bar::below(
            "daemon's memory, late against early",
            footprint.late as f64,
            footprint.early as f64 * SAME,
            Unit::Megabytes,
        ),
    ]
}

/// Figures of memory that differ by less are the same: an allocator keeps what it likes.
const SAME: f64 = 1.1;

fn or_nan(figure: Option<f64>) -> f64 {
    figure.unwrap_or(f64::NAN)
}
