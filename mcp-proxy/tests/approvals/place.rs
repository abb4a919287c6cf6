//! A folder that is a user's run-time folder, with desks in it.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use agent_receipts_core::json::{Rules, Value, parse};
use agent_receipts_mcp::{Answer, ApprovalId, Desk, DeskOptions, Endpoint, Question};

/// The folder, and where answers come to.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    tell: Sender<(ApprovalId, Answer)>,
    told: Receiver<(ApprovalId, Answer)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let (tell, told) = channel();
        Self { folder: tempfile::tempdir().unwrap(), tell, told }
    }

    pub(crate) fn options(endpoint: Endpoint) -> DeskOptions {
        let mut options = DeskOptions::default();
        options.server = "files".to_owned();
        options.endpoint = endpoint;
        options.patience = Duration::from_secs(3600);
        options
    }

    /// A desk as `options` say, for a user whose run-time folder this is.
    pub(crate) fn desk(&self, options: &DeskOptions) -> Desk {
        let folder = self.folder.path().to_str().unwrap().to_owned();
        let env = move |name: &str| (name == "XDG_RUNTIME_DIR").then(|| folder.clone());
        Desk::open(options, &ring::rand::SystemRandom::new(), &env).unwrap()
    }

    /// A desk where approvers come by the socket.
    pub(crate) fn with_socket(&self) -> Desk {
        let desk = self.desk(&Self::options(Endpoint::Socket));
        assert_eq!(desk.faults(), []);
        desk
    }

    pub(crate) fn ask(&self, desk: &Desk, tool: &str) -> ApprovalId {
        let tell = self.tell.clone();
        desk.ask(question(tool), move |id, answer| tell.send((id.clone(), answer)).unwrap())
    }

    /// The next answer, waited for.
    pub(crate) fn told(&self) -> (ApprovalId, Answer) {
        self.told.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    pub(crate) fn nothing_told(&self) -> bool {
        self.told.try_recv().is_err()
    }

    /// Where the files of proxies are.
    pub(crate) fn approvals(&self) -> PathBuf {
        self.folder.path().join("agentreceipts/approvals")
    }

    /// The names there, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.approvals()) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The one file there with that ending.
    pub(crate) fn file(&self, ending: &str) -> PathBuf {
        let mut found: Vec<_> = self.names().into_iter().filter(|name| name.ends_with(ending)).collect();
        assert_eq!(found.len(), 1, "{:?}", self.names());
        self.approvals().join(found.remove(0))
    }
}

/// A question about `tool`.
pub(crate) fn question(tool: &str) -> Question {
    Question {
        server: "files".to_owned(),
        tool: tool.to_owned(),
        arguments: r#"{"path":"/a"}"#.to_owned(),
        rule: "pause_high_risk".to_owned(),
        description: "high risk".to_owned(),
        score: 55,
        correlation_id: "s/1".to_owned(),
    }
}

/// Sends `request` as it is and gives the whole answer; nothing where there is none.
pub(crate) fn say(mut stream: impl Read + Write, request: &str) -> String {
    // Whoever is refused early cannot say the rest, and perhaps hears nothing.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}")
        }
    }
    String::from_utf8(answer).unwrap()
}

pub(crate) fn at_socket(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

pub(crate) fn at_port(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// A request without a body.
pub(crate) fn request(line: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{line} HTTP/1.1\r\n{headers}\r\n")
}

/// The status and the body of an answer.
pub(crate) fn parts(answer: &str) -> (u16, &str) {
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.unwrap_or_else(|| panic!("{answer:?}")), body)
}

/// The calls that a list names.
pub(crate) fn listed(body: &str) -> Vec<Value> {
    let list = parse(body.as_bytes(), Rules::Receipt).unwrap().into_object().unwrap();
    list.get("tool_calls").unwrap().as_array().unwrap().to_vec()
}
