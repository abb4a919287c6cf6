//! The tokens of a JSON text: strings and numbers.

use super::JsonError;
use super::plain::plain_length;

/// Where the characters of a string go.
pub(super) trait Characters {
    /// Whether anybody will see them.
    const READ: bool;

    fn text(&mut self, text: &str);
    fn character(&mut self, character: char);
}

impl Characters for String {
    const READ: bool = true;

    fn text(&mut self, text: &str) {
        self.push_str(text);
    }

    fn character(&mut self, character: char) {
        self.push(character);
    }
}

/// Nowhere: the string is only checked.
pub(super) struct Unread;

impl Characters for Unread {
    const READ: bool = false;

    fn text(&mut self, _: &str) {}

    fn character(&mut self, _: char) {}
}

/// A text and the place reached in it.
pub(super) struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Refuse what is not Unicode instead of replacing it by U+FFFD.
    strict: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(bytes: &'a [u8], strict: bool) -> Self {
        Self { bytes, at: 0, strict }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn take_if(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The error for a byte that was just taken.
    pub(super) fn unexpected(&self, byte: u8) -> JsonError {
        JsonError::UnexpectedByte { byte, offset: self.at - 1 }
    }

    /// The next byte that is no white space.
    pub(super) fn next_token(&mut self) -> Result<u8, JsonError> {
        self.skip_space();
        self.take().ok_or(JsonError::UnexpectedEnd)
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.take();
        }
    }

    /// What follows the first letter of `true`, `false` and `null`.
    pub(super) fn rest_of(&mut self, rest: &[u8]) -> Result<(), JsonError> {
        for &expected in rest {
            match self.take() {
                None => return Err(JsonError::UnexpectedEnd),
                Some(byte) if byte != expected => return Err(self.unexpected(byte)),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A string whose opening quote has been taken.
    pub(super) fn string(&mut self) -> Result<String, JsonError> {
        let mut out = String::new();
        self.string_into(&mut out)?;
        Ok(out)
    }

    /// The same, to wherever its characters are wanted.
    pub(super) fn string_into<C: Characters>(&mut self, out: &mut C) -> Result<(), JsonError> {
        loop {
            let start = self.at;
            self.at += plain_length(&self.bytes[start..]);
            // What replaces nothing and is read by nobody need not be looked at again.
            if self.strict || C::READ {
                self.push_text(&self.bytes[start..self.at], start, out)?;
            }
            match self.take().ok_or(JsonError::UnexpectedEnd)? {
                b'"' => return Ok(()),
                b'\\' => self.escape(out)?,
                byte => return Err(JsonError::ControlCharacter { byte, offset: self.at - 1 }),
            }
        }
    }

    fn push_text(&self, mut bytes: &[u8], start: usize, out: &mut impl Characters) -> Result<(), JsonError> {
        let mut offset = start;
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    out.text(text);
                    return Ok(());
                }
                Err(error) => {
                    let (good, bad) = bytes.split_at(error.valid_up_to());
                    if self.strict {
                        return Err(JsonError::InvalidUtf8 { offset: offset + good.len() });
                    }
                    out.text(&String::from_utf8_lossy(good));
                    out.character(char::REPLACEMENT_CHARACTER);
                    // One mark a bad byte, as Go's decoder does, not one a bad sequence.
                    bytes = &bad[1..];
                    offset += good.len() + 1;
                }
            }
        }
    }

    fn escape(&mut self, out: &mut impl Characters) -> Result<(), JsonError> {
        let offset = self.at - 1;
        let plain = match self.take().ok_or(JsonError::UnexpectedEnd)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(offset, out),
            _ => return Err(JsonError::MalformedEscape { offset }),
        };
        out.character(plain);
        Ok(())
    }

    fn unicode_escape(&mut self, offset: usize, out: &mut impl Characters) -> Result<(), JsonError> {
        let first = self.hex4(offset)?;
        if let Some(character) = char::from_u32(first) {
            out.character(character);
            return Ok(());
        }
        // A surrogate. Only a high one with a low one right behind it makes a character.
        let resume = self.at;
        if first < 0xdc00 && self.take_if(b'\\') && self.take_if(b'u') {
            let second = self.hex4(resume)?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                out.character(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
        }
        if self.strict {
            return Err(JsonError::LoneSurrogate { offset });
        }
        self.at = resume;
        out.character(char::REPLACEMENT_CHARACTER);
        Ok(())
    }

    fn hex4(&mut self, offset: usize) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.take().ok_or(JsonError::UnexpectedEnd)?;
            let digit = char::from(byte).to_digit(16).ok_or(JsonError::MalformedEscape { offset })?;
            code = code * 16 + digit;
        }
        Ok(code)
    }

    /// A number whose first byte has been taken (RFC 8259 §6), rounded to the nearest double.
    pub(super) fn number(&mut self) -> Result<f64, JsonError> {
        let offset = self.at - 1;
        finite(self.number_text()?, offset)
    }

    /// The same, without its value where the text alone shows that it is finite: it has fewer digits than the greatest double.
    pub(super) fn check_number(&mut self) -> Result<(), JsonError> {
        let offset = self.at - 1;
        match self.number_text()? {
            short if short.len() < 300 && !short.contains(['e', 'E']) => Ok(()),
            long => finite(long, offset).map(drop),
        }
    }

    fn number_text(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at - 1;
        let malformed = JsonError::MalformedNumber { offset: start };
        if self.bytes[start] == b'-' && !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(malformed);
        }
        let leading_zero = self.bytes[start] == b'0' || (self.bytes[start] == b'-' && self.take_if(b'0'));
        let whole = self.digits();
        if leading_zero && whole > 0 {
            return Err(malformed);
        }
        if self.take_if(b'.') && self.digits() == 0 {
            return Err(malformed);
        }
        if self.take_if(b'e') || self.take_if(b'E') {
            let _ = self.take_if(b'+') || self.take_if(b'-');
            if self.digits() == 0 {
                return Err(malformed);
            }
        }
        std::str::from_utf8(&self.bytes[start..self.at]).map_err(|_| malformed)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }
}

fn finite(number: &str, offset: usize) -> Result<f64, JsonError> {
    let number: f64 = number.parse().map_err(|_| JsonError::MalformedNumber { offset })?;
    if number.is_finite() { Ok(number) } else { Err(JsonError::NumberOutOfRange { offset }) }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
