//! Patterns of names, with the meaning that they have in the reference (Go's `filepath.Match`).

use serde::de;
use thiserror::Error;

use super::fold::folded_char;

/// A pattern: `*` is any text without `/`, `?` any character but `/`, `[a-z]` and `[^a-z]` one character, `\` takes a sign's
/// meaning away. Case is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    pieces: Vec<Piece>,
}

/// A text that is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum MalformedGlob {
    /// A `\` with nothing behind it.
    #[error("a `\\` stands at its end")]
    Backslash,
    /// A `[` without its `]`.
    #[error("a `[` is not closed")]
    Open,
    /// Nothing between `[` and `]`, or a `-` without what stands before and behind it.
    #[error("within `[…]`, a `]` or `-` that means itself is written `\\]` or `\\-`")]
    Bare,
    /// From a later character to an earlier one.
    #[error("the range `{0}-{1}` holds nothing")]
    EmptyRange(char, char),
    /// Longer than anybody writes.
    #[error("it has more than {MOST_PIECES} signs")]
    TooLong,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Star,
    Any,
    One(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, MalformedGlob> {
        let mut rest = text.chars().peekable();
        let mut pieces = Vec::new();
        while let Some(sign) = rest.next() {
            pieces.push(match sign {
                '*' => Piece::Star,
                '?' => Piece::Any,
                '[' => class(&mut rest)?,
                '\\' => Piece::One(folded_char(rest.next().ok_or(MalformedGlob::Backslash)?)),
                sign => Piece::One(folded_char(sign)),
            });
            if pieces.len() > MOST_PIECES {
                return Err(MalformedGlob::TooLong);
            }
        }
        Ok(Self { pieces })
    }

    /// The same for a YAML reader. The reference switches a rule with a malformed pattern off; here it is refused at load.
    pub(super) fn read<E: de::Error>(text: &str) -> Result<Self, E> {
        Self::parse(text)
            .map_err(|reason| E::custom(format_args!("the pattern `{text}` is malformed: {reason}")))
    }

    /// Whether a whole name, folded already, is of this pattern. Takes time in the product of both lengths at most.
    pub(super) fn matches(&self, folded: &[char]) -> bool {
        let (mut piece, mut at) = (0, 0);
        // The last star seen, and up to where it reaches so far. Earlier stars are never tried again, as in the reference.
        let mut star: Option<(usize, usize)> = None;
        loop {
            let fits = match (self.pieces.get(piece), folded.get(at)) {
                (None, None) => return true,
                (Some(Piece::Star), _) => {
                    star = Some((piece, at));
                    piece += 1;
                    continue;
                }
                (Some(wanted), Some(&found)) => wanted.fits(found),
                _ => false,
            };
            if fits {
                (piece, at) = (piece + 1, at + 1);
                continue;
            }
            match star {
                Some((star_piece, reached)) if folded.get(reached).is_some_and(|&c| c != '/') => {
                    star = Some((star_piece, reached + 1));
                    (piece, at) = (star_piece + 1, reached + 1);
                }
                _ => return false,
            }
        }
    }
}

impl Piece {
    fn fits(&self, found: char) -> bool {
        match self {
            Piece::Star => false,
            Piece::Any => found != '/',
            Piece::One(wanted) => *wanted == found,
            Piece::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&found)) != *negated
            }
        }
    }
}

type Signs<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// A class whose `[` has been taken.
fn class(rest: &mut Signs<'_>) -> Result<Piece, MalformedGlob> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Ok(Piece::Class { negated, ranges });
        }
        let low = member(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { member(rest)? } else { low };
        if low > high {
            return Err(MalformedGlob::EmptyRange(low, high));
        }
        ranges.push((low, high));
    }
}

fn member(rest: &mut Signs<'_>) -> Result<char, MalformedGlob> {
    match rest.next().ok_or(MalformedGlob::Open)? {
        '-' | ']' => Err(MalformedGlob::Bare),
        '\\' => rest.next().map(folded_char).ok_or(MalformedGlob::Open),
        sign => Ok(folded_char(sign)),
    }
}

/// Far more than a name has characters.
const MOST_PIECES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fold::folded;

    fn matched(pattern: &str, name: &str) -> Option<bool> {
        let name: Vec<char> = folded(name).chars().collect();
        Glob::parse(pattern).ok().map(|glob| glob.matches(&name))
    }

    #[test]
    fn every_pattern_means_what_it_means_to_go() {
        // What `filepath.Match` of Go 1.26 answers, `None` for an error.
        for (pattern, name, expected) in [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "a", Some(true)),
            ("a*", "abc", Some(true)),
            ("a*", "ab/c", Some(false)),
            ("a*/b", "abc/b", Some(true)),
            ("a*/b", "a/c/b", Some(false)),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", Some(false)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[e-g]", "abc", Some(false)),
            ("ab[^c]", "abc", Some(false)),
            ("ab[^b-d]", "abc", Some(false)),
            ("ab[^e-g]", "abc", Some(true)),
            ("a\\*b", "a*b", Some(true)),
            ("a\\*b", "ab", Some(false)),
            ("a?b", "a☺b", Some(true)),
            ("a[^a]b", "a☺b", Some(true)),
            ("a???b", "a☺b", Some(false)),
            ("[a-ζ]*", "α", Some(true)),
            ("*[a-ζ]", "a", Some(true)),
            ("a?b", "a/b", Some(false)),
            ("a*b", "a/b", Some(false)),
            ("[\\]a]", "]", Some(true)),
            ("[\\-]", "-", Some(true)),
            ("[x\\-]", "x", Some(true)),
            ("[x\\-]", "-", Some(true)),
            ("[x\\-]", "z", Some(false)),
            ("[\\-x]", "-", Some(true)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[-x]", "x", None),
            ("\\", "a", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("[^bc", "a", None),
            ("a[", "a", None),
            ("a[", "ab", None),
            ("a[", "x", None),
            ("a/b[", "x", None),
            ("*x", "xxx", Some(true)),
            ("[!a]", "!", Some(true)),
            ("[!a]", "b", Some(false)),
            ("[^a]", "/", Some(true)),
            ("[a/]", "/", Some(true)),
            ("a[/]b", "a/b", Some(true)),
            ("", "", Some(true)),
            ("", "a", Some(false)),
            ("*", "", Some(true)),
            ("**", "a", Some(true)),
            ("?", "", Some(false)),
            ("*[^x]*b", "c/ab", Some(false)),
            ("a[]", "a", None),
            ("a[^]b", "a", None),
            ("[a", "a", None),
            ("]", "]", Some(true)),
            ("a-b", "a-b", Some(true)),
            ("[a\\", "a", None),
            ("*a*a*a*b", "aaaaaaaaaaaa", Some(false)),
            ("**b", "ab", Some(true)),
            ("a**/b", "axx/b", Some(true)),
            ("[^-]", "a", None),
            ("{a,b}", "a", Some(false)),
            ("{a,b}", "{a,b}", Some(true)),
            ("[[]", "[", Some(true)),
            ("[a-]", "a", None),
            ("[--a]", "b", None),
            ("a*?", "a", Some(false)),
            ("a*?", "ab", Some(true)),
            ("*\\", "a", None),
            ("[^^]", "^", Some(false)),
            ("[^^]", "a", Some(true)),
            ("[\\a-c]", "b", Some(true)),
            ("[a-\\c]", "b", Some(true)),
        ] {
            assert_eq!(matched(pattern, name), expected, "{pattern} against {name}");
        }
    }

    #[test]
    fn an_empty_range_is_refused_though_go_lets_it_never_match() {
        assert_eq!(Glob::parse("[z-a]"), Err(MalformedGlob::EmptyRange('z', 'a')));
        assert_eq!(Glob::parse("[^z-a]"), Err(MalformedGlob::EmptyRange('z', 'a')));
    }

    #[test]
    fn no_case_dodges_a_pattern() {
        for (pattern, name) in [
            ("delete_*", "DELETE_all"),
            ("DELETE_*", "delete_all"),
            ("send_*", "\u{17f}end_mail"),
            ("*token*", "to\u{212a}en"),
            ("*TO\u{212a}EN*", "token"),
            ("[A-Z]x", "QX"),
            ("\\DELETE", "delete"),
            ("É*", "éa"),
        ] {
            assert_eq!(matched(pattern, name), Some(true), "{pattern} against {name}");
        }
        for name in ["\u{200b}delete_all", "delete\u{200b}_all", "dеlete_all", "ｄelete_all"] {
            assert_eq!(matched("delete_*", name), Some(false), "{name:?} is another tool's name");
        }
    }

    #[test]
    fn a_pattern_made_to_take_long_does_not() {
        let pattern = "*a".repeat(MOST_PIECES / 2);
        assert_eq!(matched(&pattern, &"a".repeat(400)), Some(false));
        assert_eq!(matched(&format!("{}b", "*a".repeat(20)), &"a".repeat(100_000)), Some(false));
        assert_eq!(Glob::parse(&"*".repeat(MOST_PIECES + 1)), Err(MalformedGlob::TooLong));
    }
}
