//! Time-stamp authorities of our own, made with the `openssl` program.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use agent_receipts_timestamp::{Options, Stamp, TimestampError, TrustedCertificates, request, verify_token};

/// What the tests' tokens are about.
pub(crate) const IMPRINT: [u8; 32] = [0x5a; 32];

/// What makes one authority differ from the usual one.
#[derive(Clone)]
pub(crate) struct Kind {
    /// Arguments of `openssl genpkey`.
    pub(crate) key: &'static [&'static str],
    /// Lines of an extension section, for the root, the authority, and an issuer between them if there is one.
    pub(crate) root: &'static str,
    pub(crate) between: Option<&'static str>,
    pub(crate) signer: &'static str,
    /// Days that the signer's certificate is valid from now on; negative for one that has run out.
    pub(crate) days: i32,
    /// Further lines of the authority's own configuration.
    pub(crate) more: &'static str,
}

pub(crate) const P_256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(crate) const P_384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
pub(crate) const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

pub(crate) const A_CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign";
pub(crate) const FOR_STAMPS: &str =
    "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping";

impl Default for Kind {
    fn default() -> Self {
        Self { key: P_256, root: A_CA, between: None, signer: FOR_STAMPS, days: 30, more: "" }
    }
}

/// An authority in a folder of its own.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
    /// Held by whoever runs a program there: all of them use the same names of files.
    programs: Mutex<()>,
}

impl Authority {
    pub(crate) fn new(kind: &Kind) -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap(), programs: Mutex::default() };
        std::fs::write(authority.path("req.cnf"), "[req]\ndistinguished_name=dn\n[dn]\n").unwrap();
        authority.make_certificate("root", kind.key, kind.root, 30, None);
        let issuer = match kind.between {
            None => "root",
            Some(extensions) => {
                authority.make_certificate("between", kind.key, extensions, 30, Some("root"));
                "between"
            }
        };
        authority.make_certificate("tsa", kind.key, kind.signer, kind.days, Some(issuer));
        let brought = if kind.between.is_some() { "certs=$dir/between.pem\n" } else { "" };
        let config = format!(
            "[tsa]\ndir={}\nserial=$dir/serial\ncrypto_device=builtin\nsigner_cert=$dir/tsa.pem\n{brought}signer_key=$dir/tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha1,sha256,sha512\naccuracy=secs:1, millisecs:500, microsecs:7\nordering=yes\ntsa_name=yes\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n{}\n",
            authority.folder.path().display(),
            kind.more
        );
        std::fs::write(authority.path("tsa.cnf"), config).unwrap();
        authority
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate by `issuer`, or by itself.
    pub(crate) fn make_certificate(
        &self,
        name: &str,
        key: &[&str],
        extensions: &str,
        days: i32,
        issuer: Option<&str>,
    ) {
        let _alone = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |suffix: &str| self.text(&format!("{name}.{suffix}"));
        self.openssl(&[&["genpkey", "-out", &at("key")], key].concat());
        let subject = format!("/O=Test of receipts/CN={name}");
        self.openssl(&[
            "req",
            "-new",
            "-config",
            &self.text("req.cnf"),
            "-key",
            &at("key"),
            "-subj",
            &subject,
            "-out",
            &at("csr"),
        ]);
        std::fs::write(at("ext"), extensions).unwrap();
        let days = days.to_string();
        let (csr, ext, pem, own_key) = (at("csr"), at("ext"), at("pem"), at("key"));
        let by = match issuer {
            None => vec!["-signkey".to_owned(), own_key],
            Some(issuer) => vec![
                "-CA".to_owned(),
                self.text(&format!("{issuer}.pem")),
                "-CAkey".to_owned(),
                self.text(&format!("{issuer}.key")),
                "-CAcreateserial".to_owned(),
            ],
        };
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        self.openssl(
            &[
                &["x509", "-req", "-sha256", "-in", &csr, "-extfile", &ext, "-days", &days, "-out", &pem],
                &by[..],
            ]
            .concat(),
        );
    }

    /// Another certificate by the root for the key and with the number of one that is there.
    pub(crate) fn make_twin(&self, name: &str, of: &str, extensions: &str) {
        let _alone = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |name: &str, suffix: &str| self.text(&format!("{name}.{suffix}"));
        let (pem, csr, ext, out) = (at(of, "pem"), at(of, "csr"), at(name, "ext"), at(name, "pem"));
        let serial = self.openssl(&["x509", "-in", &pem, "-noout", "-serial"]);
        let serial = format!("0x{}", serial.trim().trim_start_matches("serial="));
        std::fs::write(&ext, extensions).unwrap();
        let (root, root_key) = (at("root", "pem"), at("root", "key"));
        let by = ["-CA", &root, "-CAkey", &root_key, "-set_serial", &serial, "-extfile", &ext, "-out", &out];
        self.openssl(&[&["x509", "-req", "-sha256", "-days", "30", "-in", &csr], &by[..]].concat());
    }

    /// The answer to a request in DER.
    pub(crate) fn answer(&self, question: &[u8]) -> Vec<u8> {
        let _alone = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::write(self.path("q"), question).unwrap();
        let (config, query, reply) = (self.text("tsa.cnf"), self.text("q"), self.text("r"));
        self.openssl(&[
            "ts",
            "-reply",
            "-config",
            &config,
            "-section",
            "tsa",
            "-queryfile",
            &query,
            "-out",
            &reply,
        ]);
        std::fs::read(reply).unwrap()
    }

    /// A token for [`IMPRINT`].
    pub(crate) fn token(&self) -> Vec<u8> {
        let answer = self.answer(&request(&IMPRINT, None));
        agent_receipts_timestamp::token_of_response(&answer).unwrap().to_vec()
    }

    /// Its statement signed anew as a CMS message, with the certificates that `openssl ts` would refuse to sign with.
    pub(crate) fn sign_again(&self, token: &[u8], signers: &[&str], more: &[&str]) -> Vec<u8> {
        self.sign_as("1.2.840.113549.1.9.16.1.4", token, signers, more)
    }

    /// The same, as content of another type.
    pub(crate) fn sign_as(&self, kind: &str, token: &[u8], signers: &[&str], more: &[&str]) -> Vec<u8> {
        let _alone = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::write(self.path("t"), token).unwrap();
        let (token, info, signed) = (self.text("t"), self.text("info"), self.text("signed"));
        self.openssl(&["cms", "-verify", "-noverify", "-inform", "DER", "-in", &token, "-out", &info]);
        let mut arguments = vec![
            "cms",
            "-sign",
            "-binary",
            "-nodetach",
            "-outform",
            "DER",
            "-md",
            "sha256",
            "-econtent_type",
            kind,
            "-in",
            &info,
            "-out",
            &signed,
        ];
        let paths: Vec<_> = signers
            .iter()
            .map(|name| (self.text(&format!("{name}.pem")), self.text(&format!("{name}.key"))))
            .collect();
        for (pem, key) in &paths {
            arguments.extend(["-signer", pem, "-inkey", key]);
        }
        arguments.extend(more);
        self.openssl(&arguments);
        std::fs::read(&signed).unwrap()
    }

    pub(crate) fn pem(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{name}.pem"))).unwrap()
    }

    pub(crate) fn trusted(&self, name: &str) -> TrustedCertificates {
        TrustedCertificates::from_pem(&self.pem(name)).unwrap()
    }

    /// Judges a token by this authority's root.
    pub(crate) fn judge(&self, token: &[u8]) -> Result<Stamp, TimestampError> {
        verify_token(token, &IMPRINT, &self.trusted("root"), &Options::default())
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        openssl(self.folder.path(), arguments)
    }
}

fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("these tests need the program `openssl`: install it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {}: {said}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
