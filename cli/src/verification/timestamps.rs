//! Trusted timestamps in receipts (specification §7.7), held against certificates that whoever verifies has named.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use agent_receipts_chain::TimestampCheck;
use agent_receipts_core::{Received, Timestamp};
use agent_receipts_timestamp::{MAX_TOKEN, Options, Stamp, TrustedCertificates, verify_token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::failure::Failure;
use crate::output::count;

/// Which time-stamp authorities are believed.
#[derive(Debug, clap::Args)]
pub(crate) struct TsaArgs {
    /// Check trusted timestamps (RFC 3161), in receipts and beside checkpoints, against the certificates in this PEM file: a root's,
    /// or an authority's own. May be given several times; a receipt whose timestamp proves nothing is then broken. Without it they
    /// are not checked.
    #[arg(long = "tsa-cert", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl TsaArgs {
    /// How timestamps are judged; `None` where no certificate was named.
    pub(crate) fn check(&self) -> Result<Option<TimestampCheck>, Failure> {
        let trusted = self.trusted()?;
        Ok(trusted.map(|trusted| TimestampCheck::new(move |received| judge(received, &trusted))))
    }

    /// The certificates; `None` where none was named.
    pub(crate) fn trusted(&self) -> Result<Option<TrustedCertificates>, Failure> {
        if self.files.is_empty() {
            return Ok(None);
        }
        let mut pem = String::new();
        for file in &self.files {
            let text = read(file)?;
            // Each by itself, so that the one that is wrong is the one that is named.
            TrustedCertificates::from_pem(&text).map_err(|error| unusable(file, &error))?;
            pem.push_str(&text);
            pem.push('\n');
        }
        TrustedCertificates::from_pem(&pem).map(Some).map_err(|error| unusable(&self.files[0], &error))
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text));
    match read {
        Ok(length) if length as u64 <= LARGEST_FILE => Ok(text),
        Ok(_) => Err(unusable(path, &"it is larger than any file of certificates")),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format_args!("could not use the certificates in `{}`: {error}", path.display())).with_hint(
        "--tsa-cert names a pem file with the certificate of a time-stamp authority or of its root",
    )
}

fn judge(received: &Received, trusted: &TrustedCertificates) -> Result<String, String> {
    let action = &received.receipt().subject.action;
    let (Some(token), Some(hash)) = (&action.trusted_timestamp, received.stamped_hash()) else {
        return Err("the receipt has none".to_owned());
    };
    if token.len() > MAX_TOKEN.div_ceil(3) * 4 {
        return Err("it is longer than any token".to_owned());
    }
    let der = STANDARD.decode(token).map_err(|_| "it is not base64".to_owned())?;
    let stamp = verify_token(&der, hash.as_bytes(), trusted, &Options::default())
        .map_err(|error| error.to_string())?;
    must_be_near(&stamp, &action.timestamp)?;
    Ok(format!("seen at {} by {}", stamp.time, stamp.signer))
}

/// A stamp is made between the action and the signature. One that is far from the action's time was made for another purpose, or one of
/// the two clocks is wrong.
fn must_be_near(stamp: &Stamp, timestamp: &str) -> Result<(), String> {
    let time = Timestamp::parse(timestamp).map_err(|_| "the action's own time cannot be read".to_owned())?;
    let stamped = i64::try_from(stamp.time.unix_seconds()).unwrap_or(i64::MAX);
    let apart = stamped.abs_diff(time.unix_seconds());
    if apart <= TOLERANCE {
        return Ok(());
    }
    let apart = count(apart, "second");
    Err(format!("the authority saw it at {}, {apart} apart from the action", stamp.time))
}

/// Seconds. The specification leaves the window to the verifier (§7.7); a clock an hour off is noticed by other means.
const TOLERANCE: u64 = 3_600;

/// Bytes.
const LARGEST_FILE: u64 = 1 << 20;
