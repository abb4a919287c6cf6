//! `verify`: whole chains.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_chain::Options;
use agent_receipts_chain::checkpoint::WitnessKey;
use agent_receipts_core::{ReceiptHash, Timestamp};
use agent_receipts_store::{Interrupter, StoreError};

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::reading::Reading;
use crate::sources::{ArchivesArgs, Source, open};
use crate::verification::{
    Everything, Extent, Report, Strangers, Trust, TsaArgs, audit, verify_lines, verify_proof, write_all,
    write_anchors,
};

/// Flags of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this chain [env: AGENTRECEIPTS_CHAIN_ID] [default: all].
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    /// Verify this file of JSON lines (`-` for standard input) instead of the database.
    #[arg(long, value_name = "FILE", conflicts_with = "db")]
    file: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere: anchor logs (JSON lines), bare notes, or folders of both. Finds what chains cannot
    /// tell of themselves: truncation, rollback, rewriting with a stolen key, forged rotations.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "file")]
    anchors: Vec<PathBuf>,
    /// Judge the cosignatures below those checkpoints by the key of this witness, as it publishes it: `<name>+<id>+<key>`. May be
    /// given several times; a witness that has cosigned nothing is a finding.
    #[arg(long = "witness-key", value_name = "KEY", requires = "anchors")]
    witnesses: Vec<WitnessKey>,
    /// Check a proof that `prove` wrote (`-` for standard input), of a receipt or of an extension, without any database.
    #[arg(
        long, value_name = "FILE",
        conflicts_with_all = ["file", "anchors", "db", "chain_id", "expected_length", "expected_final_hash", "require_terminal"]
    )]
    proof: Option<PathBuf>,
    /// Findings of level error break the chain (a database row that contradicts its receipt is one), and so do key
    /// rotations that nothing confirms.
    #[arg(long)]
    strict: bool,
    /// Stop at the first receipt that is wrong; what comes behind it is not looked at.
    #[arg(long)]
    fail_fast: bool,
    /// The number of receipts that the chain must have: detects a chain cut off at its end.
    #[arg(long, value_name = "N")]
    expected_length: Option<u64>,
    /// The hash of the receipt that the chain must end in.
    #[arg(long, value_name = "SHA256")]
    expected_final_hash: Option<ReceiptHash>,
    /// The chain must be closed.
    #[arg(long)]
    require_terminal: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    archives: ArchivesArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    known: KnownKeysArgs,
    #[command(flatten)]
    timestamps: TsaArgs,
}

/// Prints the verdicts; valid only if there is something, and all of it is valid.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let chain_id = context.settings.chain_id(args.chain_id.as_deref());
    let public_key = context.settings.public_key(args.trust.public_key.as_deref(), None)?;
    let trust = Trust::load(&public_key, &args.known.trust_keys)?;
    if let Some(proof) = &args.proof {
        return run_proof(proof, &trust, context);
    }
    let report = match &args.file {
        Some(file) => {
            let report = verify_lines(file, &trust, chain_id.as_deref(), &args.options()?, args.extent())?;
            let found: Vec<String> = report.chains.iter().map(|chain| chain.chain_id.clone()).collect();
            args.expect_one_chain(&found)?;
            report
        }
        None => {
            let database = context.settings.database(args.database.db.as_deref())?;
            let (sources, checked) = (open(&database, &args.archives)?, open(&database, &args.archives)?);
            let interrupters: Vec<_> = checked.iter().map(|source| source.reading.interrupter()).collect();
            thread::scope(|scope| {
                let integrity = scope.spawn(|| check_integrity(checked));
                let report = args.report(&database, sources, &trust, chain_id.as_deref());
                let stopped_early = report.as_ref().is_ok_and(|report| report.stopped_early);
                if stopped_early {
                    interrupters.iter().for_each(Interrupter::interrupt);
                }
                let integrity = integrity.join().unwrap_or_else(|panic| resume_unwind(panic));
                // It comes first: of a database that is not whole, no verdict can be given but that it is broken.
                if !stopped_early {
                    integrity?;
                }
                report
            })?
        }
    };
    let written = write(&report, chain_id.as_deref(), context);
    let code = if report.valid { exit::OK } else { exit::FAILED };
    match written {
        // The verdict stands in the exit code, whoever stopped reading.
        Err(failure) if failure.is_closed_pipe() => Ok(code),
        Err(failure) => Err(failure),
        Ok(()) => Ok(code),
    }
}

fn run_proof(path: &Path, trust: &Trust, context: &Context) -> Result<u8, Failure> {
    let report = verify_proof(path, trust)?;
    let mut screen = context.stdout();
    if context.json {
        screen.json(&report)?
    } else {
        report.write(&mut screen)?
    }
    screen.flush()?;
    Ok(if report.is_valid() { exit::OK } else { exit::FAILED })
}

/// A forged index can hide rows from `list`, or from us, that stand in the table.
fn check_integrity(sources: Vec<Source>) -> Result<(), StoreError> {
    sources.into_iter().try_for_each(|mut source| source.reading.ask(|reader| reader.check_integrity()))
}

fn write(report: &Report, chain_id: Option<&str>, context: &Context) -> Result<(), Failure> {
    let mut screen = context.stdout();
    if context.json {
        screen.json(report)?;
    } else if report.chains.is_empty() && report.conflicts.is_empty() {
        match chain_id {
            Some(chain_id) => {
                screen.line(&format!("Chain {}: UNKNOWN — no receipts", printable(chain_id)))?
            }
            None => screen.line("UNKNOWN — no receipts: there is nothing that could be valid")?,
        }
        if let Some(anchors) = &report.anchors {
            write_anchors(anchors, &mut screen)?;
        }
    } else {
        write_all(report, &mut screen)?;
    }
    Ok(screen.flush()?)
}

impl Args {
    fn report(
        &self,
        database: &Path,
        sources: Vec<Source>,
        trust: &Trust,
        chain_id: Option<&str>,
    ) -> Result<Report, Failure> {
        let everything = Everything::begin(sources, trust, self.options()?, self.extent())?
            .with_archives_left_out(self.archives.no_archives);
        if chain_id.is_none() {
            self.expect_one_chain(&everything.chain_ids())?;
        }
        if self.anchors.is_empty() {
            return everything.report(chain_id);
        }
        let strangers =
            Strangers { authorities: self.timestamps.trusted()?, witnesses: self.witnesses.clone() };
        let anchors = audit(&mut Reading::open(database)?, everything.ring(), &self.anchors, &strangers)?;
        Ok(everything.report(chain_id)?.with_anchors(anchors))
    }

    fn extent(&self) -> Extent {
        if self.fail_fast { Extent::UntilBroken } else { Extent::Whole }
    }

    fn options(&self) -> Result<Options, Failure> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(Options {
            expected_length: self.expected_length,
            expected_final_hash: self.expected_final_hash.map(|hash| hash.to_string()),
            expected_chain_id: None,
            require_terminal: self.require_terminal,
            strict: self.strict,
            now: i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_unix(seconds, 0)),
            timestamps: self.timestamps.check()?,
        })
    }

    /// A length or a final hash is one chain's.
    fn expect_one_chain(&self, chains: &[String]) -> Result<(), Failure> {
        let asked = self.expected_length.is_some() || self.expected_final_hash.is_some();
        if asked && chains.len() > 1 {
            return Err(Failure::usage("--expected-length and --expected-final-hash are about one chain")
                .with_hint("name it with --chain-id"));
        }
        Ok(())
    }
}
