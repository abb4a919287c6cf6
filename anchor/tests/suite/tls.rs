//! TLS: the sink must be who its certificate says, by the roots that the operator trusts.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::station::Station;

/// Serves as many connections over TLS, with a certificate for these names; gives the port. It answers all with a page.
fn serve(folder: &Path, names: &str, connections: usize) -> u16 {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=sink -keyout tls.key -out tls.pem \
                 -addext basicConstraints=critical,CA:false -addext";
    let names = format!("subjectAltName={names}");
    let made = Command::new("openssl").args(words.split_whitespace()).arg(names).current_dir(folder).output();
    assert!(made.expect("these tests need `openssl`").status.success());
    let certificate = CertificateDer::from_pem_file(folder.join("tls.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("tls.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            // A client that does not believe us hangs up.
            let _ = answer(stream.unwrap(), &config);
        }
    });
    port
}

fn answer(stream: TcpStream, config: &Arc<ServerConfig>) -> std::io::Result<()> {
    let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream);
    let mut asked = vec![0; 4096];
    if tls.read(&mut asked)? > 0 {
        tls.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")?;
        tls.conn.send_close_notify();
        tls.flush()?;
    }
    Ok(())
}

fn sink(port: u16, more: &str) -> String {
    format!(
        "[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = 'https://127.0.0.1:{port}/'\ncertificates = 'CERTIFICATES'\n\
         timeout = '20s'\n{more}"
    )
}

#[test]
fn a_server_is_believed_by_the_roots_that_are_named_and_by_no_others() {
    let mut station = Station::new();
    station.log.grow(1);
    let port = serve(&station.path(""), "IP:127.0.0.1", 3);
    let ca_file = |name: &str| format!("ca_file = '{}'\n", station.path(name).display());
    // It got through, and what answers is no authority.
    assert!(!station.once(&sink(port, &ca_file("tls.pem"))));
    let said = station.said();
    assert!(said.contains("not that of a time-stamp authority"), "{said}");
    for more in [String::new(), ca_file("some.pem")] {
        assert!(!station.once(&sink(port, &more)));
        let said = station.said();
        assert!(said.contains("TLS failed") || said.contains("no root certificates"), "{more}: {said}");
    }
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let mut station = Station::new();
    station.log.grow(1);
    let port = serve(&station.path(""), "DNS:elsewhere.test", 1);
    assert!(!station.once(&sink(port, &format!("ca_file = '{}'\n", station.path("tls.pem").display()))));
    let said = station.said();
    assert!(said.contains("TLS failed"), "{said}");
}
