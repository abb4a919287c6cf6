//! The offline verifier through its C functions, over receipts that a daemon has written (`data/README.md`).
#![allow(unsafe_code)]

mod rows;

use std::ffi::{CStr, c_char};
use std::path::Path;
use std::ptr::{null, null_mut};

use agent_receipts::{
    Err, Error, KeyStanding, Outcome, Text, Verdict, VerifierConfig, ar_canonicalise, ar_payload_hash,
    ar_receipt_hash, ar_verifier_add_key, ar_verifier_database, ar_verifier_feed, ar_verifier_finish,
    ar_verifier_free, ar_verifier_new, ar_verifier_observe, ar_verifier_report_json,
};
use agent_receipts_core::Received;
use agent_receipts_store::{ArchiveFolder, ArchiveKind, Manifest, ReceiptStore, Row, SqliteStore};

const RECEIPTS: &str = include_str!("data/receipts.jsonl");
const PUBLISHED: &str = include_str!("data/published.pem");
const EARLIER: &str = include_str!("data/earlier.pem");

fn text(text: &str) -> Text {
    Text { data: text.as_ptr().cast(), length: text.len() }
}

fn config<'a>(edit: impl FnOnce(&mut VerifierConfig) + 'a) -> VerifierConfig {
    let nothing = Text { data: null(), length: 0 };
    let mut config = VerifierConfig {
        size: size_of::<VerifierConfig>(),
        flags: 0,
        reserved: 0,
        public_key: text(PUBLISHED),
        chain_id: nothing,
        expected_final_hash: nothing,
        expected_length: 0,
    };
    edit(&mut config);
    config
}

struct Verifier(u64);

impl Verifier {
    fn new(edit: impl FnOnce(&mut VerifierConfig)) -> Self {
        let mut ticket = 0;
        // SAFETY: all pointers are good.
        assert_eq!(unsafe { ar_verifier_new(&config(edit), &mut ticket, null_mut()) }, Err::Ok);
        Self(ticket)
    }

    /// Knows the earlier key, and has observed all receipts.
    fn prepared() -> Self {
        let verifier = Self::new(|_| {});
        assert_eq!(verifier.add_key(EARLIER, KeyStanding::Earlier), Err::Ok);
        assert_eq!(verifier.observe(RECEIPTS), Err::Ok);
        verifier
    }

    fn add_key(&self, key: &str, standing: KeyStanding) -> Err {
        // SAFETY: all pointers are good.
        unsafe { ar_verifier_add_key(self.0, text(key), standing as i32, null_mut()) }
    }

    fn observe(&self, lines: &str) -> Err {
        // SAFETY: all pointers are good.
        unsafe { ar_verifier_observe(self.0, lines.as_ptr(), lines.len(), null_mut()) }
    }

    fn feed(&self, lines: &str) -> Err {
        // SAFETY: all pointers are good.
        unsafe { ar_verifier_feed(self.0, lines.as_ptr(), lines.len(), null_mut()) }
    }

    fn database(&self, path: &Path) -> (Err, String) {
        let mut error = Error::new();
        // SAFETY: all pointers are good.
        let code = unsafe { ar_verifier_database(self.0, text(path.to_str().expect("utf-8")), &mut error) };
        (code, error.message().to_owned())
    }

    fn finish(&self) -> (Err, Told) {
        // SAFETY: zeroes are a value of it.
        let mut verdict: Verdict = unsafe { std::mem::zeroed() };
        verdict.size = size_of::<Verdict>();
        // SAFETY: all pointers are good.
        let code = unsafe { ar_verifier_finish(self.0, &mut verdict, null_mut()) };
        (code, Told::from(&verdict))
    }

    fn json(&self) -> String {
        string(|buffer, capacity, length| {
            // SAFETY: all pointers are good.
            unsafe { ar_verifier_report_json(self.0, buffer, capacity, length, null_mut()) }
        })
        .expect("a report")
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { ar_verifier_free(self.0, null_mut()) }, Err::Ok);
    }
}

/// A verdict as a program would read it.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    outcome: i32,
    counts: (u64, u64, u64),
    broken_at: i64,
    reason: String,
    chain_id: String,
}

impl From<&Verdict> for Told {
    fn from(verdict: &Verdict) -> Self {
        // SAFETY: the library ends every text with NUL.
        let text = |text: &[c_char]| unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned();
        Self {
            outcome: verdict.outcome,
            counts: (verdict.chains, verdict.faulty_chains, verdict.receipts),
            broken_at: verdict.broken_at,
            reason: text(&verdict.reason),
            chain_id: text(&verdict.chain_id),
        }
    }
}

fn valid(chains: u64, receipts: u64) -> (Err, Told) {
    let counts = (chains, 0, receipts);
    let (reason, chain_id) = (String::new(), String::new());
    (Err::Ok, Told { outcome: Outcome::Valid as i32, counts, broken_at: -1, reason, chain_id })
}

/// Asks for the length, then for the text.
fn string(mut call: impl FnMut(*mut c_char, usize, *mut usize) -> Err) -> Result<String, Err> {
    let mut length = 0;
    match call(null_mut(), 0, &mut length) {
        Err::Buffer => {}
        other => return Result::Err(other),
    }
    let mut bytes = vec![0xAA_u8; length + 1];
    assert_eq!(call(bytes.as_mut_ptr().cast(), length + 1, &mut length), Err::Ok);
    assert_eq!(bytes.pop(), Some(0));
    Ok(String::from_utf8(bytes).expect("utf-8"))
}

/// The receipts in a database, as a daemon keeps them; `edit` may falsify a row.
fn database(folder: &Path, edit: impl Fn(&mut Row)) -> std::path::PathBuf {
    let path = folder.join("receipts.db");
    let mut rows = rows::of_lines(RECEIPTS);
    rows.iter_mut().for_each(edit);
    SqliteStore::create(&path).expect("a database").append(&rows).expect("rows");
    path
}

#[test]
fn receipts_that_hold_are_valid() {
    let verifier = Verifier::prepared();
    assert_eq!(verifier.feed(RECEIPTS), Err::Ok);
    assert_eq!(verifier.finish(), valid(3, 9));
    let json = verifier.json();
    assert!(
        json.starts_with(r#"{"valid":true,"receipts":9,"chains":[{"chain":"2026-11-22","result":"VALID""#)
    );
    // The verdict does not change by asking.
    assert_eq!(verifier.finish(), valid(3, 9));
}

#[test]
fn lines_may_come_one_by_one_and_without_their_ends() {
    let verifier = Verifier::prepared();
    for line in RECEIPTS.lines() {
        assert_eq!(verifier.feed(line), Err::Ok);
        assert_eq!(verifier.feed("\r\n\n"), Err::Ok);
    }
    assert_eq!(verifier.finish(), valid(3, 9));
}

#[test]
fn one_changed_byte_is_found_where_it_stands() {
    let altered = RECEIPTS.replacen("write_file", "write_fi1e", 1);
    let verifier = Verifier::prepared();
    assert_eq!(verifier.feed(&altered), Err::Ok);
    let (code, told) = verifier.finish();
    assert_eq!((code, told.outcome, told.counts), (Err::NotValid, Outcome::Broken as i32, (3, 1, 9)));
    assert_eq!((told.broken_at, told.reason.as_str()), (1, "bad_signature"));
    assert_eq!(told.chain_id, "2026-11-22");
    assert!(verifier.json().contains(r#""result":"BROKEN","valid":false"#));
}

#[test]
fn a_line_that_is_no_receipt_breaks_its_chain() {
    for garbage in ["{}", "not json", "\u{0}", "[[[[", "{\"id\":1}"] {
        let verifier = Verifier::prepared();
        assert_eq!(verifier.feed(&format!("{RECEIPTS}\n{garbage}\n")), Err::Ok);
        let (code, told) = verifier.finish();
        assert_eq!((code, told.reason.as_str()), (Err::NotValid, "unreadable"), "{garbage}");
    }
}

#[test]
fn nothing_is_never_valid() {
    let verifier = Verifier::prepared();
    let (code, told) = verifier.finish();
    assert_eq!((code, told.outcome, told.reason.as_str()), (Err::NotValid, 3, "empty"));
    // Nor is a chain that is not there.
    let verifier = Verifier::new(|config| config.chain_id = text("another"));
    assert_eq!(verifier.feed(RECEIPTS), Err::Ok);
    let (code, told) = verifier.finish();
    assert_eq!((code, told.outcome, told.chain_id.as_str()), (Err::NotValid, 3, "another"));
}

#[test]
fn an_earlier_key_counts_only_if_the_published_one_vouches_for_it() {
    // Nobody has shown the rotation.
    let verifier = Verifier::new(|_| {});
    assert_eq!(verifier.add_key(EARLIER, KeyStanding::Earlier), Err::Ok);
    assert_eq!(verifier.feed(RECEIPTS), Err::Ok);
    assert_eq!(verifier.finish().0, Err::NotValid);
    // Whoever verifies knows it.
    let verifier = Verifier::new(|config| config.flags = agent_receipts::AR_STRICT);
    assert_eq!(verifier.add_key(EARLIER, KeyStanding::Trusted), Err::Ok);
    assert_eq!(verifier.feed(RECEIPTS), Err::Ok);
    assert_eq!(verifier.finish().0, Err::Ok);
    // Another's key does not help.
    let other = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let verifier = Verifier::new(|config| config.public_key = text(other));
    assert_eq!(verifier.feed(RECEIPTS), Err::Ok);
    assert_eq!(verifier.finish().0, Err::NotValid);
}

#[test]
fn a_chain_cut_off_at_its_end_is_found_by_length_and_hash() {
    let lines: Vec<&str> = RECEIPTS.lines().collect();
    let hash = Received::parse(lines[2].as_bytes()).unwrap().hash().to_string();
    let asked = |edit: fn(&mut VerifierConfig, &str), fed: &[&str]| {
        let verifier = Verifier::new(|config| {
            config.chain_id = text("2026-11-22");
            edit(config, &hash);
        });
        assert_eq!(verifier.add_key(EARLIER, KeyStanding::Trusted), Err::Ok);
        assert_eq!(verifier.feed(&fed.join("\n")), Err::Ok);
        let (code, told) = verifier.finish();
        (code, told.reason)
    };
    let by_length = |config: &mut VerifierConfig, _: &str| config.expected_length = 3;
    assert_eq!(asked(by_length, &lines), (Err::Ok, String::new()));
    assert_eq!(asked(by_length, &lines[..2]), (Err::NotValid, "length_mismatch".into()));
    let by_hash = |config: &mut VerifierConfig, hash: &str| config.expected_final_hash = text(hash);
    assert_eq!(asked(by_hash, &lines), (Err::Ok, String::new()));
    assert_eq!(asked(by_hash, &lines[..2]), (Err::NotValid, "final_hash_mismatch".into()));
    let by_terminal =
        |config: &mut VerifierConfig, _: &str| config.flags = agent_receipts::AR_REQUIRE_TERMINAL;
    assert_eq!(asked(by_terminal, &lines), (Err::Ok, String::new()));
    assert_eq!(asked(by_terminal, &lines[..2]), (Err::NotValid, "not_terminal".into()));
}

#[test]
fn a_database_is_read_without_being_observed_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path(), |_| {});
    let before: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let verifier = Verifier::new(|_| {});
    assert_eq!(verifier.add_key(EARLIER, KeyStanding::Earlier), Err::Ok);
    assert_eq!(verifier.database(&path), (Err::Ok, String::new()));
    assert_eq!(verifier.finish(), valid(3, 9));
    assert_eq!(verifier.feed(RECEIPTS), Err::Order);
    let after: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(before, after, "verification has left something behind");
}

/// The archive may be gone or another: this library does not look.
#[test]
fn a_database_out_of_which_receipts_were_moved_is_not_valid_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path(), |_| {});
    let move_out = |chain_ids: &[&str]| {
        let archives = ArchiveFolder::beside(&path);
        let name = format!("x{}", archives.archives().unwrap().len());
        let mut writer = archives.begin(&name).unwrap();
        let rows = rows::of_lines(RECEIPTS);
        let moved: Vec<_> =
            rows.into_iter().filter(|row| chain_ids.contains(&row.chain_id.as_str())).collect();
        writer.append(&moved).unwrap();
        writer.finish(&manifest()).unwrap();
        let archives = archives.archives().unwrap();
        let archive = archives.iter().find(|archive| archive.name == name).unwrap();
        SqliteStore::open(&path).unwrap().retire(archive, &|_| [0; 32]).unwrap();
    };
    let verdict = |only: Option<&str>| {
        let verifier = Verifier::new(|config| {
            if let Some(only) = only {
                config.chain_id = text(only);
            }
        });
        assert_eq!(verifier.add_key(EARLIER, KeyStanding::Trusted), Err::Ok);
        assert_eq!(verifier.database(&path), (Err::Ok, String::new()));
        let (code, told) = verifier.finish();
        (code, told.outcome, told.reason, verifier.json())
    };
    let none = Outcome::None as i32;
    move_out(&["2026-11-22"]);
    std::fs::remove_dir_all(ArchiveFolder::beside(&path).path()).unwrap();
    for only in [None, Some("2026-11-22")] {
        let (code, outcome, reason, json) = verdict(only);
        assert_eq!((code, outcome, reason.as_str()), (Err::NotValid, none, "not_checked"), "{json}");
        assert!(json.contains(r#""valid":false"#) && json.contains(r#""conflicts":["moved to archives"#));
    }
    let (code, outcome, ..) = verdict(Some("2026-11-22-2"));
    assert_eq!((code, outcome), (Err::Ok, Outcome::Valid as i32), "a chain that stayed");
    assert_eq!(verdict(Some("another")).1, Outcome::Empty as i32);

    // What is broken is said before.
    let connection = rusqlite::Connection::open(&path).unwrap();
    let alter = "UPDATE receipts SET receipt_json = replace(receipt_json, 'delete_file', 'delete_fi1e')";
    connection.execute_batch(alter).unwrap();
    assert_eq!(verdict(None).1, Outcome::Broken as i32);
    connection.execute_batch("DELETE FROM ar_moved_chains; DELETE FROM receipts").unwrap();
    let (code, outcome, _, json) = verdict(None);
    assert_eq!((code, outcome), (Err::NotValid, none));
    assert!(json.contains("no longer says of which chains"), "{json}");
}

fn manifest() -> Manifest {
    Manifest {
        version: Manifest::VERSION,
        kind: ArchiveKind::Moved,
        source: String::new(),
        taken_in: String::new(),
        sha256: String::new(),
        bytes: 0,
        receipts: 0,
        chains: Vec::new(),
        public_key: String::new(),
        earlier_keys: Vec::new(),
        vouched_keys: Vec::new(),
    }
}

#[test]
fn a_falsified_row_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path(), |row| {
        row.receipt_json = row.receipt_json.replace("delete_file", "delete_fi1e");
    });
    let verifier = Verifier::new(|_| {});
    assert_eq!(verifier.add_key(EARLIER, KeyStanding::Earlier), Err::Ok);
    assert_eq!(verifier.database(&path).0, Err::Ok);
    let (code, told) = verifier.finish();
    assert_eq!((code, told.chain_id.as_str(), told.broken_at), (Err::NotValid, "2026-11-22-2", 2));
}

#[test]
fn what_cannot_be_read_has_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.db");
    std::fs::write(&garbage, "not a database at all, and long enough to be looked at").unwrap();
    for (path, told) in [(folder.path().join("nothing.db"), "no database at"), (garbage, "is not a database")]
    {
        let verifier = Verifier::new(|_| {});
        let (code, message) = verifier.database(&path);
        assert!(code == Err::Database && message.contains(told), "{message}");
        assert_eq!(verifier.finish().0, Err::Database);
        assert!(!path.ends_with("nothing.db") || !path.exists(), "it was made by asking");
    }
}

#[test]
fn another_order_is_an_error() {
    let verifier = Verifier::new(|_| {});
    assert_eq!(verifier.feed(RECEIPTS), Err::Ok);
    assert_eq!(verifier.observe(RECEIPTS), Err::Order);
    assert_eq!(verifier.add_key(EARLIER, KeyStanding::Earlier), Err::Order);
    let early = string(|buffer, capacity, length| {
        // SAFETY: all pointers are good.
        unsafe { ar_verifier_report_json(verifier.0, buffer, capacity, length, null_mut()) }
    });
    assert_eq!(early, Result::Err(Err::Order));
    verifier.finish();
    assert_eq!(verifier.feed(RECEIPTS), Err::Order);
}

#[test]
fn bad_arguments_are_told_apart() {
    let made = |edit: fn(&mut VerifierConfig)| {
        let mut ticket = 7;
        // SAFETY: all pointers are good.
        let code = unsafe { ar_verifier_new(&config(edit), &mut ticket, null_mut()) };
        assert_eq!(ticket, 0, "a ticket beside an error");
        code
    };
    assert_eq!(made(|config| config.public_key = text("no key")), Err::Key);
    assert_eq!(made(|config| config.public_key = Text { data: null(), length: 0 }), Err::Key);
    assert_eq!(made(|config| config.public_key = Text { data: null(), length: 9 }), Err::Null);
    assert_eq!(made(|config| config.public_key.length = usize::MAX), Err::TooLarge);
    assert_eq!(made(|config| config.flags = 4), Err::Flags);
    assert_eq!(made(|config| config.reserved = 1), Err::Flags);
    assert_eq!(made(|config| config.expected_length = 1), Err::Flags);
    assert_eq!(made(|config| config.size -= 1), Err::StructSize);
    let verifier = Verifier::new(|_| {});
    // SAFETY: the key is good; the standing is none.
    assert_eq!(unsafe { ar_verifier_add_key(verifier.0, text(EARLIER), 9, null_mut()) }, Err::Flags);
    assert_eq!(Verifier(verifier_of_nobody()).finish_only(), Err::Handle);
}

fn verifier_of_nobody() -> u64 {
    u64::MAX
}

impl Verifier {
    /// For a ticket that is none: `finish`, without giving it back.
    fn finish_only(self) -> Err {
        let (code, _) = self.finish();
        std::mem::forget(self);
        code
    }
}

#[test]
fn hashes_and_canonical_bytes_are_those_of_the_core() {
    let first = RECEIPTS.lines().next().unwrap();
    let hash = string(|buffer, capacity, length| {
        // SAFETY: all pointers are good.
        unsafe { ar_receipt_hash(first.as_ptr(), first.len(), buffer, capacity, length, null_mut()) }
    });
    assert_eq!(hash, Ok("sha256:af7f7e4de4e3bb2901e6b02774d72b05a99068e356cdc91fec9b3375ea73961a".into()));
    let canonical = |json: &str| {
        string(|buffer, capacity, length| {
            // SAFETY: all pointers are good.
            unsafe { ar_canonicalise(json.as_ptr(), json.len(), buffer, capacity, length, null_mut()) }
        })
    };
    assert_eq!(
        canonical("{ \"b\":1.50, \"a\":[1e2,\"\\u00e9\"] }"),
        Ok("{\"a\":[100,\"é\"],\"b\":1.5}".into())
    );
    for bad in ["", "{", "1e400", "NaN", "{}{}"] {
        assert_eq!(canonical(bad), Result::Err(Err::Json), "{bad}");
    }
    let payload = |json: &str| {
        string(|buffer, capacity, length| {
            // SAFETY: all pointers are good.
            unsafe { ar_payload_hash(json.as_ptr(), json.len(), buffer, capacity, length, null_mut()) }
        })
    };
    assert_eq!(payload("{\"a\":1}"), payload(" {\"a\" : 1.0}"));
    assert_ne!(payload("{\"a\":1}"), payload("{\"a\":2}"));
    let not_a_receipt = string(|buffer, capacity, length| {
        // SAFETY: all pointers are good.
        unsafe { ar_receipt_hash(b"{}".as_ptr(), 2, buffer, capacity, length, null_mut()) }
    });
    assert_eq!(not_a_receipt, Result::Err(Err::Receipt));
}
