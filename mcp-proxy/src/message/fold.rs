//! Words that some reader takes for another.

/// Whether some reader takes `text` for `known`, a word of ASCII letters, though it is written otherwise.
///
/// Go's decoder and many others look members up without regard to case, by Unicode's simple folding: `ſ` is an s and `K` (the sign for
/// kelvin) a k. Readers that lower or raise letters first take `İ` and `ı` for an i, and readers in C end a name at a NUL.
pub(super) fn is_variant(text: &str, known: &str) -> bool {
    text != known
        && (text.starts_with(known) || text.len() <= 3 * known.len() || text.contains('\0'))
        && text.chars().take_while(|&c| c != '\0').map(folded).eq(known.chars().map(folded))
}

fn folded(character: char) -> char {
    match character {
        'ſ' => 's',
        '\u{212a}' => 'k',
        'İ' | 'ı' => 'i',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_folding_and_nul_make_variants() {
        for (text, known) in [
            ("Name", "name"),
            ("METHOD", "method"),
            ("argumentſ", "arguments"),
            ("tas\u{212a}", "task"),
            ("ıd", "id"),
            ("İD", "id"),
            ("name\0", "name"),
            ("NAME\0anything at all, however long it is", "name"),
        ] {
            assert!(is_variant(text, known), "{text:?}");
        }
        for (text, known) in
            [("name", "name"), ("names", "name"), ("nam", "name"), ("", "name"), ("näme", "name")]
        {
            assert!(!is_variant(text, known), "{text:?}");
        }
    }
}
