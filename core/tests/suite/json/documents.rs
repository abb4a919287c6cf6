//! Random documents from a seed.

use serde_json::{Map, Number, Value};

use crate::support::Chance;

/// A document of at most `depth` levels.
pub(super) fn document(chance: &mut Chance, depth: usize) -> Value {
    match chance.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => Value::Bool(chance.below(2) == 0),
        2 | 3 => Value::Number(number(chance)),
        4 => Value::String(text(chance)),
        5 => (0..chance.below(6)).map(|_| document(chance, depth - 1)).collect(),
        _ => {
            let members: Map<_, _> =
                (0..chance.below(8)).map(|_| (text(chance), document(chance, depth - 1))).collect();
            members.into()
        }
    }
}

/// Any finite double, with a liking for the ones whose printing is hard.
pub(super) fn number(chance: &mut Chance) -> Number {
    const EDGES: [f64; 19] = [
        0.0,
        -0.0,
        1e-6,
        1e-7,
        1e20,
        1e21,
        9.999_999_999_999_999e20,
        5e-324,
        2.225_073_858_507_201_4e-308,
        f64::MAX,
        f64::MIN,
        0.1,
        0.30000000000000004,
        9_007_199_254_740_991.0,
        9_007_199_254_740_992.0,
        9_007_199_254_740_993.0,
        -1.5,
        4.35,
        1e23,
    ];
    let number = match chance.below(6) {
        0 => EDGES[chance.below(EDGES.len())],
        1 => (chance.next() as i64 >> chance.below(64)) as f64,
        2 => (chance.next() >> chance.below(64)) as f64 / 1000.0,
        3 => f64::from_bits(f64::to_bits(EDGES[chance.below(EDGES.len())]).wrapping_add(chance.next() % 5)),
        _ => f64::from_bits(chance.next()),
    };
    Number::from_f64(number).unwrap_or_else(|| Number::from(chance.next() as u32))
}

/// Text with a liking for escapes, the borders of planes, and names that sort differently in UTF-8 and UTF-16.
pub(super) fn text(chance: &mut Chance) -> String {
    const EDGES: [char; 24] = [
        '\0',
        '\u{1}',
        '\u{8}',
        '\t',
        '\n',
        '\u{b}',
        '\u{c}',
        '\r',
        '\u{1f}',
        '"',
        '\\',
        '/',
        '\u{7f}',
        '\u{80}',
        '\u{7ff}',
        '\u{800}',
        '\u{2028}',
        '\u{2029}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{fffd}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10ffff}',
    ];
    let character = |chance: &mut Chance| match chance.below(4) {
        0 => EDGES[chance.below(EDGES.len())],
        1 => char::from_u32(chance.next() as u32 % 0x11_0000).unwrap_or('\u{1f600}'),
        _ => char::from(b' ' + (chance.below(95) as u8)),
    };
    (0..chance.below(7)).map(|_| character(chance)).collect()
}
