//! Another user account: what the kernel says of its processes, and what the socket's mode keeps from it.
//!
//! Only root can start a process as somebody else, so this program counts and reports its tests itself: elsewhere they
//! are ignored, not passed. With an argument it is the other user's process.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::process::{DaemonProcess, Kept, valid, wait_for_end};
use support::{Home, event};

/// An account that is on every system and owns nothing.
const LOGIN: &str = "nobody";
const AS_CLIENT: &str = "send-as-client";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, socket] = &arguments[..]
        && role == AS_CLIENT
    {
        return send_as_client(socket);
    }
    let tests: [(&str, Test); 5] = [
        ("another_users_receipts_name_that_user", another_users_receipts_name_that_user),
        ("the_sockets_mode_keeps_others_out", the_sockets_mode_keeps_others_out),
        ("a_users_cap_is_not_anothers", a_users_cap_is_not_anothers),
        ("each_user_has_a_chain_of_its_own", each_user_has_a_chain_of_its_own),
        ("the_control_socket_obeys_no_other_user", the_control_socket_obeys_no_other_user),
    ];
    let filter = arguments.iter().skip(1).find(|word| !word.starts_with('-'));
    let chosen = tests.iter().filter(|(name, _)| filter.is_none_or(|word| name.contains(word.as_str())));
    let (mut passed, mut ignored) = (0, 0);
    for (name, test) in chosen {
        match Account::other() {
            Ok(account) => {
                test(account);
                println!("test {name} ... ok");
                passed += 1;
            }
            Err(why) => {
                println!("test {name} ... ignored, NOT RUN: {why}");
                ignored += 1;
            }
        }
    }
    // A failure has panicked by now. The line is cargo's, so that whoever counts tests counts these.
    println!("\ntest result: ok. {passed} passed; 0 failed; {ignored} ignored; 0 measured; 0 filtered out");
}

type Test = fn(Account);

/// Who the other user is.
#[derive(Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    fn other() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("only root can start a process as another user".to_owned());
        }
        match nix::unistd::User::from_name(LOGIN) {
            Ok(Some(user)) => Ok(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }),
            _ => Err(format!("there is no account `{LOGIN}`")),
        }
    }

    /// This program as the other user's process, from a place where that user may run it.
    fn client(self, home: &Home) -> Command {
        self.client_of(home, &home.config.socket)
    }

    fn client_of(self, home: &Home, socket: &Path) -> Command {
        std::fs::set_permissions(home.folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let program = program(home);
        if !program.exists() {
            // Another process makes the copy: what this one has open for writing, a child that another test starts at that moment
            // has open too, and nobody may execute it.
            let copied =
                Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap();
            assert!(copied.success());
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = Command::new(program);
        command.arg(AS_CLIENT).arg(socket).uid(self.uid).gid(self.gid).env_clear().current_dir("/");
        command
    }
}

fn program(home: &Home) -> PathBuf {
    home.path("client")
}

/// What the other user's process does: sends one event, says what came back or why nothing could.
fn send_as_client(socket: &str) {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) => return println!("{:?}", error.kind()),
    };
    let frame = event(r#""ack":true"#);
    stream.write_all(&[&(frame.len() as u32).to_be_bytes(), frame.as_bytes()].concat()).unwrap();
    let mut length = [0; 4];
    if stream.read_exact(&mut length).is_err() {
        return println!("no reply");
    }
    let mut reply = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut reply).unwrap();
    println!("{}", String::from_utf8(reply).unwrap());
    // Stays connected until it is told otherwise.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// What the process said, and its pid.
fn run(mut command: Command) -> (String, u32) {
    let mut child = Kept(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    child.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(wait_for_end(&mut child.0).success(), "{said}");
    (said.trim().to_owned(), child.0.id())
}

/// Opens the socket to the other user by its group, as an operator would, and by no other way.
fn let_in(home: &Home, account: Account) {
    chown(&home.config.socket, None, Some(account.gid)).unwrap();
    let mode = std::fs::metadata(&home.config.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660, "the socket's mode is the daemon's own");
}

fn another_users_receipts_name_that_user(account: Account) {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let_in(&home, account);
    home.connect().record(&event(""));
    let (said, pid) = run(account.client(&home));
    assert!(said.contains(r#""ok":true"#), "{said}");
    daemon.stop();
    let chain = home.chain("audit");
    let (ours, theirs) = (&chain[0].subject, &chain[1].subject);
    assert_eq!(ours.principal.id, "did:user:root");
    assert_eq!(theirs.principal.id, format!("did:user:{LOGIN}"));
    let peer = theirs.action.peer_credential.as_ref().unwrap();
    assert_eq!((peer.uid, peer.gid), (Some(account.uid.into()), Some(account.gid.into())));
    assert_eq!(peer.pid, u64::from(pid));
    assert_eq!(peer.exe_path.as_deref(), program(&home).to_str());
    valid(&home, "audit");
}

fn the_sockets_mode_keeps_others_out(account: Account) {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let (said, _) = run(account.client(&home));
    assert_eq!(said, "PermissionDenied", "the socket's group is not theirs");
    let_in(&home, account);
    assert!(run(account.client(&home)).0.contains(r#""ok":true"#));
    // Nor are the key and the database theirs, whatever the folder allows.
    for name in ["k", "r.db", "r.db-wal"] {
        let mut cat = Command::new("/bin/cat");
        cat.arg(home.path(name))
            .uid(account.uid)
            .gid(account.gid)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(!cat.status().unwrap().success(), "`{name}` can be read by `{LOGIN}`");
    }
    daemon.stop();
    assert_eq!(home.chain("audit").len(), 2);
}

fn a_users_cap_is_not_anothers(account: Account) {
    let home = Home::new();
    let mut command = support::process::daemon(&home);
    command.arg("--max-connections-per-uid=2");
    let daemon = DaemonProcess::start_with(command);
    let_in(&home, account);
    let mut ours = [home.connect(), home.connect()];
    ours.iter_mut().for_each(|client| drop(client.record(&event(""))));
    // Root has used up its own; the other user has not.
    let (said, _) = run(account.client(&home));
    assert!(said.contains(r#""ok":true"#), "{said}");
    let mut beyond = home.connect();
    assert_eq!(beyond.0.read_to_end(&mut Vec::new()).unwrap_or(0), 0);
    daemon.stop();
    assert_eq!(home.chain("audit").len(), 4);
}

fn each_user_has_a_chain_of_its_own(account: Account) {
    for scope in ["uid", "session"] {
        let home = Home::new();
        let mut command = support::process::daemon(&home);
        command.args(["--chains", scope, "--max-chains-per-uid=1"]);
        let daemon = DaemonProcess::start_with(command);
        let_in(&home, account);
        home.connect().record(&event(""));
        let (said, _) = run(account.client(&home));
        assert!(said.contains(r#""ok":true"#), "{said}");
        daemon.stop();
        // The same session name twice, and no chain in common.
        let name = if scope == "session" { "/s" } else { "" };
        for uid in [0, account.uid] {
            let chain = format!("audit/{scope}/{uid}{name}");
            assert_eq!(home.chain(&chain).len(), 2, "{chain}");
            valid(&home, &chain);
        }
    }
}

/// The mode keeps them out; and were it loosened, the daemon would still look who asks. What they ask for makes no difference.
fn the_control_socket_obeys_no_other_user(account: Account) {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let socket = home.path("control.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(run(account.client_of(&home, &socket)).0, "PermissionDenied");
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let (said, pid) = run(account.client_of(&home, &socket));
    assert!(said.contains(r#""code":"forbidden""#), "{said}");
    let told =
        format!("control: refused: neither the daemon's user nor root (pid {pid}, uid {}", account.uid);
    support::wait_until("the refusal in the log", || daemon.logged(&told));
    // Root, whose daemon this is, is obeyed.
    let (said, _) = run(Account { uid: 0, gid: 0 }.client_of(&home, &socket));
    assert!(said.contains(r#""code":"invalid_request""#), "{said}");
    daemon.stop();
}
