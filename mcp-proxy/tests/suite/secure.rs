//! TLS: the server must be who its certificate says, by the roots that this machine trusts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

/// A certificate for these names, made in `folder`.
fn certificate(folder: &Path, file: &str, names: &str) {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=server \
                 -addext basicConstraints=critical,CA:false";
    let made = Command::new("openssl")
        .args(words.split_whitespace())
        .args(["-addext", &format!("subjectAltName={names}")])
        .args(["-keyout", &format!("{file}.key"), "-out", &format!("{file}.pem")])
        .current_dir(folder)
        .output();
    assert!(made.expect("these tests need `openssl`").status.success());
}

/// Answers one connection over TLS, with the certificate in `folder`; gives the port.
fn serve(folder: &Path) -> u16 {
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(folder.join("server.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // A client that does not believe us hangs up.
        let _ = answer(stream, Arc::new(config));
    });
    port
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut asked = vec![0; 4096];
    if tls.read(&mut asked)? > 0 {
        let body = r#"{"jsonrpc":"2.0","id":1,"result":"over TLS"}"#;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length";
        write!(tls, "{head}: {}\r\n\r\n{body}", body.len())?;
        tls.flush()?;
    }
    Ok(())
}

/// What a client hears of one call to a server that shows the certificate for `names`, where `trusted` is trusted.
fn call(folder: &Path, names: &str, trusted: &str) -> Value {
    certificate(folder, "server", names);
    certificate(folder, "another", names);
    let port = serve(folder);
    let mut proxy = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"))
        .env_clear()
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env("AGENTRECEIPTS_SOCKET", folder.join("nobody"))
        .env("SSL_CERT_FILE", folder.join(trusted))
        .args(["--approvals", "off", "--remote", &format!("https://127.0.0.1:{port}/mcp")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = proxy.stdin.take().unwrap();
    input
        .write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"x\"}}\n")
        .unwrap();
    let mut line = String::new();
    BufReader::new(proxy.stdout.take().unwrap()).read_line(&mut line).unwrap();
    drop(input);
    proxy.wait().unwrap();
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_server_is_believed_by_the_roots_of_this_machine_and_by_no_others() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(call(folder.path(), "IP:127.0.0.1", "server.pem")["result"], "over TLS");
    let refused = call(folder.path(), "IP:127.0.0.1", "another.pem");
    assert!(refused["error"]["message"].as_str().unwrap().contains("certificate"), "{refused}");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = call(folder.path(), "DNS:mcp.example.com", "server.pem");
    assert!(refused["error"]["message"].as_str().unwrap().contains("certificate"), "{refused}");
}
