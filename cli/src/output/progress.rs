//! A progress bar on standard error, where somebody can see it.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts receipts. Nothing is drawn when standard error is no terminal or the work is short.
pub(crate) struct Progress {
    bar: ProgressBar,
    seen: u64,
}

const STYLE: &str = "verifying {wide_bar} {human_pos}/{human_len} receipts, {per_sec}, {eta} left";
/// Below this many receipts a bar would only flicker.
const WORTH_SHOWING: u64 = 20_000;
/// How many receipts go by between two looks at the clock.
const STEP: u64 = 512;

impl Progress {
    /// A bar towards `total` receipts.
    pub(crate) fn towards(total: u64) -> Self {
        if total < WORTH_SHOWING || !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), seen: 0 };
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style);
        }
        Self { bar, seen: 0 }
    }

    /// One receipt more.
    pub(crate) fn step(&mut self) {
        self.seen += 1;
        if self.seen.is_multiple_of(STEP) {
            self.bar.set_position(self.seen);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_one_that_the_bar_understands() {
        assert!(ProgressStyle::with_template(STYLE).is_ok());
    }

    #[test]
    fn short_work_has_no_bar() {
        assert!(Progress::towards(WORTH_SHOWING - 1).bar.is_hidden());
    }
}
