//! Letters without their case.

/// The text with every character in one case, one character for one.
///
/// Two characters are one if Unicode's simple folding makes them one, or if they share an upper or a lower case: `ſ` is an `s`, the
/// Kelvin sign a `k`, and `İ` and `ı` are `i`. A server that compares without case, by whichever means, may take `ſend_mail` for
/// `send_mail`, and a rule must not be dodged by it.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(folded_char).collect()
}

/// The text in lower case, one character for one, as the reference (Go's `strings.ToLower`) has it.
pub(super) fn lowered(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(lowered_char).collect()
}

/// One character in lower case. More than one only for `İ`; its first is the `i` that Go has there.
pub(super) fn lowered_char(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// One character without its case.
pub(super) fn folded_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut upper = character.to_uppercase();
    let upper = if upper.len() == 1 { upper.next() } else { None }.unwrap_or(character);
    lowered_char(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_an_oracle_takes_for_an_ascii_letter_or_digit_is_one() {
        let oracles: Vec<_> = ('a'..='z')
            .chain('0'..='9')
            .map(|ascii| (ascii, regex::Regex::new(&format!("^(?i:{ascii})$")).unwrap()))
            .collect();
        let word = regex::Regex::new("^(?i:[a-z0-9])$").unwrap();
        let mut unusual = Vec::new();
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            if word.is_match(&text) {
                let (ascii, _) = oracles.iter().find(|(_, oracle)| oracle.is_match(&text)).unwrap();
                assert_eq!(folded(&text), ascii.to_string());
                unusual.extend((!character.is_ascii()).then_some(character));
            } else {
                let more = matches!(character, 'İ' | 'ı');
                assert_eq!(folded_char(character).is_ascii_alphanumeric(), more, "{character:?}");
            }
        }
        assert_eq!(unusual, ['ſ', '\u{212a}']);
    }

    #[test]
    fn both_cases_of_a_letter_are_one() {
        for (one, other) in [("DELETE_É", "delete_é"), ("Σς", "σσ"), ("ǅ", "ǆ"), ("ẞ", "ß"), ("µ", "μ")]
        {
            assert_eq!(folded(one), folded(other));
        }
        assert_eq!(folded("WRİTE_X"), "write_x");
        assert_eq!(folded("wrıte_x"), "write_x");
        assert_eq!(lowered("WRİTE_ſ\u{212a}ı"), "write_ſkı");
        assert_ne!(folded("е"), folded("e"), "a Cyrillic letter is another");
    }
}
