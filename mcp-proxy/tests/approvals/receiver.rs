//! Somebody who listens where the daemon would, and says that all is on disk; or that nothing is.

use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver as Heard, Sender, channel};
use std::time::Duration;

use agent_receipts_core::json::{Object, Rules, parse};
use agent_receipts_ipc::{Ack, Peer, read_frame, write_frame};

pub(crate) struct Receiver {
    _folder: tempfile::TempDir,
    socket: String,
    heard: Heard<(Object, Peer)>,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        Self::saying(Ack::Accepted {
            receipt_id: "urn:receipt:1".to_owned(),
            chain_id: "c".to_owned(),
            sequence: 1,
            receipt_hash: format!("sha256:{}", "0".repeat(64)),
        })
    }

    pub(crate) fn refusing() -> Self {
        Self::saying(Ack::Refused { code: "disk_full".to_owned(), message: "the disk is full".to_owned() })
    }

    fn saying(ack: Ack) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let (tell, heard) = channel();
        // These end with the test's process.
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (tell, ack) = (tell.clone(), ack.to_json());
                std::thread::spawn(move || hear(connection.unwrap(), &ack, &tell));
            }
        });
        Self { socket: path.to_str().unwrap().to_owned(), _folder: folder, heard }
    }

    pub(crate) fn socket(&self) -> &str {
        &self.socket
    }

    /// The next event, and who sent it.
    pub(crate) fn event(&self) -> (Object, Peer) {
        self.heard.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.heard.try_recv().is_err()
    }
}

/// Takes what one emitter sends, and answers where it asks for that.
fn hear(mut connection: UnixStream, ack: &[u8], tell: &Sender<(Object, Peer)>) {
    let (peer, mut body) = (Peer::of(&connection).unwrap(), Vec::new());
    while let Ok(Some(())) = read_frame(&mut connection, &mut body) {
        let event = parse(&body, Rules::Receipt).unwrap().into_object().unwrap();
        let asks = event.get("ack") == Some(&true.into());
        if tell.send((event, peer.clone())).is_err() || (asks && write_frame(&mut connection, ack).is_err()) {
            return;
        }
    }
}
