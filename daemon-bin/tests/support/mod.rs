//! A daemon in this process, in a folder of its own, and a client that speaks raw frames.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod process;
pub(crate) mod rotated;

use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use agent_receipts_chain::{KeyRing, RowFacts, StoreVerifier, Verdict};
use agent_receipts_core::json::{Rules, Value, parse};
use agent_receipts_core::{PublicKey, Receipt, Received, Timestamp};
use agent_receipts_daemon::{Config, Daemon, StartError, Surroundings};
use agent_receipts_store::{Order, Query, ReceiptReader as _, Row, SqliteReader, StoredRow};

/// A folder with a key pair, and the configuration of a daemon that lives there.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: Config,
    pub(crate) public_key: PublicKey,
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::with_seed([42; 32])
    }

    pub(crate) fn with_seed(seed: [u8; 32]) -> Self {
        let folder = tempfile::Builder::new().prefix("ar").tempdir_in("/tmp").unwrap();
        let at = |name: &str| folder.path().join(name);
        let public_key =
            agent_receipts_keysource::generate_key_pair(&at("k"), &at("k.pub"), &seed.into()).unwrap();
        let environment = |_: &str| None;
        std::fs::write(
            at("d.toml"),
            format!(
                "socket = {:?}\ndb = {:?}\nkey = {:?}\nchain_id = \"audit\"\nunsafe_socket_path = true\nshutdown_deadline = \"30s\"\n",
                at("s"),
                at("r.db"),
                at("k")
            ),
        )
        .unwrap();
        let config = Config::load(&at("d.toml"), &environment).unwrap();
        Self { folder, config, public_key, lines: Arc::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Surroundings with a clock that stands still and a log that is kept.
    pub(crate) fn surroundings(&self) -> Surroundings {
        let lines = Arc::clone(&self.lines);
        Surroundings {
            clock: Arc::new(|| Timestamp::parse("2026-11-22T03:39:59Z").unwrap()),
            log: Arc::new(move |line| lines.lock().unwrap().push(line.to_owned())),
            ..Surroundings::system()
        }
    }

    pub(crate) fn start(&self) -> Daemon {
        self.try_start().unwrap()
    }

    pub(crate) fn try_start(&self) -> Result<Daemon, StartError> {
        Daemon::start(&self.config, self.surroundings())
    }

    pub(crate) fn connect(&self) -> Client {
        Client(UnixStream::connect(&self.config.socket).unwrap())
    }

    pub(crate) fn logged(&self, words: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|line| line.contains(words))
    }

    /// Every stored row in the order of insertion.
    pub(crate) fn rows(&self) -> Vec<StoredRow> {
        let mut rows = Vec::new();
        let reader = SqliteReader::open(&self.config.db).unwrap();
        reader
            .stream(&Query::after(0), &mut |row| {
                rows.push(row);
                ControlFlow::Continue(())
            })
            .unwrap();
        rows
    }

    /// Every stored receipt, its signature checked, its row's hash compared.
    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        let check = |row: StoredRow| {
            let received = Received::parse(row.row.receipt_json.as_bytes()).unwrap();
            let verified = received.verify(&self.public_key).unwrap();
            assert_eq!(verified.hash.to_string(), row.row.receipt_hash);
            received.into_receipt()
        };
        self.rows().into_iter().map(check).collect()
    }

    /// Every stored row, chain by chain, each chain in sequence.
    pub(crate) fn each_by_chain(&self, mut each: impl FnMut(&Row)) {
        let by_chain = Query { order: Order::Chain, ..Query::default() };
        let reader = SqliteReader::open(&self.config.db).unwrap();
        reader
            .stream(&by_chain, &mut |stored| {
                each(&stored.row);
                ControlFlow::Continue(())
            })
            .unwrap();
    }

    /// The verdict over each chain, in the order of chain ids.
    pub(crate) fn verdicts(&self, ring: KeyRing) -> Vec<Verdict> {
        let mut verifier = StoreVerifier::new(ring, agent_receipts_chain::Options::default());
        let mut verdicts = Vec::new();
        self.each_by_chain(|row| {
            let facts = RowFacts {
                chain_id: &row.chain_id,
                sequence: row.sequence,
                receipt_id: &row.id,
                receipt_hash: &row.receipt_hash,
            };
            verdicts.extend(verifier.push(facts, row.receipt_json.as_bytes()).finished);
        });
        verdicts.extend(verifier.finish().0);
        verdicts
    }

    /// The receipts of one chain, its links checked one by one.
    pub(crate) fn chain(&self, chain_id: &str) -> Vec<Receipt> {
        let mut previous = None;
        let mut receipts = Vec::new();
        for row in self.rows().into_iter().filter(|row| row.row.chain_id == chain_id) {
            let receipt = Received::parse(row.row.receipt_json.as_bytes()).unwrap().into_receipt();
            assert_eq!(receipt.subject.chain.sequence, receipts.len() as u64 + 1, "a gap in `{chain_id}`");
            assert_eq!(
                receipt.subject.chain.previous_receipt_hash, previous,
                "a broken link in `{chain_id}`"
            );
            previous = Some(row.row.receipt_hash.clone());
            receipts.push(receipt);
        }
        receipts
    }
}

/// A connection that sends whatever it is told to.
pub(crate) struct Client(pub(crate) UnixStream);

impl Client {
    pub(crate) fn send(&mut self, body: &str) {
        self.send_bytes(body.as_bytes());
    }

    pub(crate) fn send_bytes(&mut self, body: &[u8]) {
        self.0.write_all(&(body.len() as u32).to_be_bytes()).unwrap();
        self.0.write_all(body).unwrap();
    }

    /// Sends a frame with `"ack":true` and waits for the reply: the event is then on disk, or refused.
    pub(crate) fn ask(&mut self, body: &str) -> Value {
        assert!(body.starts_with('{'), "not an object: {body}");
        self.send(&format!("{{\"ack\":true,{}", &body[1..]));
        self.reply()
    }

    pub(crate) fn reply(&mut self) -> Value {
        self.0.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut body).unwrap();
        parse(&body, Rules::Receipt).unwrap()
    }

    /// Asks, and expects a receipt.
    pub(crate) fn record(&mut self, body: &str) -> Value {
        let reply = self.ask(body);
        assert_eq!(field(&reply, "ok").as_bool(), Some(true), "{reply}");
        reply
    }
}

/// The smallest legal frame, with more members put in: `event(r#""output":1"#)`.
pub(crate) fn event(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(
        r#"{{"v":"1","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"sdk","tool":{{"name":"t"}},"decision":"allowed"{comma}{more}}}"#
    )
}

pub(crate) fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.as_object().and_then(|object| object.get(name)).unwrap_or(NULL)
}

static NULL: &Value = &Value::Null;

/// Waits for something that another thread or process brings about.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
