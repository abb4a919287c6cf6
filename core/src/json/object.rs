//! An object whose members always stand in canonical order.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Value;

/// Members of a JSON object, unique and sorted by the UTF-16 code units of their names (RFC 8785 §3.2.3).
///
/// ```
/// use agent_receipts_core::json::Object;
///
/// let mut object = Object::new();
/// object.insert("b", 2_u32);
/// object.insert("a", true);
/// assert_eq!(object.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object {
    // INVARIANT: strictly ascending by `utf16_order`.
    members: Vec<(String, Value)>,
}

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the member `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).ok().map(|at| &self.members[at].1)
    }

    /// Whether a member `name` stands here.
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// Puts a member in its place; an earlier value of the same name is returned.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        match self.position(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.members[at].1, value)),
            Err(at) => {
                self.members.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.position(name).ok().map(|at| self.members.remove(at).1)
    }

    /// The members in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The members in canonical order, their values to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Value)> {
        self.members.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Builds an object from members in the order of a text; of equal names the last one stays.
    /// Returns the first name that stood twice beside it.
    pub(super) fn from_text_order(mut members: Vec<(String, Value)>) -> (Self, Option<String>) {
        if !members.is_sorted_by(|a, b| utf16_order(&a.0, &b.0) == Ordering::Less) {
            // Stable, so that of equal names the last in the text is the last here too.
            members.sort_by(|a, b| utf16_order(&a.0, &b.0));
        }
        let mut duplicate = None;
        members.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
                duplicate.get_or_insert_with(|| earlier.0.clone());
            }
            same
        });
        (Self { members }, duplicate)
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &Value) -> bool) {
        self.members.retain(|(name, value)| keep(name, value));
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.members.iter_mut().map(|(_, value)| value)
    }

    pub(super) fn take_values(&mut self) -> impl Iterator<Item = Value> {
        std::mem::take(&mut self.members).into_iter().map(|(_, value)| value)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.members.iter().map(|(_, value)| value)
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(member, _)| utf16_order(member, name))
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(members: I) -> Self {
        Self::from_text_order(members.into_iter().map(|(n, v)| (n.into(), v.into())).collect()).0
    }
}

/// Orders two names by UTF-16 code units. For names without supplementary characters this is the order of bytes.
fn utf16_order(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).position(|(x, y)| x != y) {
        None => a.len().cmp(&b.len()),
        // Only lead bytes of U+E000 and above sort otherwise in UTF-16 than in UTF-8.
        Some(at) if a.as_bytes()[at].max(b.as_bytes()[at]) < 0xee => a.as_bytes()[at].cmp(&b.as_bytes()[at]),
        Some(_) => a.encode_utf16().cmp(b.encode_utf16()),
    }
}

/// Names that callers give as borrowed or owned text alike.
impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Value::String(text.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supplementary_names_sort_before_private_use() {
        let object: Object = [("\u{e000}", 1_u32), ("\u{1f600}", 2), ("a", 3)].into_iter().collect();
        let names: Vec<_> = object.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "\u{1f600}", "\u{e000}"]);
    }

    #[test]
    fn the_order_agrees_with_utf16_on_every_pair() {
        let names = [
            "",
            "a",
            "ab",
            "b",
            "\u{7f}",
            "é",
            "\u{d7ff}",
            "\u{e000}",
            "\u{ffff}",
            "\u{10000}",
            "\u{10ffff}",
            "\u{fffd}a",
        ];
        for a in names {
            for b in names {
                let expected = a.encode_utf16().collect::<Vec<_>>().cmp(&b.encode_utf16().collect());
                assert_eq!(utf16_order(a, b), expected, "{a:?} against {b:?}");
            }
        }
    }

    #[test]
    fn of_equal_names_the_last_stays_and_is_reported() {
        let members =
            vec![("b".into(), 1_u32.into()), ("a".into(), 2_u32.into()), ("b".into(), 3_u32.into())];
        let (object, duplicate) = Object::from_text_order(members);
        assert_eq!(object.get("b").and_then(Value::as_f64), Some(3.0));
        assert_eq!(object.len(), 2);
        assert_eq!(duplicate.as_deref(), Some("b"));
    }
}
