//! What a change changes, line by line.

use similar::TextDiff;

/// A unified diff of two texts as they may be shown; empty where they are alike.
pub(super) fn unified(from: (&str, &str), to: (&str, &str)) -> String {
    let difference = TextDiff::from_lines(from.1, to.1);
    difference.unified_diff().context_radius(3).header(from.0, to.0).to_string()
}
