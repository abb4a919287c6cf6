//! An event as one run of bytes (contract, section 4): what languages make that had better not fill structs of pointers.

use super::fields::{COUNT, Fields, NAMES};
use crate::code::Err;
use crate::failure::Failure;

/// The length that stands for an absent field in a packed event.
pub const AR_PACKED_ABSENT: u32 = 0xFFFF_FFFF;

/// More fields than any event will have.
const MOST_FIELDS: u32 = 1024;

/// Reads a count, that many lengths, and the fields' bytes one after the other.
pub(super) fn fields(packed: &[u8]) -> Result<Fields<'_>, Failure> {
    let mut rest = packed;
    let count = number(&mut rest).filter(|count| *count <= MOST_FIELDS).ok_or_else(cut_short)?;
    let lengths_end = count as usize * size_of::<u32>();
    let (mut lengths, mut bytes) = rest.split_at_checked(lengths_end).ok_or_else(cut_short)?;
    let mut fields = [None; COUNT];
    for index in 0..count as usize {
        let length = number(&mut lengths).ok_or_else(cut_short)?;
        if length == AR_PACKED_ABSENT {
            continue;
        }
        let (field, after) = bytes.split_at_checked(length as usize).ok_or_else(cut_short)?;
        bytes = after;
        let (place, name) = fields.get_mut(index).zip(NAMES.get(index)).ok_or_else(|| {
            let why = format!("packed event: this library knows {COUNT} fields, and number {index} is set");
            Failure::new(Err::Packed, why)
        })?;
        *place = Some(std::str::from_utf8(field).map_err(|_| Failure::not_utf8(name))?);
    }
    match bytes.len() {
        0 => Ok(fields),
        more => Err(Failure::new(Err::Packed, format!("packed event: {more} bytes belong to no field"))),
    }
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_ne_bytes(*number))
}

fn cut_short() -> Failure {
    Failure::new(Err::Packed, "packed event: it ends before its lengths say so")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(fields: &[Option<&[u8]>]) -> Vec<u8> {
        let length = |field: &Option<&[u8]>| field.map_or(AR_PACKED_ABSENT, |field| field.len() as u32);
        let mut bytes = (fields.len() as u32).to_ne_bytes().to_vec();
        bytes.extend(fields.iter().flat_map(|field| length(field).to_ne_bytes()));
        bytes.extend(fields.iter().flat_map(|field| field.unwrap_or_default()));
        bytes
    }

    fn code(bytes: &[u8]) -> Option<Err> {
        fields(bytes).err().map(|failure| failure.code)
    }

    #[test]
    fn fields_come_in_their_order_and_may_stop_early() {
        let bytes = packed(&[Some(b"sdk"), None, Some("é".as_bytes()), Some(b"")]);
        let read = fields(&bytes).unwrap();
        assert_eq!(read[..5], [Some("sdk"), None, Some("é"), Some(""), None]);
        assert_eq!(fields(&packed(&[])), Ok([None; COUNT]));
        let all: Vec<_> = NAMES.iter().map(|name| Some(name.as_bytes())).collect();
        assert_eq!(fields(&packed(&all)), Ok(NAMES.map(Some)));
    }

    #[test]
    fn fields_beyond_the_known_ones_must_be_absent() {
        let mut all = vec![Some(&b"x"[..]); COUNT];
        all.push(None);
        assert_eq!(code(&packed(&all)), None);
        all[COUNT] = Some(b"");
        assert_eq!(code(&packed(&all)), Some(Err::Packed));
    }

    #[test]
    fn every_cut_and_every_excess_is_refused() {
        let whole = packed(&[Some(b"sdk"), None, Some(b"tool")]);
        for end in 0..whole.len() {
            assert_eq!(code(&whole[..end]), Some(Err::Packed), "{end}");
        }
        assert_eq!(code(&[&whole[..], b"x"].concat()), Some(Err::Packed));
        for count in [MOST_FIELDS + 1, u32::MAX] {
            assert_eq!(code(&[&count.to_ne_bytes()[..], &[0; 64]].concat()), Some(Err::Packed));
        }
        let huge = [1_u32.to_ne_bytes(), 0xFFFF_FFFE_u32.to_ne_bytes()].concat();
        assert_eq!(code(&huge), Some(Err::Packed));
    }

    #[test]
    fn what_is_not_utf8_is_named() {
        let failure = fields(&packed(&[Some(b"sdk"), Some(b"\xff")])).unwrap_err();
        assert_eq!((failure.code, failure.message.as_str()), (Err::Utf8, "`tool_server` is not UTF-8"));
    }
}
