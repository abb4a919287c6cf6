//! A session's name as that of a file.

use std::fmt::Write as _;

/// The name of a session's file: the same for the same session, and never a path, a hidden file or too long for one.
///
/// Lower-case letters, digits, `-` and `_` stand for themselves, every other byte as `%` and two digits, so that names differ where
/// sessions do, on file systems that ignore case as well. A session longer than that allows is named by its beginning
/// and a hash of the whole; whoever makes two that collide gets the two counts told as one.
pub(super) fn file_name(session: &str) -> String {
    let escaped = escaped(&session.as_bytes()[..session.len().min(MOST)]);
    if session.len() <= MOST && escaped.len() <= MOST {
        return escaped;
    }
    // `+` and the greater length keep these apart from those above.
    format!("{}+{:032x}", &escaped[..BEGINNING], fnv_1a(session.as_bytes()))
}

/// Whether a file of that name may be one of these.
pub(super) fn is_file_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= BEGINNING + 33
        && name.iter().all(|byte| stands_for_itself(*byte) || matches!(byte, b'%' | b'+'))
}

fn escaped(bytes: &[u8]) -> String {
    let mut name = String::new();
    for byte in bytes {
        if stands_for_itself(*byte) {
            name.push(char::from(*byte));
        } else {
            // Writing to a string never fails.
            let _ = write!(name, "%{byte:02x}");
        }
    }
    name
}

fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')
}

/// FNV-1a, 128 bits: nothing rests on it that an attacker would want, and the client links no cryptography.
fn fnv_1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// In bytes; with the hash, well below the 255 that file systems allow.
const MOST: usize = 120;
const BEGINNING: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_its_own_name() {
        let id = "4f1c0d5e-2b7a-4c19-9d3e-8a6b5c4d3e2f";
        assert_eq!(file_name(id), id);
    }

    #[test]
    fn no_session_is_a_path_or_a_hidden_file() {
        for session in [".", "..", "../x", "/etc/passwd", "a/b", "a\0b", "\n", " ", "é", "%2f", "A"] {
            let name = file_name(session);
            assert!(is_file_name(name.as_bytes()), "{session:?}: {name}");
            assert!(!name.contains(['/', '\0', '.']), "{session:?}: {name}");
        }
        assert_eq!(file_name("../A\0"), "%2e%2e%2f%41%00");
    }

    #[test]
    fn sessions_that_differ_have_names_that_differ() {
        let long = |last: char| format!("{}{last}", "x".repeat(10_000));
        let fits = "x".repeat(MOST);
        let sessions =
            ["a", "A", "%61", "a%", "%2", "é", "e", &fits, &format!("{fits}x"), &long('1'), &long('2')];
        let names: std::collections::BTreeSet<String> = sessions.iter().map(|id| file_name(id)).collect();
        assert_eq!(names.len(), sessions.len());
    }

    #[test]
    fn a_long_session_has_a_name_that_fits() {
        // 10 kB, letters of two bytes that are cut in the middle, and all of it escaped.
        for session in ["x".repeat(10_240), "xé".repeat(4_000), "\u{0}".repeat(41)] {
            let name = file_name(&session);
            assert_eq!(name.len(), BEGINNING + 33);
            assert!(is_file_name(name.as_bytes()));
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // From the function's reference: of nothing, and of `a`.
        assert_eq!(fnv_1a(b""), 0x6c62272e07bb014262b821756295c58d);
        assert_eq!(fnv_1a(b"a"), 0xd228cb696f1a8caf78912b704e4a8964);
    }
}
