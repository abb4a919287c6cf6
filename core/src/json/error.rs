//! What can be wrong with a JSON text.

use super::parse::MAX_DEPTH;

/// Why a text is not the JSON that was asked for. Offsets count bytes from the start of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text ended inside a value.
    #[error("unexpected end of input")]
    UnexpectedEnd,
    /// A byte that no JSON text has at this place.
    #[error("unexpected byte 0x{byte:02x} at offset {offset}")]
    UnexpectedByte {
        /// The byte found.
        byte: u8,
        /// Where it stands.
        offset: usize,
    },
    /// Something other than white space after the value.
    #[error("trailing data at offset {offset}")]
    TrailingData {
        /// Where the value had ended.
        offset: usize,
    },
    /// The text starts with a byte order mark.
    #[error("byte order mark at the start")]
    ByteOrderMark,
    /// Nesting deeper than [`MAX_DEPTH`].
    #[error("exceeded max depth of {MAX_DEPTH}")]
    TooDeep,
    /// A number that no finite double can hold, such as `1e400`.
    #[error("number out of range at offset {offset}")]
    NumberOutOfRange {
        /// Where the number starts.
        offset: usize,
    },
    /// A text that follows no JSON rule for numbers, such as `01` or `1.`.
    #[error("malformed number at offset {offset}")]
    MalformedNumber {
        /// Where the number starts.
        offset: usize,
    },
    /// A backslash followed by something that is no escape.
    #[error("malformed escape at offset {offset}")]
    MalformedEscape {
        /// Where the backslash stands.
        offset: usize,
    },
    /// A byte below 0x20 inside a string.
    #[error("control character 0x{byte:02x} in a string at offset {offset}")]
    ControlCharacter {
        /// The byte found.
        byte: u8,
        /// Where it stands.
        offset: usize,
    },
    /// Bytes that are not UTF-8 (strict rules only).
    #[error("invalid utf-8 at offset {offset}")]
    InvalidUtf8 {
        /// Where the first bad byte stands.
        offset: usize,
    },
    /// Half of a surrogate pair (strict rules only).
    #[error("lone surrogate at offset {offset}")]
    LoneSurrogate {
        /// Where the escape starts.
        offset: usize,
    },
    /// A member name that stands twice in one object (strict rules only).
    #[error("duplicate member `{name}`")]
    DuplicateMember {
        /// The name.
        name: String,
    },
}
