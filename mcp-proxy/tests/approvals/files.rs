//! What stands on the disk: private, this proxy's alone, and gone at the end.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use agent_receipts_mcp::{Answer, Desk, Endpoint, EndpointError, UnknownEndpoint};

use crate::place::{Place, question};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn everything_is_this_users_alone_and_gone_when_the_desk_closes() {
    let place = Place::new();
    let desk = place.desk(&Place::options(Endpoint::Port(0)));
    assert_eq!(mode(&place.approvals()), 0o700);
    assert_eq!(place.names().len(), 3, "{:?}", place.names());
    for ending in [".sock", ".json", ".token"] {
        assert_eq!(mode(&place.file(ending)), 0o600, "{ending}");
    }
    desk.close();
    desk.close();
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn two_proxies_of_one_user_stand_side_by_side() {
    let place = Place::new();
    let (one, two) = (place.with_socket(), place.with_socket());
    assert_ne!(one.socket(), two.socket());
    assert_eq!(place.names().len(), 4);
    drop(one);
    assert_eq!(place.names().len(), 2);
    assert!(two.socket().unwrap().exists());
}

#[test]
fn where_nothing_can_be_written_the_desk_says_why_and_denies_at_once() {
    if rustix::process::geteuid().is_root() {
        // Root writes anywhere that is not read-only: a file in the folder's place is as bad.
        let place = Place::new();
        fs::write(place.folder.path().join("agentreceipts"), "").unwrap();
        denied_at_once(&place);
        return;
    }
    let place = Place::new();
    fs::set_permissions(place.folder.path(), Permissions::from_mode(0o500)).unwrap();
    denied_at_once(&place);
    fs::set_permissions(place.folder.path(), Permissions::from_mode(0o700)).unwrap();
}

fn denied_at_once(place: &Place) {
    for endpoint in [Endpoint::Socket, Endpoint::Port(0)] {
        let desk = place.desk(&Place::options(endpoint));
        assert!(matches!(desk.faults(), [EndpointError::Folder(_)]), "{:?}", desk.faults());
        assert_eq!((desk.socket(), desk.address()), (None, None));
        let id = place.ask(&desk, "t");
        assert_eq!(place.told(), (id, Answer::NoApprover));
    }
}

#[test]
fn without_any_folder_there_is_no_socket() {
    let desk =
        Desk::open(&Place::options(Endpoint::Socket), &ring::rand::SystemRandom::new(), &|_| None).unwrap();
    assert_eq!(desk.faults(), [EndpointError::NoFolder]);
    let (tell, told) = std::sync::mpsc::channel();
    desk.ask(question("t"), move |_, answer| tell.send(answer).unwrap());
    assert_eq!(told.recv().unwrap(), Answer::NoApprover);
}

#[test]
fn a_folder_that_others_may_look_into_or_that_a_link_leads_to_is_not_used() {
    let place = Place::new();
    drop(place.with_socket());
    fs::set_permissions(place.approvals(), Permissions::from_mode(0o755)).unwrap();
    denied_at_once(&place);
    fs::remove_dir(place.approvals()).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), place.approvals()).unwrap();
    denied_at_once(&place);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_path_too_long_for_a_socket_is_said_and_nothing_is_left() {
    let place = Place::new();
    let deep = place.folder.path().join("x".repeat(90));
    fs::create_dir(&deep).unwrap();
    let text = deep.to_str().unwrap().to_owned();
    let env = move |name: &str| (name == "XDG_RUNTIME_DIR").then(|| text.clone());
    let random = ring::rand::SystemRandom::new();
    let desk = Desk::open(&Place::options(Endpoint::Socket), &random, &env).unwrap();
    assert!(matches!(desk.faults(), [EndpointError::TooLong { .. }]), "{:?}", desk.faults());
    assert_eq!(fs::read_dir(deep.join("agentreceipts/approvals")).unwrap().count(), 0);
}

#[test]
fn a_home_serves_where_there_is_no_run_time_folder() {
    let place = Place::new();
    let home = place.folder.path().to_str().unwrap().to_owned();
    let env = move |name: &str| match name {
        "HOME" => Some(home.clone()),
        "XDG_RUNTIME_DIR" => Some("/nowhere/at/all".to_owned()),
        _ => None,
    };
    let desk = Desk::open(&Place::options(Endpoint::Socket), &ring::rand::SystemRandom::new(), &env).unwrap();
    assert!(desk.socket().unwrap().starts_with(place.folder.path().join(".local/share/agent-receipts")));
    assert_eq!(desk.faults(), []);
}

#[test]
fn endpoints_are_named_by_a_word_or_a_port() {
    assert_eq!("off".parse(), Ok(Endpoint::Off));
    assert_eq!("socket".parse(), Ok(Endpoint::Socket));
    assert_eq!("0".parse(), Ok(Endpoint::Port(0)));
    assert_eq!("8080".parse(), Ok(Endpoint::Port(8080)));
    for odd in ["", "65536", "-1", "+1", "0.0.0.0:80", "Socket", "8080 "] {
        assert_eq!(odd.parse::<Endpoint>(), Err(UnknownEndpoint { given: odd.to_owned() }));
    }
}
