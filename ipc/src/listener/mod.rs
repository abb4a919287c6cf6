//! The listener: one thread that accepts, one for each connection, and nothing a peer does ends either of them early.

mod adopt;
mod assembler;
mod attest;
mod bind;
mod connection;
mod handler;
mod notice;
mod options;
mod permits;
mod reply;
mod stop;
mod watch;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::sys;
use bind::Bound;
use connection::Surroundings;
use permits::Permits;
use reply::Link;
use stop::Stop;
use watch::Watch;

pub use adopt::PassedFault;
pub use attest::{Attest, attest_directly};
pub use bind::BindError;
pub use handler::{Handler, Next, Session};
pub use notice::{Counts, Notice, Totals};
pub use options::{Limits, ListenerOptions, Observer};
pub use reply::{ReplyError, ReplyWriter};
pub use stop::ShutdownHandle;

/// A bound socket that accepts events. Removes its file when it stops or is dropped, if it made the file and it is still its own.
pub struct Listener {
    bound: Bound,
    limits: Limits,
    stop: Arc<Stop>,
    watch: Arc<Watch>,
    permits: Arc<Permits>,
    reserve: Option<File>,
    attest: Attest,
}

/// How a listener ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "connections that were not done may still hold events"]
pub struct Stopped {
    /// Connections whose session had not returned when [`Limits::drain`] was over.
    pub unfinished: usize,
}

impl Listener {
    /// Binds `path` with the mode of the options, in a directory that is made with mode 0750 if it is missing.
    ///
    /// Removes a socket that nobody listens on; refuses to touch anything else. From here on clients can connect and
    /// send; they are accepted once [`Listener::run`] is called.
    pub fn bind(path: &Path, options: ListenerOptions) -> Result<Listener, BindError> {
        let (mode, probe) = (options.mode, options.limits.probe);
        Self::over(path, options, |watch| Bound::new(path, mode, probe, &|notice| watch.tell(notice)))
    }

    /// Listens on a socket that a service manager bound to `path` and passed on. Its file is the service manager's: it
    /// stays when the listener stops, and connections that were not accepted by then wait for the next listener.
    ///
    /// # Errors
    ///
    /// [`BindError::Passed`] if the socket is no listening Unix stream socket at `path`, or if its file lets every user in.
    #[cfg(target_os = "linux")]
    pub fn adopt(socket: OwnedFd, path: &Path, options: ListenerOptions) -> Result<Listener, BindError> {
        Self::over(path, options, |watch| Bound::adopt(socket, path, &|notice| watch.tell(notice)))
    }

    fn over(
        path: &Path,
        options: ListenerOptions,
        bound: impl FnOnce(&Watch) -> Result<Bound, BindError>,
    ) -> Result<Listener, BindError> {
        let watch = Watch::new(options.observer);
        let system = |step| {
            move |error: io::Error| BindError::System { step, path: path.to_owned(), kind: error.kind() }
        };
        let stop = Stop::new().map_err(system("prepare to stop"))?;
        let reserve = open_reserve().map_err(system("keep a descriptor in reserve for"))?;
        let bound = bound(&watch)?;
        let permits = Permits::new(&options.limits);
        Ok(Self {
            bound,
            limits: options.limits,
            stop,
            watch,
            permits,
            reserve: Some(reserve),
            attest: attest_directly(),
        })
    }

    /// Has `attest` say who each peer is, in the place of [`Peer::of`](crate::Peer::of): a process that has confined the
    /// accepting thread may have to ask another one.
    #[must_use]
    pub fn attested_by(self, attest: Attest) -> Self {
        Self { attest, ..self }
    }

    /// What ends [`Listener::run`].
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle::new(Arc::clone(&self.stop))
    }

    /// What is counted, now and later.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.watch.counts)
    }

    /// Accepts connections and gives them to `handler`, until the [`ShutdownHandle`] is used.
    ///
    /// Then: the file is removed; connections that were waiting are accepted; every whole frame that had been received
    /// is handed to its session, for at most [`Limits::drain`]; idle connections end at once. Reply writers that are
    /// still held keep working after this returns.
    pub fn run(mut self, handler: Arc<dyn Handler>) -> Stopped {
        let surroundings = Arc::new(Surroundings {
            handler,
            limits: self.limits,
            stop: Arc::clone(&self.stop),
            watch: Arc::clone(&self.watch),
        });
        let running = Arc::new(Running::default());
        while self.stop.requested().is_none() {
            match sys::readable_by(&[std::os::fd::AsFd::as_fd(&self.bound.socket), self.stop.wake()], None) {
                Ok(_) => {}
                Err(error) => self.survive(Notice::AcceptFailed { kind: error.kind() }),
            }
            if self.stop.requested().is_none() {
                self.accept_one(&surroundings, &running);
            }
        }
        self.bound.unlink();
        // Those that connected, and may have sent, before the stop: the queue cannot be longer than the backlog. The queue of
        // a passed socket is still open, and the next daemon's.
        let waiting = if self.bound.own.is_some() { self.limits.connections } else { 0 };
        (0..waiting).take_while(|_| self.accept_one(&surroundings, &running)).count();
        let end = self.stop.requested().unwrap_or_else(Instant::now) + self.limits.drain + GRACE;
        Stopped { unfinished: running.wait_until(end) }
    }

    /// Takes one connection, if one is waiting; says whether another try makes sense at once.
    fn accept_one(&mut self, surroundings: &Arc<Surroundings>, running: &Arc<Running>) -> bool {
        match accept(&self.bound.socket) {
            Ok(socket) => {
                self.admit(socket, surroundings, running);
                true
            }
            Err(Errno::AGAIN) => false,
            Err(Errno::INTR | Errno::CONNABORTED) => true,
            Err(Errno::MFILE | Errno::NFILE) => {
                // A connection that cannot be accepted would keep the socket readable and this thread spinning, and
                // its peer waiting: the reserve lets it in to be closed.
                self.reserve = None;
                drop(accept(&self.bound.socket));
                self.reserve = open_reserve().ok();
                self.survive(Notice::OutOfDescriptors);
                false
            }
            Err(error) => {
                self.survive(Notice::AcceptFailed { kind: io::Error::from(error).kind() });
                false
            }
        }
    }

    fn admit(&self, socket: OwnedFd, surroundings: &Arc<Surroundings>, running: &Arc<Running>) {
        let (socket, peer) = match (self.attest)(socket) {
            Ok(attested) => attested,
            Err(error) => return self.watch.tell(Notice::NoCredential { kind: error.kind() }),
        };
        let permit = match self.permits.take(peer.uid) {
            Ok(permit) => permit,
            Err(refusal) => return self.watch.tell(refusal),
        };
        let link = Arc::new(Link::new(socket, peer, self.limits.reply, Arc::clone(&self.watch), permit));
        let surroundings = Arc::clone(surroundings);
        let place = running.enter();
        let thread = thread::Builder::new().name("connection".into()).stack_size(self.limits.stack);
        let started = thread.spawn(move || {
            surroundings.serve(&link);
            drop(link);
            drop(place);
        });
        if let Err(error) = started {
            self.watch.tell(Notice::NoThread { kind: error.kind() });
        }
    }

    /// Tells of a failure and lets the system breathe, unless a stop comes.
    fn survive(&mut self, notice: Notice) {
        self.watch.tell(notice);
        if sys::readable_by(&[self.stop.wake()], Some(Instant::now() + BACK_OFF)).is_err() {
            thread::sleep(BACK_OFF);
        }
        if self.reserve.is_none() {
            self.reserve = open_reserve().ok();
        }
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Listener").field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// How many connections' threads are running.
#[derive(Debug, Default)]
struct Running {
    count: Mutex<usize>,
    one_less: Condvar,
}

/// One running thread; taken off the count when dropped, also by a panic.
struct Place(Arc<Running>);

impl Running {
    fn enter(self: &Arc<Self>) -> Place {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Place(Arc::clone(self))
    }

    /// Waits until none is left or until `end`; says how many are left.
    fn wait_until(&self, end: Instant) -> usize {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.one_less.wait_timeout(count, left);
            count = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *count
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.one_less.notify_all();
    }
}

/// Accepts without waiting; the connection is not inherited by child processes.
fn accept(socket: &OwnedFd) -> Result<OwnedFd, Errno> {
    #[cfg(not(target_vendor = "apple"))]
    {
        rustix::net::accept_with(socket, rustix::net::SocketFlags::CLOEXEC)
    }
    #[cfg(target_vendor = "apple")]
    {
        let connection = rustix::net::accept(socket)?;
        rustix::io::fcntl_setfd(&connection, rustix::io::FdFlags::CLOEXEC)?;
        rustix::net::sockopt::set_socket_nosigpipe(&connection, true)?;
        Ok(connection)
    }
}

/// A descriptor to give up when there is none left.
fn open_reserve() -> io::Result<File> {
    File::open("/dev/null")
}

const BACK_OFF: Duration = Duration::from_millis(20);
/// What a session may take beyond [`Limits::drain`] for the frame in its hands.
const GRACE: Duration = Duration::from_millis(500);
