//! The daemon as a library: start, wait, stop.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use agent_receipts_chain::checkpoint::KeyName;
use agent_receipts_ipc::{
    Attest, BindError, Limits, Listener, ListenerOptions, ShutdownHandle, SocketPlace, Stopped,
    attest_directly, check_socket_path,
};

use crate::checkpoints::keeper::Keeper;
use crate::checkpoints::making::{Anchors, Maker};
use crate::checkpoints::tally::Tally;
use crate::config::Config;
use crate::control::{self, Control, House};
use crate::disclosure::Discloser;
use crate::pipeline::admission::{Admission, Admitting};
use crate::pipeline::answers::Answers;
use crate::pipeline::committer::Lane;
use crate::pipeline::ledger::WriteError;
use crate::pipeline::losses::Losses;
use crate::pipeline::queue::{Bounds, Queue};
use crate::pipeline::shared_store::SharedStore;
use crate::pipeline::submission::Work;
use crate::pipeline::writer::Writer;
use crate::principal::Principals;
use crate::pulse::Pulse;
use crate::redact::redactor;
use crate::startup::{StartError, open};
use crate::surroundings::{Log, Surroundings};

/// A running daemon. Dropping it does not end it: its threads, its socket and its lock live on until the process ends, which is
/// then an unclean stop. What was acknowledged is on disk, the chain is left open, and the next start continues it.
pub struct Daemon {
    chain_id: String,
    shutdown: ShutdownHandle,
    queue: Arc<Queue<Work>>,
    /// Alive as long as a connection is.
    sessions: Weak<Admission>,
    listener: JoinHandle<Stopped>,
    writer: JoinHandle<(Writer, Result<(), WriteError>)>,
    committer: JoinHandle<()>,
    replier: JoinHandle<()>,
    keeper: JoinHandle<Keeper>,
    tally: Arc<Tally>,
    control: Option<Control>,
    ended: Receiver<()>,
    end: EndHandle,
    warning: Option<String>,
    deadline: Duration,
    log: Log,
}

/// Asks a daemon to end, from any thread.
#[derive(Debug, Clone)]
pub struct EndHandle(Sender<()>);

impl EndHandle {
    /// Makes [`Daemon::wait_for`] return true. Whoever waits there then calls [`Daemon::stop`].
    pub fn end(&self) {
        // A daemon that is gone has ended already.
        let _ = self.0.send(());
    }
}

/// Why a daemon did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// The writer met an error after which nothing can be recorded.
    #[error("the writer stopped: {0}")]
    Write(#[from] WriteError),
    /// A thread of the daemon panicked.
    #[error("the {0} panicked")]
    Panic(&'static str),
}

impl Daemon {
    /// Opens key and store, takes up the chain, and listens.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing was then changed but what its message says.
    pub fn start(config: &Config, surroundings: Surroundings) -> Result<Self, StartError> {
        Self::start_over(config, surroundings, None, |_, _| attest_directly())
    }

    /// The same over a socket that was bound by somebody else, if one was, and on threads that `confine` has confined.
    pub(crate) fn start_over(
        config: &Config,
        surroundings: Surroundings,
        passed: Option<OwnedFd>,
        confine: impl FnOnce(&Config, &Log) -> Attest,
    ) -> Result<Self, StartError> {
        let log = Arc::clone(&surroundings.log);
        let warning = warning_of_place(config)?;
        if let Some(warning) = &warning {
            log(warning);
        }
        let redactor = redactor(config.redact_patterns.as_deref())?;
        let discloser = Discloser::open(config, &surroundings)?;
        // Before any thread is started, since each is confined by itself; SQLite's come with the store.
        let attest = confine(config, &log);
        let opened = open(config, &surroundings)?;
        // Last: who finds that the socket answers may rely on everything behind it.
        let listener = listen(config, passed, &log)?.attested_by(attest);
        let control = control::bind(config, &log)?;
        let queue = Arc::new(Queue::new(WAITING));
        let losses = Arc::new(Losses::default());
        let chain_id = opened.root.clone();
        log(&format!("recording on chain `{chain_id}` in `{}`", config.db.display()));
        let key = opened.keys.current.fingerprint();
        let earlier = opened.keys.earlier.clone();
        let tally = Arc::new(Tally::new(config.checkpoint_receipts as u64));
        let mut ledger = opened
            .into_ledger(config, &surroundings, |store| SharedStore::new(store).tallied(Arc::clone(&tally)));
        let takeovers = ledger.place_takeovers()?;
        ledger.commit(takeovers)?;
        let house = House {
            config: config.clone(),
            started: Instant::now(),
            surroundings: surroundings.clone(),
            queue: Arc::clone(&queue),
            receipts: ledger.store.count_of_written(),
            heads: ledger.sequencer.count_of_heads(),
            chain_id: chain_id.clone(),
            key: key.into(),
        };
        let control = control.map(|listener| Control::start(listener, house)).transpose()?;
        let (answers, late) = Answers::new(Arc::clone(&losses), Arc::clone(&log), WAITING.items);
        let (lane, committer) = Lane::new(ledger.store.clone(), answers.clone());
        let maker = Maker {
            store: ledger.store.clone(),
            key: ledger.key.clone(),
            origin: config.log_name.clone().and_then(|name| KeyName::new(name).ok()),
            anchors: config.anchor_log.clone().map(Anchors::new),
        };
        let keeper = Keeper {
            tally: Arc::clone(&tally),
            maker,
            db: config.db.clone(),
            earlier,
            interval: config.checkpoint_interval,
            surroundings,
        };
        let writer = Writer { ledger, lane, answers };
        let principals = Principals::default();
        let admission = Arc::new(Admission {
            queue: Arc::clone(&queue),
            losses,
            principals,
            redactor,
            discloser,
            log: Arc::clone(&log),
        });
        let shutdown = listener.shutdown_handle();
        let (end, ended) = channel();
        let ending = || Ending { queue: Arc::clone(&queue), end: end.clone() };
        let daemon = Self {
            chain_id,
            shutdown,
            sessions: Arc::downgrade(&admission),
            writer: spawn("writer", ending(), move |ending| write(writer, &ending.queue))?,
            committer: spawn("committer", ending(), move |_| committer.run())?,
            keeper: spawn("checkpoints", ending(), move |_| keeper.run())?,
            tally,
            replier: spawn("replier", ending(), move |_| late.send_all())?,
            listener: spawn("listener", ending(), move |_| listener.run(Arc::new(Admitting(admission))))?,
            queue: Arc::clone(&queue),
            control,
            ended,
            end: EndHandle(end.clone()),
            warning,
            deadline: config.shutdown_deadline,
            log,
        };
        (daemon.log)(&format!("listening on `{}`", config.socket.display()));
        Ok(daemon)
    }

    /// The root chain that this run writes to.
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// Waits until the daemon ends by itself, which it does only on a fatal error, or is asked to end; at most for
    /// `time`. True if it has ended or should.
    pub fn wait_for(&self, time: Duration) -> bool {
        self.ended.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }

    /// Starts to look, this often, whether the writer writes.
    pub(crate) fn pulse(&self, every: Duration) -> std::io::Result<Pulse> {
        Pulse::start(Arc::clone(&self.queue), every)
    }

    /// What makes [`Daemon::wait_for`] return from another thread.
    pub fn end_handle(&self) -> EndHandle {
        self.end.clone()
    }

    /// Says again what about this daemon's set-up is unsafe, if anything is.
    pub fn warn(&self) {
        if let Some(warning) = &self.warning {
            (self.log)(warning);
        }
    }

    /// Takes nothing new in, records what was received, closes the open chains as interrupted, and ends.
    ///
    /// The terminators are left out where the deadline of the configuration has passed by then; the next start then
    /// continues the chain.
    ///
    /// # Errors
    ///
    /// [`StopError`] if something that had been received could not be recorded.
    pub fn stop(self) -> Result<(), StopError> {
        let deadline = Instant::now() + self.deadline;
        self.shutdown.stop();
        if let Some(control) = &self.control {
            control.close();
        }
        let stopped = self.listener.join().map_err(|_| StopError::Panic("listener"))?;
        if stopped.unfinished > 0 {
            (self.log)(&format!(
                "{} connections were cut off while they were being read",
                stopped.unfinished
            ));
        }
        self.queue.close();
        let writer = self.writer.join();
        self.tally.stop();
        let keeper = self.keeper.join();
        // What a connection leaves behind is counted when it ends, and told by the last receipts.
        let patience = Instant::now() + LAST_COUNTS;
        while self.sessions.strong_count() > 0 && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        let in_time = || Instant::now() < deadline;
        // With the writer goes the lane, and with that the committer: whatever has happened, nobody holds the database then.
        let (end, mut panicked) = match writer {
            Ok((mut writer, end)) => (end.and_then(|()| writer.finish(&in_time)), Vec::new()),
            Err(_) => (Ok(()), vec!["writer"]),
        };
        match keeper {
            Ok(keeper) if end.is_ok() && panicked.is_empty() => keeper.finish(&in_time),
            Ok(_) => {}
            Err(_) => panicked.push("thread for checkpoints"),
        }
        if self.control.is_some_and(|control| !control.join()) {
            panicked.push("control socket");
        }
        for (thread, name) in [(self.committer, "committer"), (self.replier, "replier")] {
            if thread.join().is_err() {
                panicked.push(name);
            }
        }
        match panicked.first() {
            Some(name) => Err(StopError::Panic(name)),
            None => Ok(end?),
        }
    }
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Daemon").field("chain_id", &self.chain_id).finish_non_exhaustive()
    }
}

fn warning_of_place(config: &Config) -> Result<Option<String>, StartError> {
    let environment = |name: &str| std::env::var(name).ok();
    let place = check_socket_path(&config.socket, &environment, config.unsafe_socket_path)?;
    Ok((place == SocketPlace::Unsafe).then(|| {
        let path = config.socket.display();
        format!("WARNING: socket `{path}` lies outside the safe folders: whoever can write there can take its place")
    }))
}

fn listen(config: &Config, passed: Option<OwnedFd>, log: &Log) -> Result<Listener, BindError> {
    let options = listener_options(config, log);
    match passed {
        #[cfg(target_os = "linux")]
        Some(socket) => Listener::adopt(socket, &config.socket, options),
        _ => Listener::bind(&config.socket, options),
    }
}

fn listener_options(config: &Config, log: &Log) -> ListenerOptions {
    let log = Arc::clone(log);
    let limits = Limits {
        connections: config.max_connections,
        connections_per_uid: config.max_connections_per_uid,
        idle: config.idle_timeout,
        frame: config.read_timeout,
        reply: Duration::from_millis(20),
        ..Limits::default()
    };
    ListenerOptions { limits, ..ListenerOptions::new(move |notice| log(&notice.to_string())) }
}

/// The end of one of the threads that a daemon lives by, be it by a panic, is the end of all: whoever waits for room
/// in the queue is turned away, and whoever waits for the daemon is woken.
struct Ending {
    queue: Arc<Queue<Work>>,
    end: Sender<()>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.queue.close();
        // Nobody may be waiting.
        let _ = self.end.send(());
    }
}

/// Starts a thread. Where that fails, the ending is dropped, and those that were started before end too.
fn spawn<T: Send + 'static>(
    name: &'static str,
    ending: Ending,
    work: impl FnOnce(&Ending) -> T + Send + 'static,
) -> Result<JoinHandle<T>, StartError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || work(&ending))
        .map_err(|error| StartError::System { what: "start a thread", error })
}

fn write(mut writer: Writer, queue: &Queue<Work>) -> (Writer, Result<(), WriteError>) {
    let outcome = writer.run(queue);
    (writer, outcome)
}

/// What may wait for the writer: four batches of events, as long as they take no more memory than this.
const WAITING: Bounds = Bounds { items: 1024, bytes: 256 << 20 };

/// How long a stop waits for connections to count what they leave behind.
const LAST_COUNTS: Duration = Duration::from_secs(1);
