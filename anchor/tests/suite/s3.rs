//! An object store that lies. (A real one, with locks and signatures that it checks, is in `tests-interop/test_anchor_s3.py`.)

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use crate::server::{Asked, Reply, Server};
use crate::station::Station;

const MODE: &str = "x-amz-object-lock-mode";
const UNTIL: &str = "x-amz-object-lock-retain-until-date";

/// Objects by their keys, and the headers that they were written with.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<HashMap<String, Object>>>);

pub(crate) type Object = (Vec<u8>, Vec<(&'static str, String)>);

impl Store {
    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let mut objects = self.0.lock().unwrap();
        if asked.method != "PUT" {
            let Some((body, lock)) = objects.get(&asked.target) else { return Reply::of(404, "") };
            let mut headers = lock.clone();
            headers.push(("last-modified", "Sun, 22 Nov 2026 08:00:00 GMT".to_owned()));
            headers.push(("etag", "\"1\"".to_owned()));
            return Reply::Answer(200, headers, body.clone());
        }
        assert_eq!(asked.header("if-none-match"), Some("*"), "an object could be overwritten");
        if objects.contains_key(&asked.target) {
            return Reply::of(412, "<Error><Code>PreconditionFailed</Code></Error>");
        }
        let lock = [MODE, UNTIL].iter().filter_map(|name| Some((*name, asked.header(name)?.to_owned())));
        objects.insert(asked.target.clone(), (asked.body.clone(), lock.collect()));
        Reply::Answer(200, vec![("etag", "\"1\"".to_owned())], Vec::new())
    }

    /// What stands under a name, whatever log it is of.
    pub(crate) fn object(&self, name: &str) -> Option<Vec<u8>> {
        let objects = self.0.lock().unwrap();
        objects.iter().find(|(key, _)| key.ends_with(name)).map(|(_, (body, _))| body.clone())
    }

    fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.0.lock().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    }
}

pub(crate) fn sink(url: &str, more: &str) -> String {
    format!(
        "[[sink]]\nname = 'vault'\nkind = 's3'\nbucket = 'b'\nprefix = 'x/'\nendpoint = '{url}'\nallow_http = true\n\
         timeout = '20s'\n{more}"
    )
}

pub(crate) const LOCK: &str = "retention = { mode = 'compliance', days = 30 }\n";

#[test]
fn each_checkpoint_is_an_object_with_a_lock_that_is_signed_for() {
    let mut station = Station::new();
    let store = Store::default();
    let ours = store.clone();
    let server = Server::start(move |asked| ours.answer(asked));
    let note = station.log.grow(3);
    assert!(station.once(&sink(&server.url(), LOCK)), "{}", station.said());
    let put = server.asked().into_iter().find(|asked| asked.method == "PUT").unwrap();
    assert_eq!(put.body, note.as_bytes());
    assert_eq!(put.header(MODE), Some("COMPLIANCE"));
    assert_eq!(put.header(UNTIL), Some("2030-04-16T17:46:40Z"));
    let signed = put.header("authorization").unwrap();
    assert!(signed.contains(MODE) && signed.contains(UNTIL), "the lock is not signed for: {signed}");
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
    assert!(put.target.starts_with("/b/x/") && put.target.ends_with("/000000000003.note"), "{}", put.target);
}

#[test]
fn an_object_that_is_there_already_is_a_delivery_if_it_is_the_same_and_an_alarm_if_not() {
    let mut station = Station::new();
    let store = Store::default();
    let ours = store.clone();
    let server = Server::start(move |asked| ours.answer(asked));
    let note = station.log.grow(3);
    assert!(station.once(&sink(&server.url(), LOCK)));
    std::fs::remove_dir_all(station.path("state")).unwrap();
    assert!(station.once(&sink(&server.url(), LOCK)), "{}", station.said());
    std::fs::remove_dir_all(station.path("state")).unwrap();
    let key = store.keys().remove(0);
    // The same receipts, and a signature that nobody has made.
    let (text, _) = note.split_once("\n\n").unwrap();
    let unsigned = format!("{text}\n\n\u{2014} {} {}\n", station.log.origin(), "A".repeat(92));
    for other in [&b"other bytes"[..], b"", unsigned.as_bytes()] {
        store.0.lock().unwrap().get_mut(&key).unwrap().0 = other.to_vec();
        assert!(!station.once(&sink(&server.url(), LOCK)));
        let said = station.said();
        assert!(said.contains("ALARM") && said.contains("is another checkpoint"), "{said}");
        assert!(station.names("vault").is_empty());
    }
}

#[test]
fn a_store_that_ignores_the_lock_has_not_got_the_checkpoint() {
    for ignored in [MODE, UNTIL] {
        let mut station = Station::new();
        let store = Store::default();
        let server = Server::start(move |asked| {
            let mut asked = asked.clone();
            asked.headers.retain(|(name, _)| name != ignored);
            store.answer(&asked)
        });
        station.log.grow(3);
        assert!(!station.once(&sink(&server.url(), LOCK)));
        let said = station.said();
        assert!(said.contains("does not show its lock: the bucket `b` needs Object Lock"), "{said}");
        assert!(station.names("vault").is_empty());
    }
}

/// The object was written, and the machine went down before that was noted; it comes back days later.
#[test]
fn an_interrupted_delivery_is_taken_up_days_later_by_the_lock_that_it_got_then() {
    const MODIFIED: i64 = 1_795_334_400; // As the store below answers.
    const DAY: i64 = 86_400;
    for (away, is_delivered) in [(0, true), (5, true), (29, true), (31, false)] {
        let mut station = Station::new();
        let store = Store::default();
        let server = Server::start(move |asked| store.answer(asked));
        station.log.grow(3);
        assert!(station.once_at(&sink(&server.url(), LOCK), MODIFIED), "{}", station.said());
        std::fs::remove_dir_all(station.path("state")).unwrap();
        let done = station.once_at(&sink(&server.url(), LOCK), MODIFIED + away * DAY);
        assert_eq!(done, is_delivered, "{away} days: {}", station.said());
    }
}

#[test]
fn a_lock_that_ends_too_early_or_is_of_the_weaker_kind_is_not_enough() {
    for (mode, until) in [
        ("GOVERNANCE", "2030-04-16T17:46:40Z"),
        ("COMPLIANCE", "2030-03-18T00:00:00Z"),
        ("COMPLIANCE", "soon"),
    ] {
        let mut station = Station::new();
        let store = Store::default();
        let server = Server::start(move |asked| {
            let mut asked = asked.clone();
            asked.headers.retain(|(name, _)| name != MODE && name != UNTIL);
            asked.headers.push((MODE.to_owned(), mode.to_owned()));
            asked.headers.push((UNTIL.to_owned(), until.to_owned()));
            store.answer(&asked)
        });
        station.log.grow(3);
        assert!(!station.once(&sink(&server.url(), LOCK)), "{mode} {until}");
        assert!(station.said().contains("does not show its lock"));
    }
}

#[test]
fn a_refusal_is_told_by_code_and_message() {
    let mut station = Station::new();
    station.log.grow(3);
    let server = Server::start(|_| {
        Reply::of(
            403,
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no\nway</Message></Error>",
        )
    });
    assert!(!station.once(&sink(&server.url(), LOCK)));
    let said = station.said();
    assert!(said.contains("refused with status 403: `AccessDenied: no\u{fffd}way`"), "{said}");
    assert!(!said.contains("hush-do-not-print"));
}

#[test]
fn credentials_come_from_a_file_for_its_owner_alone() {
    let mut station = Station::new();
    let store = Store::default();
    let server = Server::start(move |asked| store.answer(asked));
    station.log.grow(3);
    let path = station.path("keys.toml");
    let with_file = sink(&server.url(), &format!("credentials_file = '{}'\n", path.display()));
    assert!(!station.once(&with_file));
    assert!(station.said().contains("cannot read the credentials"));
    std::fs::write(&path, "access_key_id = 'FROMFILE'\nsecret_access_key = 'hush-hush'\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(!station.once(&with_file));
    assert!(station.said().contains("open to other users (mode 640): `chmod 600` it"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(station.once(&with_file), "{}", station.said());
    let asked = server.asked();
    assert!(asked[0].header("authorization").unwrap().contains("Credential=FROMFILE/"));
    for broken in ["access_key_id = 'hush-hush'", "hush-hush", "access_key_id = 'a'\nsecret = 'hush-hush'"] {
        std::fs::write(&path, broken).unwrap();
        assert!(!station.once(&with_file));
        let said = station.said();
        assert!(said.contains("is not TOML with") && !said.contains("hush-hush"), "{said}");
    }
}
