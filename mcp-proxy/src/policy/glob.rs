//! Patterns of names, with the meaning that they have in the reference (Go's `filepath.Match`).

use thiserror::Error;

/// A pattern: `*` is any text without `/`, `?` any character but `/`, `[a-z]` and `[^a-z]` one character, `\` takes a sign's
/// meaning away.
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
    /// Reads a pattern, each character of which is put into one case by `cased`.
    pub(super) fn parse(text: &str, cased: fn(char) -> char) -> Result<Self, MalformedGlob> {
        let mut rest = text.chars().peekable();
        let mut pieces = Vec::new();
        while let Some(sign) = rest.next() {
            pieces.push(match sign {
                '*' => Piece::Star,
                '?' => Piece::Any,
                '[' => class(&mut rest, cased)?,
                '\\' => Piece::One(cased(rest.next().ok_or(MalformedGlob::Backslash)?)),
                sign => Piece::One(cased(sign)),
            });
            if pieces.len() > MOST_PIECES {
                return Err(MalformedGlob::TooLong);
            }
        }
        Ok(Self { pieces })
    }

    /// Whether a whole name, in the pattern's case, is of this pattern. Takes time in the product of both lengths at most.
    pub(super) fn matches(&self, name: &[char]) -> bool {
        let (mut piece, mut at) = (0, 0);
        // The last star seen, and up to where it reaches so far. Earlier stars are never tried again, as in the reference.
        let mut star: Option<(usize, usize)> = None;
        loop {
            let fits = match (self.pieces.get(piece), name.get(at)) {
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
                Some((star_piece, reached)) if name.get(reached).is_some_and(|&c| c != '/') => {
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
fn class(rest: &mut Signs<'_>, cased: fn(char) -> char) -> Result<Piece, MalformedGlob> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Ok(Piece::Class { negated, ranges });
        }
        let low = member(rest, cased)?;
        let high = if rest.next_if_eq(&'-').is_some() { member(rest, cased)? } else { low };
        if low > high {
            return Err(MalformedGlob::EmptyRange(low, high));
        }
        ranges.push((low, high));
    }
}

fn member(rest: &mut Signs<'_>, cased: fn(char) -> char) -> Result<char, MalformedGlob> {
    match rest.next().ok_or(MalformedGlob::Open)? {
        '-' | ']' => Err(MalformedGlob::Bare),
        '\\' => rest.next().map(cased).ok_or(MalformedGlob::Open),
        sign => Ok(cased(sign)),
    }
}

/// Far more than a name has characters.
const MOST_PIECES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pattern: &str) -> Result<Glob, MalformedGlob> {
        Glob::parse(pattern, |character| character)
    }

    fn matched(pattern: &str, name: &str) -> Option<bool> {
        let name: Vec<char> = name.chars().collect();
        parse(pattern).ok().map(|glob| glob.matches(&name))
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
        assert_eq!(parse("[z-a]"), Err(MalformedGlob::EmptyRange('z', 'a')));
        assert_eq!(parse("[^z-a]"), Err(MalformedGlob::EmptyRange('z', 'a')));
    }

    #[test]
    fn a_pattern_made_to_take_long_does_not() {
        let pattern = "*a".repeat(MOST_PIECES / 2);
        assert_eq!(matched(&pattern, &"a".repeat(400)), Some(false));
        assert_eq!(matched(&format!("{}b", "*a".repeat(20)), &"a".repeat(100_000)), Some(false));
        assert_eq!(parse(&"*".repeat(MOST_PIECES + 1)), Err(MalformedGlob::TooLong));
    }
}
