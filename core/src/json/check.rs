//! Whether a text is JSON, without making anything of it.

use super::JsonError;
use super::parse::MAX_DEPTH;
use super::text::{Text, Unread};

/// Whether [`parse`](super::parse) takes `text` as a [payload](super::Rules::Payload): for those who only pass it on.
///
/// # Errors
///
/// The very error that `parse` would give. Allocates nothing, and does not recurse.
pub fn check_payload(text: &[u8]) -> Result<(), JsonError> {
    if text.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::ByteOrderMark);
    }
    let mut text = Text::new(text, false);
    let mut open = Open { objects: [0; MAX_DEPTH.div_ceil(64)], depth: 0 };
    loop {
        match text.next_token()? {
            b'{' => {
                if open.opens(&mut text, b'}', true)? {
                    name(&mut text)?;
                    continue;
                }
            }
            b'[' => {
                if open.opens(&mut text, b']', false)? {
                    continue;
                }
            }
            b'"' => text.string_into(&mut Unread)?,
            b't' => text.rest_of(b"rue")?,
            b'f' => text.rest_of(b"alse")?,
            b'n' => text.rest_of(b"ull")?,
            b'-' | b'0'..=b'9' => text.check_number()?,
            byte => return Err(text.unexpected(byte)),
        }
        // A value is complete: so is every container that ends with it.
        loop {
            let Some(is_object) = open.innermost_is_object() else {
                text.skip_space();
                return match text.peek() {
                    None => Ok(()),
                    Some(_) => Err(JsonError::TrailingData { offset: text.offset() }),
                };
            };
            match (text.next_token()?, is_object) {
                (b',', true) => {
                    name(&mut text)?;
                    break;
                }
                (b',', false) => break,
                (b'}', true) | (b']', false) => open.depth -= 1,
                (byte, _) => return Err(text.unexpected(byte)),
            }
        }
    }
}

fn name(text: &mut Text<'_>) -> Result<(), JsonError> {
    match text.next_token()? {
        b'"' => text.string_into(&mut Unread)?,
        byte => return Err(text.unexpected(byte)),
    }
    match text.next_token()? {
        b':' => Ok(()),
        byte => Err(text.unexpected(byte)),
    }
}

/// The containers whose closing bracket has not come yet: a bit each, set for objects.
struct Open {
    objects: [u64; MAX_DEPTH.div_ceil(64)],
    depth: usize,
}

impl Open {
    /// Opens one, and says whether anything is in it; one that is empty is closed again.
    fn opens(&mut self, text: &mut Text<'_>, end: u8, is_object: bool) -> Result<bool, JsonError> {
        if self.depth >= MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        text.skip_space();
        if text.take_if(end) {
            return Ok(false);
        }
        let (word, bit) = (self.depth / 64, 1 << (self.depth % 64));
        if is_object {
            self.objects[word] |= bit;
        } else {
            self.objects[word] &= !bit;
        }
        self.depth += 1;
        Ok(true)
    }

    fn innermost_is_object(&self) -> Option<bool> {
        let innermost = self.depth.checked_sub(1)?;
        Some(self.objects[innermost / 64] & 1 << (innermost % 64) != 0)
    }
}
