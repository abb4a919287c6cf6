//! The one thread that listens, and that runs the operator's command.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use ring::rand::SecureRandom;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use super::desk::Endpoint;
use super::place::{EndpointError, Place};
use super::question::hex;
use super::room::Answering;
use super::routes::Window;
use crate::serve::{Door, Limits, Token, serve};

/// The thread, and what it listens on, until this is dropped.
pub(super) struct Office {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    place: Option<Place>,
    address: Option<SocketAddr>,
}

/// What was opened.
struct Doors {
    place: Place,
    doors: Vec<Door>,
    window: Window,
    address: Option<SocketAddr>,
}

impl Office {
    /// Opens what `endpoint` says, and tells why where it cannot be.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no means to wait.
    pub(super) fn open(
        endpoint: Endpoint,
        server: &str,
        answering: &Answering,
        random: &dyn SecureRandom,
        env: &impl Fn(&str) -> Option<String>,
    ) -> io::Result<(Self, Vec<EndpointError>)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let mut faults = Vec::new();
        let opened = {
            let _runtime = handle.enter();
            let opened = match endpoint {
                Endpoint::Off => None,
                Endpoint::Socket => Some(Doors::open(None, answering, random, env, &mut faults)),
                Endpoint::Port(port) => Some(Doors::open(Some(port), answering, random, env, &mut faults)),
            };
            let announced = opened.map(|opened| opened.and_then(|opened| opened.announced(server)));
            announced.and_then(|announced| announced.map_err(|fault| faults.push(fault)).ok())
        };
        let (place, address, doors) = match opened {
            Some(Doors { place, doors, window, address }) => {
                (Some(place), address, Some((doors, Arc::new(window))))
            }
            None => (None, None, None),
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("approvals-http".to_owned())
            .spawn(move || attend(runtime, doors, stopped))?;
        Ok((Self { handle, stop: Some(stop), thread: Some(thread), place, address }, faults))
    }

    /// Where tasks of this thread are started from.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The socket, if there is one.
    pub(super) fn socket(&self) -> Option<PathBuf> {
        self.place.as_ref().map(Place::socket)
    }

    /// The port that was bound, if one was.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Ends all, and removes the files.
    pub(super) fn close(&mut self) {
        drop(self.place.take());
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.close();
    }
}

/// Listens until it is stopped. What runs then is dropped, and the processes of commands are killed.
fn attend(runtime: Runtime, doors: Option<(Vec<Door>, Arc<Window>)>, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        let (doors, window) = doors.unzip();
        for (door, window) in doors.into_iter().flatten().zip(window.iter().cycle()) {
            let window = Arc::clone(window);
            tokio::spawn(serve(door, Limits::brief(), move |caller, request| {
                let window = Arc::clone(&window);
                async move { window.answer(caller, request).await }
            }));
        }
        let _ = stopped.await;
    });
}

impl Doors {
    /// The socket, and the port where one was asked for. A port that is not to be had leaves the socket.
    fn open(
        port: Option<u16>,
        answering: &Answering,
        random: &dyn SecureRandom,
        env: &impl Fn(&str) -> Option<String>,
        faults: &mut Vec<EndpointError>,
    ) -> Result<Self, EndpointError> {
        let mut end = [0; 6];
        random.fill(&mut end).map_err(|_| no_randomness())?;
        let name = format!("{}-{}", std::process::id(), hex(&end));
        let (place, listener) = Place::open(&name, env)?;
        let said = |error: io::Error| EndpointError::System { what: "socket", kind: error.kind() };
        listener.set_nonblocking(true).map_err(said)?;
        let doors = vec![Door::Unix(tokio::net::UnixListener::from_std(listener).map_err(said)?)];
        let window = Window { answering: answering.clone(), port: None };
        let mut opened = Self { place, doors, window, address: None };
        if let Some(port) = port {
            opened.open_port(port, random).unwrap_or_else(|fault| faults.push(fault));
        }
        Ok(opened)
    }

    fn open_port(&mut self, port: u16, random: &dyn SecureRandom) -> Result<(), EndpointError> {
        let said = |error: io::Error| EndpointError::Port { port, kind: error.kind() };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(said)?;
        listener.set_nonblocking(true).map_err(said)?;
        let address = listener.local_addr().map_err(said)?;
        let token = Token::random(random).map_err(|_| no_randomness())?;
        self.place.keep(token.reveal())?;
        let names = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", address.port()));
        self.doors.push(Door::Tcp(tokio::net::TcpListener::from_std(listener).map_err(said)?));
        self.window.port = Some((names.into(), token));
        self.address = Some(address);
        Ok(())
    }

    fn announced(self, server: &str) -> Result<Self, EndpointError> {
        let http = self.address.map(|address| format!("http://{address}"));
        self.place.announce(server, http.as_deref())?;
        Ok(self)
    }
}

fn no_randomness() -> EndpointError {
    EndpointError::System { what: "randomness", kind: io::ErrorKind::Other }
}
