//! `verify --file`.

use std::io::Write;
use std::process::Stdio;

use crate::chains::{Chain, Key, lines};
use crate::house::{House, Said};

fn verify(house: &House, key: &Key, text: impl AsRef<[u8]>, flags: &[&str]) -> Said {
    std::fs::write(house.path("x.jsonl"), text).unwrap();
    key.publish(&house.path("k.pub"));
    house.say(["verify", "--file", "x.jsonl", "--public-key", "k.pub"].iter().chain(flags))
}

#[test]
fn an_exported_chain_is_valid_and_a_changed_copy_broken() {
    let (house, key) = (House::new(), Key::new(1));
    let text = lines(&Chain::new("a").rows(&key, 4));
    let said = verify(&house, &key, &text, &[]);
    assert_eq!((said.code, said.out.as_str()), (0, "Chain a: VALID (4 receipts)\n"), "{}", said.all());
    let at = text.find("did:user:me").unwrap();
    let mut tampered = text.into_bytes();
    tampered[at + 9] ^= 1;
    let said = verify(&house, &key, &tampered, &[]);
    assert!(said.code == 1 && said.out.starts_with("Chain a: BROKEN at receipt 0\n"), "{}", said.all());
}

#[test]
fn interleaved_chains_are_told_apart() {
    let (house, key) = (House::new(), Key::new(1));
    let (a, b) = (Chain::new("a").rows(&key, 3), Chain::new("b").rows(&key, 3));
    let mixed: Vec<_> = a.into_iter().zip(b).flat_map(|(a, b)| [a, b]).collect();
    let said = verify(&house, &key, lines(&mixed), &[]);
    assert!(said.code == 0 && said.out.starts_with("VALID: 2 chains, 6 receipts\n"), "{}", said.all());
    let one = verify(&house, &key, lines(&mixed), &["--chain-id", "b", "--expected-length", "3"]);
    assert_eq!((one.code, one.out.as_str()), (0, "Chain b: VALID (3 receipts)\n"), "{}", one.all());
    assert_eq!(verify(&house, &key, lines(&mixed), &["--expected-length", "3"]).code, 2);
}

#[test]
fn nothing_is_not_valid() {
    let (house, key) = (House::new(), Key::new(1));
    let a = lines(&Chain::new("a").rows(&key, 2));
    for (text, flags) in
        [("", &[][..]), ("\n \n\n", &[]), ("", &["--chain-id", "a"]), (&a, &["--chain-id", "b"])]
    {
        let said = verify(&house, &key, text, flags);
        assert!(
            said.code == 1 && said.out.contains("UNKNOWN — no receipts"),
            "{text:?} {flags:?} {}",
            said.all()
        );
    }
}

#[test]
fn what_cannot_be_read_breaks_the_chain() {
    let (house, key) = (House::new(), Key::new(1));
    let text = lines(&Chain::new("a").rows(&key, 2));
    for (broken, chain) in [
        (format!("{text}{{\"id\":\n"), "a"),
        (format!("{text}[]\n"), "a"),
        (format!("{text}\u{feff}{text}"), "a"),
        (format!("nonsense\n{text}"), "(unreadable)"),
        ("nonsense".to_owned(), "(unreadable)"),
        (text[..text.len() - 40].to_owned(), "a"),
    ] {
        let said = verify(&house, &key, &broken, &[]);
        assert!(said.code == 1 && said.out.contains(&format!("Chain {chain}: BROKEN")), "{}", said.all());
    }
    let binary = verify(&house, &key, [text.as_bytes(), &[0xff, 0, 0xfe]].concat(), &[]);
    assert!(binary.code == 1 && binary.out.contains("Chain a: BROKEN at receipt 2"), "{}", binary.all());
}

#[test]
fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let (house, key) = (House::new(), Key::new(1));
    let said = verify(&house, &key, vec![b'['; (16 << 20) + 2], &[]);
    assert!(said.code == 2 && said.err.contains("line 1 of"), "{}", said.err);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let house = House::new();
    Key::new(1).publish(&house.path("k.pub"));
    for file in ["absent.jsonl", "."] {
        let said = house.say(["verify", "--file", file, "--public-key", "k.pub"]);
        assert!(said.code == 2 && said.err.contains(file), "{}", said.all());
    }
}

#[test]
fn rotations_in_a_file_are_followed_from_a_pipe_too() {
    let (house, old, new) = (House::new(), Key::new(1), Key::new(2));
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&old, 2);
    rows.push(chain.rotation(&old, &new));
    rows.extend(chain.rows(&new, 1));
    new.publish(&house.path("k.pub"));
    old.publish(&house.path("k.pub.rotated-1"));
    let mut command = house.command(["verify", "--file", "-", "--public-key", "k.pub"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines(&rows).as_bytes()).unwrap();
    let said = Said::of(&child.wait_with_output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (0, "Chain a: VALID (4 receipts)\n"), "{}", said.all());
}
