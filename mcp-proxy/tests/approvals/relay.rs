//! A proxy of another folder whose answers to decisions are lost on the way, or are others.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::place::{Place, at_socket, say};

/// What becomes of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lot {
    /// The proxy takes it, and its answer never comes.
    Unanswered,
    /// The proxy takes it, and whoever decided hears the connection's end.
    CutOff,
    /// The proxy takes it, and whoever decided hears this.
    Answered(&'static str),
    /// The proxy hears nothing of it, and whoever decided hears this.
    KeptBack(&'static str),
}

/// Listens in `place` for the proxy of `behind`. It ends with the test's process.
pub(crate) fn relay(place: &Place, behind: &Place, lot: Lot) {
    let folder = place.approvals();
    std::fs::create_dir_all(&folder).unwrap();
    for private in [folder.parent().unwrap(), &folder] {
        std::fs::set_permissions(private, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let socket = folder.join("1-0123456789ab.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600)).unwrap();
    let proxy = behind.file(".sock");
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for connection in listener.incoming() {
            held.extend(pass_on(connection.unwrap(), &proxy, lot));
        }
    });
}

/// One request; gives the connection back where it is to stay open.
fn pass_on(mut connection: UnixStream, proxy: &Path, lot: Lot) -> Option<UnixStream> {
    let request = head(&mut connection)?;
    if !request.starts_with("POST ") {
        let answer = say(at_socket(&PathBuf::from(proxy)), &request);
        let _ = connection.write_all(answer.as_bytes());
        return None;
    }
    if !matches!(lot, Lot::KeptBack(_)) {
        let answer = say(at_socket(&PathBuf::from(proxy)), &request);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    match lot {
        Lot::Unanswered => return Some(connection),
        Lot::CutOff => {}
        Lot::Answered(answer) | Lot::KeptBack(answer) => {
            connection.write_all(answer.as_bytes()).unwrap();
        }
    }
    None
}

/// A request's head; none where somebody only looks whether anybody listens.
fn head(connection: &mut UnixStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match connection.read(&mut byte) {
            Ok(0) => return None,
            Ok(_) => head.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    String::from_utf8(head).ok()
}
