//! Where members and elements come and go, so that what stands around them stays as it is, and taking one away undoes what
//! putting it there did, byte for byte.

use std::ops::Range;

use super::document::{Document, Syntax, quoted};
use super::edit::Edits;
use super::tree::{Kind, Member, Node};

/// What is to be written, without its layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{…}`
    Object(Vec<(String, Shape)>),
    /// Anything that is written in one piece, quotes included.
    Token(String),
}

/// Puts a value behind the last one of an object or an array in JSON: `name` is for objects.
pub(super) fn insert_last(document: &Document, container: &Node, name: Option<&str>, value: &Shape) -> Edits {
    let lines = Lines::of(document, container);
    let text = match name {
        Some(name) => {
            let joint = if lines.broken { ": " } else { ":" };
            format!("{}{joint}{}", quoted(name), lines.render(value, &lines.inner))
        }
        None => lines.render(value, &lines.inner),
    };
    let children = children(container);
    let mut edits = Edits::default();
    let close = container.range.end.saturating_sub(1);
    let from = children.last().map_or(container.range.start + 1, |last| last.end);
    let marks = marks(document, from..close);
    let comment = marks.iter().rfind(|mark| mark.kind == Mark::Comment).map(|mark| mark.range.end);
    let comma = marks.iter().find(|mark| mark.kind == Mark::Comma).map(|mark| mark.range.end);
    let anchor = comment.max(comma).unwrap_or(from);
    // What would follow a comment of its line would be a part of it.
    let in_comment = marks.last().is_some_and(|mark| is_open_ended(document, mark));
    let broken = lines.broken || in_comment;
    let before = if broken { format!("{}{}", lines.line_break, lines.inner) } else { String::new() };
    if children.is_empty() {
        let after = if lines.broken { format!("{}{}", lines.line_break, lines.outer) } else { String::new() };
        edits.replace(anchor..close, format!("{before}{text}{after}"));
    } else if comma.is_some() {
        edits.insert(anchor, format!("{before}{text},"));
    } else {
        edits.insert(from, ",");
        edits.insert(anchor, format!("{before}{text}"));
    }
    edits
}

/// Puts a member, written out, behind another one of an object in JSON or of a table in one line in TOML; `space` sets it off.
pub(super) fn insert_behind(
    document: &Document,
    container: &Node,
    behind: &Member,
    space: &str,
    text: &str,
) -> Edits {
    let end = behind.value.range.end;
    let starts = container.members().unwrap_or_default().iter().map(|member| member.key.start);
    let next = starts.filter(|start| *start > end).min().unwrap_or(container.range.end.saturating_sub(1));
    let marks = marks(document, end..next);
    let comma = marks.iter().find(|mark| mark.kind == Mark::Comma).map(|mark| mark.range.end);
    let from = comma.unwrap_or(end);
    // What is said of the other one in its line stays with it.
    let same_line =
        |mark: &&Marked| mark.range.start >= from && !document.slice(&(from..mark.range.end)).contains('\n');
    let comment = marks.iter().filter(|mark| mark.kind == Mark::Comment).rfind(same_line);
    let open_ended = comment.is_some_and(|mark| is_open_ended(document, mark));
    let anchor = comment.map_or(from, |mark| mark.range.end);
    let space = if open_ended && !space.contains('\n') { document.line_break() } else { space };
    let mut edits = Edits::default();
    if comma.is_some() {
        edits.insert(anchor, format!("{space}{text},"));
    } else {
        edits.insert(end, ",");
        edits.insert(anchor, format!("{space}{text}"));
    }
    edits
}

/// Takes one member or element out of an object or an array in JSON, or of a table or an array in one line in TOML.
pub(super) fn remove(document: &Document, container: &Node, index: usize) -> Edits {
    let children = children(container);
    let mut edits = Edits::default();
    let Some(own) = children.get(index) else { return edits };
    let before = match index.checked_sub(1).and_then(|previous| children.get(previous)) {
        Some(previous) => previous.end,
        None => container.range.start + 1,
    };
    let after = children.get(index + 1).map_or(container.range.end.saturating_sub(1), |next| next.start);
    let gap = marks(document, before..own.start);
    let anchor = gap.last().map_or(before, |mark| mark.range.end);
    let own_comma = marks(document, own.end..after).into_iter().find(|mark| mark.kind == Mark::Comma);
    let comma = gap.iter().find(|mark| mark.kind == Mark::Comma).map(|mark| mark.range.clone());
    let in_comment = gap.last().is_some_and(|mark| is_open_ended(document, mark));
    let end = own_comma.as_ref().map_or(own.end, |comma| comma.range.end);
    // What follows must not become a part of the comment before.
    let follows = document.text.get(end..).unwrap_or_default();
    let kept = match in_comment && !follows.starts_with(['\n', '\r']) {
        true => document.slice(&(anchor..own.start)).to_owned(),
        false => String::new(),
    };
    match comma.filter(|_| own_comma.is_none()) {
        // The last one goes with the comma before it.
        Some(comma) if comma.end == anchor => edits.delete(comma.start..end),
        Some(comma) => {
            edits.delete(comma);
            edits.replace(anchor..end, kept);
        }
        None => edits.replace(anchor..end, kept),
    }
    edits
}

/// Whether there is a comment at a place that holds no values.
pub(super) fn has_comment(document: &Document, range: Range<usize>) -> bool {
    marks(document, range).iter().any(|mark| mark.kind == Mark::Comment)
}

/// The white space that a child of a container is set off by: what stands right before `at`.
pub(super) fn space_before(document: &Document, at: usize) -> &str {
    let before = document.text.get(..at).unwrap_or_default();
    &before[before.trim_end_matches([' ', '\t', '\r', '\n']).len()..]
}

/// Comments in all of a text: what stands between its values and names.
pub(super) fn comments(document: &Document) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    leaves(&document.root, &mut tokens);
    tokens.sort_by_key(|range| range.start);
    let mut found = Vec::new();
    let mut at = 0;
    for token in tokens {
        found.extend(marks(document, at..token.start.max(at)));
        at = at.max(token.end);
    }
    found.extend(marks(document, at..document.text.len()));
    found.into_iter().filter(|mark| mark.kind == Mark::Comment).map(|mark| mark.range).collect()
}

struct Marked {
    kind: Mark,
    range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Comma,
    Comment,
}

/// Whether all that follows in its line is a part of it.
fn is_open_ended(document: &Document, mark: &Marked) -> bool {
    mark.kind == Mark::Comment && !document.slice(&mark.range).starts_with("/*")
}

/// Commas and comments in a stretch of text that holds no values.
fn marks(document: &Document, range: Range<usize>) -> Vec<Marked> {
    let (text, mut at, mut found) = (document.slice(&range), 0, Vec::new());
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = || rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (kind, length) = match (document.syntax, rest.as_bytes()) {
            (_, [b',', ..]) => (Mark::Comma, 1),
            (Syntax::Json, [b'/', b'/', ..]) | (Syntax::Toml, [b'#', ..]) => (Mark::Comment, line()),
            (Syntax::Json, [b'/', b'*', ..]) => {
                (Mark::Comment, rest[2..].find("*/").map_or(rest.len(), |end| end + 4))
            }
            _ => {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        found.push(Marked { kind, range: range.start + at..range.start + at + length });
        at += length;
    }
    found
}

fn leaves(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Object(members) => members.iter().for_each(|member| {
            found.push(member.key.clone());
            leaves(&member.value, found);
        }),
        Kind::Array(elements) => elements.iter().for_each(|element| leaves(element, found)),
        _ => found.push(node.range.clone()),
    }
}

fn children(container: &Node) -> Vec<Range<usize>> {
    match &container.kind {
        Kind::Object(members) => members.iter().map(Member::range).collect(),
        Kind::Array(elements) => elements.iter().map(|element| element.range.clone()).collect(),
        _ => Vec::new(),
    }
}

/// How a container's children are set.
struct Lines {
    broken: bool,
    outer: String,
    inner: String,
    unit: String,
    line_break: &'static str,
}

impl Lines {
    fn of(document: &Document, container: &Node) -> Self {
        let outer = document.indentation(container.range.start).to_owned();
        let first = children(container).first().cloned();
        let space = first.as_ref().map(|first| space_before(document, first.start));
        // A text without any line break is kept in one line; an empty container in other text gets lines.
        let broken = match space {
            Some(space) => space.contains('\n'),
            None => {
                document.root.members().is_none_or(<[_]>::is_empty) || document.text.trim().contains('\n')
            }
        };
        let unit = unit(document);
        let inner = match first.filter(|_| broken) {
            Some(first) => document.indentation(first.start).to_owned(),
            None => format!("{outer}{unit}"),
        };
        Self { broken, outer, inner, unit, line_break: document.line_break() }
    }

    fn render(&self, value: &Shape, indentation: &str) -> String {
        let deeper = format!("{indentation}{}", self.unit);
        let members = match value {
            Shape::Token(token) => return token.clone(),
            Shape::Object(members) => members,
        };
        let joint = if self.broken { ": " } else { ":" };
        let member = |(name, value): &(String, Shape)| {
            format!("{}{joint}{}", quoted(name), self.render(value, &deeper))
        };
        let parts: Vec<String> = members.iter().map(member).collect();
        if !self.broken {
            return format!("{{{}}}", parts.join(","));
        }
        let lines = parts.join(&format!(",{}{deeper}", self.line_break));
        format!("{{{0}{deeper}{lines}{0}{indentation}}}", self.line_break)
    }
}

/// What one level is indented by: as the outermost object does it, or two spaces.
fn unit(document: &Document) -> String {
    let first = document.root.members().and_then(<[_]>::first);
    let found = first.map(|member| document.indentation(member.key.start)).unwrap_or_default();
    if found.is_empty() { "  ".to_owned() } else { found.to_owned() }
}
