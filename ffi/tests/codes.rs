//! The numbers of errors: one list for the library, the header, and every language's parity test.

#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::ffi::CStr;

use agent_receipts::{Class, Err, ar_error_class, ar_error_name};

const LIST: &str = include_str!("../error-codes.txt");
const HEADER: &str = include_str!("../include/agent_receipts.h");

/// The list's entries: number, name, class.
fn listed() -> Vec<(i32, &'static str, &'static str)> {
    let entry = |line: &'static str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [number, name, class] = words[..] else { panic!("`{line}` is not a number, a name and a class") };
        (number.parse().expect("a number"), name, class)
    };
    LIST.lines().filter(|line| !line.starts_with('#')).map(entry).collect()
}

#[test]
fn the_list_says_what_the_library_gives_back() {
    let of_library: Vec<_> = Err::ALL
        .iter()
        .map(|code| (*code as i32, code.name().to_str().unwrap(), Class::of(*code as i32).word()))
        .collect();
    let in_use: Vec<_> = listed().into_iter().filter(|(.., class)| *class != "retired").collect();
    assert_eq!(in_use, of_library);
}

#[test]
fn the_header_has_the_same_numbers_and_no_other() {
    let in_header: BTreeSet<(i32, String)> = HEADER
        .lines()
        .filter_map(|line| line.trim().strip_prefix("AR_ERR_")?.strip_suffix(',')?.split_once(" = "))
        .map(|(name, number)| (number.parse().unwrap(), name.to_ascii_lowercase()))
        .collect();
    let of_library: BTreeSet<_> =
        Err::ALL.iter().map(|code| (*code as i32, code.name().to_str().unwrap().to_owned())).collect();
    assert_eq!(in_header, of_library);
    assert_eq!(of_library.len(), Err::ALL.len(), "a code stands in the list twice");
}

#[test]
fn numbers_are_listed_once_and_in_order() {
    let numbers: Vec<i32> = listed().into_iter().map(|(number, ..)| number).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[test]
fn a_number_has_its_name_and_class_in_c_and_another_has_none() {
    for (number, name, class) in listed() {
        if class != "retired" {
            let pointer = ar_error_name(number);
            assert!(!pointer.is_null(), "{number} has no name");
            // SAFETY: a constant string of the library, ended by NUL.
            assert_eq!(unsafe { CStr::from_ptr(pointer) }.to_str(), Ok(name));
            assert_eq!(ar_error_class(number).word(), class);
        }
    }
    for unknown in [-1, 12, 99, 110, 199, 299, 310, 899, i32::MAX, i32::MIN] {
        assert!(ar_error_name(unknown).is_null(), "{unknown}");
    }
    // A later library's error is still of a known kind.
    assert_eq!((ar_error_class(250), ar_error_class(99)), (Class::Transport, Class::Caller));
    assert_eq!((ar_error_class(-1), ar_error_class(150)), (Class::Library, Class::Library));
}
