use super::{code_only, test_files, without_tests};
use crate::workspace::TrackedFile;

/// A source that mentions what its crate must never touch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: `{word}`: {because}")]
pub struct MentionBreach {
    /// The file, from the root of the checkout.
    pub path: String,
    /// Line, counted from one.
    pub line: usize,
    /// The forbidden word.
    pub word: &'static str,
    /// Why it is forbidden there.
    pub because: &'static str,
}

/// Holds sources against what their crates must never touch. Comments, literals and unit tests are not judged.
#[must_use]
pub fn check_mentions(files: &[TrackedFile]) -> Vec<MentionBreach> {
    let mut breaches = Vec::new();
    let tests = test_files(files);
    let judged = |file: &&TrackedFile| {
        file.path.ends_with(".rs") && !tests.iter().any(|test| file.path.starts_with(test.as_str()))
    };
    for file in files.iter().filter(judged) {
        for rule in RULES.iter().filter(|rule| file.path.starts_with(rule.under)) {
            let code = without_tests(&code_only(&file.text));
            for (number, line) in code.lines().enumerate() {
                for word in rule.words.iter().copied().flatten().filter(|word| mentions(line, word)) {
                    let (path, because) = (file.path.clone(), rule.because);
                    breaches.push(MentionBreach { path, line: number + 1, word, because });
                }
            }
        }
    }
    breaches
}

struct Rule {
    under: &'static str,
    words: &'static [&'static [&'static str]],
    because: &'static str,
}

// The layering table says which crates are linked; these say what is done with the standard library and with them.
const RULES: &[Rule] = &[
    Rule {
        under: "core/src/",
        words: &[
            PURE,
            NETWORK,
            &["std::thread", "println!", "eprintln!", "print!", "eprint!", "getrandom", "libc"],
        ],
        because: "core does no I/O and reads no clock, environment or randomness: they are arguments",
    },
    Rule { under: "chain/src/", words: &[PURE, NETWORK], because: "chain touches no file, socket or clock" },
    Rule {
        under: "store/src/",
        words: &[NETWORK, &["UnixStream", "UnixListener", "std::process::Command"]],
        because: "the store knows a database file and nothing else",
    },
    Rule { under: "keysource/src/", words: &[NETWORK], because: "the file adapter has no network" },
    Rule { under: "ipc/src/", words: &[NETWORK], because: "events travel over local sockets only" },
    Rule {
        under: "daemon-bin/src/",
        words: &[NETWORK, &["std::process::Command"]],
        because: "the process that holds the signing key speaks to a Unix socket and a database file only",
    },
    Rule {
        under: "anchor/src/",
        words: &[&[
            "SqliteStore",
            "ReceiptStore",
            "CheckpointStore",
            "UnixListener",
            "TcpListener",
            "UdpSocket",
        ]],
        because: "the anchor reads the store and never writes it, and listens to nobody",
    },
    Rule {
        under: "cli/src/",
        words: &[NETWORK, &["SqliteStore", "ReceiptStore"]],
        because: "the command line reads the store and never writes it, and has no network",
    },
];

/// What has an effect, or depends on where and when it runs; and the one spelling that would hide it from a reader
/// of lines.
const PURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::os",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "now_utc",
    "std::{",
    "SystemRandom",
    "unsafe",
];
/// Every way to an address that is not a file. (`std::net::Shutdown` is also a Unix socket's word.)
const NETWORK: &[&str] = &[
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "IpAddr",
    "Ipv4Addr",
    "Ipv6Addr",
    "SocketAddrV4",
    "SocketAddrV6",
    "AddressFamily::INET",
    "AddressFamily::INET6",
    "AF_INET",
    "AF_INET6",
];

/// Whether a line of code holds the word, bounded by what cannot belong to a name.
fn mentions(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let bounded = word.ends_with(|last| !part_of_name(last)) || !after.is_some_and(part_of_name);
        !before.is_some_and(part_of_name) && bounded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TrackedFile {
        TrackedFile { path: path.into(), text: text.into() }
    }

    fn words(files: &[TrackedFile]) -> Vec<&'static str> {
        check_mentions(files).iter().map(|breach| breach.word).collect()
    }

    #[test]
    fn core_may_not_read_a_file_a_clock_or_randomness() {
        let text = "use std::fs;\nlet now = SystemTime::now();\nlet r = SystemRandom::new();";
        assert_eq!(words(&[file("core/src/a.rs", text)]), ["std::fs", "SystemTime", "SystemRandom"]);
    }

    #[test]
    fn a_half_closed_unix_socket_is_no_network_and_an_address_is() {
        assert_eq!(words(&[file("ipc/src/a.rs", "s.shutdown(std::net::Shutdown::Write);")]), [""; 0]);
        assert_eq!(words(&[file("ipc/src/a.rs", "f(AddressFamily::INET);")]), ["AddressFamily::INET"]);
    }

    #[test]
    fn a_nested_import_hides_nothing() {
        assert_eq!(words(&[file("core/src/a.rs", "use std::{fs, io};")]), ["std::{"]);
    }

    #[test]
    fn a_file_of_unit_tests_is_not_judged_and_its_neighbours_are() {
        let files = [
            file("core/src/a/mod.rs", "mod b;\n#[cfg(test)]\nmod tests;"),
            file("core/src/a/tests.rs", "use std::fs;"),
            file("core/src/a/b.rs", "use std::net;"),
        ];
        assert_eq!(words(&files), ["std::net"]);
        assert_eq!(words(&files[1..]), ["std::fs", "std::net"], "only the declaration makes it a test");
    }

    #[test]
    fn the_line_is_told() {
        let breaches = check_mentions(&[file("daemon-bin/src/net.rs", "//! x\n\nfn f(s: TcpStream) {}\n")]);
        assert_eq!(breaches.iter().map(|breach| breach.line).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn the_command_line_may_read_the_store_but_not_write_it() {
        assert_eq!(words(&[file("cli/src/a.rs", "use x::SqliteReader;")]), [""; 0]);
        assert_eq!(words(&[file("cli/src/a.rs", "use x::{SqliteReader, SqliteStore};")]), ["SqliteStore"]);
    }

    #[test]
    fn comments_tests_and_longer_names_are_no_mention() {
        let text = "// unsafe std::fs\nfn not_unsafe_at_all() {}\n#[cfg(test)]\nmod tests { use std::fs; }";
        assert_eq!(words(&[file("core/src/a.rs", text)]), [""; 0]);
    }

    #[test]
    fn a_crate_without_a_rule_is_not_judged() {
        assert_eq!(words(&[file("examples/src/a.rs", "use std::fs;")]), [""; 0]);
    }
}
