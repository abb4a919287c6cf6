//! A time-stamp authority made with `openssl ts`, behind a server on the loopback interface.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) struct Authority {
    folder: TempDir,
}

impl Authority {
    /// A root and an authority below it, whose key may do nothing else.
    pub(crate) fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(authority.path("openssl.cnf"), CONFIGURATION).unwrap();
        std::fs::write(authority.path("serial"), "01\n").unwrap();
        authority.run(
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -config openssl.cnf -extensions ca \
             -subj /CN=root",
        );
        authority.run(
            "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -config openssl.cnf -subj /CN=tsa",
        );
        authority.run(
            "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 30 -extfile openssl.cnf \
             -extensions tsa_key",
        );
        authority
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Answers a request as a server would; each request has files of its own.
    pub(crate) fn answer(&self, request: &[u8]) -> Vec<u8> {
        let own = tempfile::tempdir_in(self.folder.path()).unwrap();
        let (query, reply) = (own.path().join("q.tsq"), own.path().join("r.tsr"));
        std::fs::write(&query, request).unwrap();
        self.run(&format!(
            "ts -reply -config openssl.cnf -queryfile {} -out {}",
            query.display(),
            reply.display()
        ));
        std::fs::read(&reply).unwrap()
    }

    /// Whether `openssl` accepts a token for the data.
    pub(crate) fn accepts(&self, token: &Path, data: &Path) -> bool {
        let command = format!("ts -verify -in {} -data {} -CAfile ca.pem", token.display(), data.display());
        self.output(&command).status.success()
    }

    fn run(&self, command: &str) {
        let output = self.output(command);
        assert!(output.status.success(), "openssl {command}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn output(&self, command: &str) -> Output {
        Command::new("openssl")
            .args(command.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .expect("these tests need `openssl` (on Debian: `apt-get install openssl`)")
    }
}

const CONFIGURATION: &str = "\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = x
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[tsa_key]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[default]
[tsa_default]
[ts]
[tsa_section]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
[tsa]
default_tsa = tsa_section
";
