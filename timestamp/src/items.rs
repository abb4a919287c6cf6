//! Reading DER element by element: what stands in a token is taken as it was received, since signatures cover bytes.

use der::asn1::AnyRef;
use der::{Decode, Reader as _, SliceReader, Tag, TagNumber};

use crate::error::TimestampError;

type Result<T> = std::result::Result<T, TimestampError>;

/// The elements of one constructed value, in their order.
pub(crate) struct Items<'a> {
    reader: SliceReader<'a>,
    part: &'static str,
}

impl<'a> Items<'a> {
    /// The elements that `content` is made of. `part` names it in errors.
    pub(crate) fn of(content: &'a [u8], part: &'static str) -> Result<Self> {
        let reader = SliceReader::new(content).map_err(|_| TimestampError::Malformed { part })?;
        Ok(Self { reader, part })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.reader.is_finished()
    }

    /// The next element, tag and length included.
    pub(crate) fn raw(&mut self) -> Result<&'a [u8]> {
        self.reader.tlv_bytes().map_err(|_| self.malformed())
    }

    /// The next element.
    pub(crate) fn any(&mut self) -> Result<AnyRef<'a>> {
        AnyRef::decode(&mut self.reader).map_err(|_| self.malformed())
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn content(&mut self, tag: Tag) -> Result<&'a [u8]> {
        let any = self.any()?;
        if der::Tagged::tag(&any) == tag { Ok(any.value()) } else { Err(self.malformed()) }
    }

    /// The elements of the next element, which must have this tag.
    pub(crate) fn inside(&mut self, tag: Tag) -> Result<Items<'a>> {
        Items::of(self.content(tag)?, self.part)
    }

    /// The content of the next element if it has this tag; else nothing is taken.
    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<&'a [u8]>> {
        if self.is_empty() || Tag::peek(&self.reader).map_err(|_| self.malformed())? != tag {
            return Ok(None);
        }
        self.content(tag).map(Some)
    }

    /// The next element as a known type.
    pub(crate) fn decode<T: Decode<'a>>(&mut self) -> Result<T> {
        T::decode(&mut self.reader).map_err(|_| self.malformed())
    }

    /// Nothing more may stand here.
    pub(crate) fn end(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    pub(crate) fn malformed(&self) -> TimestampError {
        TimestampError::Malformed { part: self.part }
    }
}

/// `[number]`, constructed.
pub(crate) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// `[number]`, primitive.
pub(crate) const fn primitive_context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}
