//! A log, a configuration and the anchor's folders, in a private folder of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use agent_receipts_anchor::{Anchor, Config, Disk, Stop, Surroundings, Until};
use agent_receipts_core::Timestamp;
use tempfile::TempDir;

use crate::log::Log;

pub(crate) struct Station {
    folder: TempDir,
    pub(crate) log: Log,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Station {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::create(&folder.path().join("receipts.db"));
        Self { folder, log, lines: Arc::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn evidence(&self, sink: &str) -> PathBuf {
        self.path("state/evidence").join(sink)
    }

    pub(crate) fn read(&self, sink: &str, name: &str) -> String {
        std::fs::read_to_string(self.evidence(sink).join(name)).unwrap()
    }

    /// Names of evidence that is whole.
    pub(crate) fn names(&self, sink: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.evidence(sink)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.ends_with(".next"));
        names.sort();
        names
    }

    /// Writes `anchor.toml` with these sinks.
    pub(crate) fn configure(&self, sinks: &str) -> PathBuf {
        let path = self.path("anchor.toml");
        let db = self.log.path().display();
        let state = self.path("state");
        let public_key = self.path("signing.key.pub");
        std::fs::write(&public_key, self.log.key().to_pem()).unwrap();
        std::fs::write(self.path("some.pem"), SOME_CERTIFICATE).unwrap();
        let sinks = sinks.replace("CERTIFICATES", &self.path("some.pem").display().to_string());
        std::fs::write(
            &path,
            format!(
                "db = '{db}'\npublic_key = '{}'\nstate = '{}'\npoll = '50ms'\n{sinks}",
                public_key.display(),
                state.display()
            ),
        )
        .unwrap();
        path
    }

    pub(crate) fn config(&self, sinks: &str) -> Config {
        Config::load(&self.configure(sinks), &nothing).unwrap()
    }

    /// One round; true if every sink has everything.
    pub(crate) fn once(&self, sinks: &str) -> bool {
        self.once_on(sinks, Disk::system())
    }

    pub(crate) fn once_on(&self, sinks: &str, disk: Disk) -> bool {
        self.once_in(sinks, self.world(disk))
    }

    /// One round by a clock that stands at this second.
    pub(crate) fn once_at(&self, sinks: &str, seconds: i64) -> bool {
        let clock = Arc::new(move || Timestamp::from_unix(seconds, 0).unwrap());
        self.once_in(sinks, Surroundings { clock, ..self.world(Disk::system()) })
    }

    fn once_in(&self, sinks: &str, world: Surroundings) -> bool {
        let mut tries = 0;
        let anchor = loop {
            match Anchor::start(&self.config(sinks), &credentials, world.clone()) {
                // A program that another test's thread is just starting holds our files until it runs, and with them the lock.
                Err(error) if error.to_string().contains("another anchor") && tries < 500 => {
                    tries += 1;
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
                started => break started,
            }
        };
        let anchor = match anchor {
            Ok(anchor) => anchor,
            Err(error) => {
                self.lines.lock().unwrap().push(error.to_string());
                return false;
            }
        };
        anchor.run(Until::Once, &Stop::default()).unwrap()
    }

    pub(crate) fn world(&self, disk: Disk) -> Surroundings {
        let lines = Arc::clone(&self.lines);
        Surroundings {
            clock: Arc::new(|| Timestamp::from_unix(NOW, 0).unwrap()),
            disk,
            log: Arc::new(move |line| lines.lock().unwrap().push(line.to_owned())),
            ..Surroundings::system()
        }
    }

    /// What was logged since the last time this was asked.
    pub(crate) fn said(&self) -> String {
        self.lines.lock().unwrap().drain(..).collect::<Vec<_>>().join("\n")
    }
}

/// What the clock shows, unless a test wants another time.
pub(crate) const NOW: i64 = 1_900_000_000;

/// A root of which nobody has the key any more, for sinks that never get as far as a token.
const SOME_CERTIFICATE: &str = include_str!("some.pem");

/// An environment without a variable.
pub(crate) fn nothing(_: &str) -> Option<OsString> {
    None
}

/// An environment with credentials for an object store.
pub(crate) fn credentials(name: &str) -> Option<OsString> {
    match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".into()),
        "AWS_SECRET_ACCESS_KEY" => Some("hush-do-not-print".into()),
        _ => None,
    }
}

pub(crate) fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// The notes in a file of records, in their order.
pub(crate) fn notes(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "torn: {text:?}");
    text.lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["payload"]["note"].as_str().unwrap().to_owned()
        })
        .collect()
}
