//! Where a string's first byte stands that is not written as it is.

/// How many bytes `bytes` begins with that stand for themselves in a JSON string: neither `"` nor `\` nor below U+0020.
///
/// Looks at eight bytes at once: nearly all bytes of nearly all strings are such.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            return index * WORD + found.trailing_zeros() as usize / 8;
        }
    }
    let plain = rest.iter().take_while(|byte| is_plain(**byte)).count();
    words.len() * WORD + plain
}

const WORD: usize = size_of::<u64>();
/// The lowest and the highest bit of each byte.
const LOW: u64 = u64::from_le_bytes([0x01; WORD]);
const HIGH: u64 = u64::from_le_bytes([0x80; WORD]);

/// The highest bit of each byte that is not plain, and perhaps of some behind the first.
///
/// Taking `n` from a byte below `n` borrows, which shows in its highest bit; the borrow may show in the byte behind it as well. A byte
/// that was 0x80 or more before is none of ours.
fn special_bytes(word: u64) -> u64 {
    let below = |word: u64, n: u8| word.wrapping_sub(LOW * u64::from(n)) & !word;
    let equal = |n: u8| below(word ^ (LOW * u64::from(n)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGH
}

fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slowly(bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| is_plain(**byte)).count()
    }

    #[test]
    fn every_byte_is_found_at_every_place_behind_every_other() {
        for byte in 0..=u8::MAX {
            for length in 0..20 {
                for at in 0..length {
                    for before in [b'a', 0x7f, 0x80, 0xff, b' ', b'!', b'#', b'[', b']'] {
                        let mut bytes = vec![before; length];
                        bytes[at] = byte;
                        assert_eq!(plain_length(&bytes), slowly(&bytes), "{byte} at {at} of {length}");
                    }
                }
            }
        }
    }

    #[test]
    fn of_two_the_first_is_found() {
        for first in [0, 0x1f, b'"', b'\\'] {
            for second in 0..=u8::MAX {
                for at in 0..16 {
                    let mut bytes = [b'x'; 17];
                    (bytes[at], bytes[at + 1]) = (first, second);
                    assert_eq!(plain_length(&bytes), at);
                    (bytes[at], bytes[at + 1]) = (second, first);
                    assert_eq!(plain_length(&bytes), slowly(&bytes));
                }
            }
        }
    }
}
