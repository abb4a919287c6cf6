//! `verify-event`: single receipts of the database and its archives, and what tells where they came from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::SystemTime;

use agent_receipts_chain::{Check, CheckStatus, EventJudgement, EventVerdict, TimestampCheck, judge_event};
use agent_receipts_store::{Order, Query, ReceiptReader, SqliteReader, StoreError};
use serde::Serialize;

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::output::{Screen, Tone, printable};
use crate::sources::{ArchivesArgs, Source, open};
use crate::verification::{StoreVerification, Trust, TsaArgs, Witness, some_of};
use crate::when::{Edge, moment};

/// Flags of `verify-event`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub(crate) struct Args {
    /// The receipt with this id.
    #[arg(long, value_name = "RECEIPT", group = "which")]
    id: Option<String>,
    /// The last receipt of the chain: of --chain-id, or else of the root chain that was written last to the database, or, where that
    /// has none, to an archive.
    #[arg(long, group = "which")]
    chain_head: bool,
    /// All receipts since: a span such as `1h`, or a time.
    #[arg(long, value_name = "TIME", group = "which")]
    since: Option<String>,
    /// Only receipts of this chain [env: AGENTRECEIPTS_CHAIN_ID].
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    /// Executables that are expected to emit, separated by commas [env: AGENTRECEIPTS_EMITTER_ALLOWLIST].
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    emitter_allowlist: Vec<String>,
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

#[derive(Serialize)]
struct Answer {
    results: Vec<Judged>,
}

/// One receipt's judgement, and where it stands.
#[derive(Serialize)]
struct Judged {
    /// The archive; none is the database itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<String>,
    #[serde(flatten)]
    judgement: EventJudgement,
}

/// The receipts asked for of one source: sequence numbers by chain. (A sequence stands once in a chain; the database sees to it.)
type Wanted = BTreeMap<String, BTreeSet<u64>>;

/// Judges each receipt within its whole chain; the worst judgement is the exit code.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let database = context.settings.database(args.database.db.as_deref())?;
    let public_key = context.settings.public_key(args.trust.public_key.as_deref(), None)?;
    let chain_id = context.settings.chain_id(args.chain_id.as_deref());
    let trust = Trust::load(&public_key, &args.known.trust_keys)?;
    let mut sources = open(&database, &args.archives)?;
    let wanted = args.wanted(chain_id.as_deref(), &mut sources)?;
    let names: Vec<_> = sources.iter().map(|source| source.name().map(str::to_owned)).collect();
    let verifications = some_of(sources, |at| !wanted[at].is_empty(), &trust)?;
    let allowlist = args.allowlist(context);
    let timestamps = args.timestamps.check()?;
    let mut results = Vec::new();
    let asked = wanted.iter().zip(&names).filter(|(wanted, _)| !wanted.is_empty()).zip(verifications);
    for ((wanted, archive), mut verification) in asked {
        let judge = Judge { allowlist: &allowlist, timestamps: timestamps.as_ref() };
        let judgements = judge.judge_all(wanted, &mut verification)?;
        results
            .extend(judgements.into_iter().map(|judgement| Judged { archive: archive.clone(), judgement }));
    }
    let code = worst(&results);
    let mut screen = context.stdout();
    let written = if context.json {
        screen.json(&Answer { results })
    } else {
        results.iter().try_for_each(|result| write(result, &mut screen))
    };
    match written.and_then(|()| screen.flush()).map_err(Failure::from) {
        Err(failure) if !failure.is_closed_pipe() => Err(failure),
        _ => Ok(code),
    }
}

/// By what single receipts are judged beyond their chain.
struct Judge<'a> {
    allowlist: &'a [String],
    timestamps: Option<&'a TimestampCheck>,
}

impl Judge<'_> {
    /// Each receipt within its whole chain.
    fn judge_all(
        &self,
        wanted: &Wanted,
        verification: &mut StoreVerification,
    ) -> Result<Vec<EventJudgement>, Failure> {
        let mut results = Vec::new();
        for (chain_id, sequences) in wanted {
            let (report, witnesses) =
                verification.chain_with(chain_id, |row| sequences.contains(&row.sequence))?;
            if witnesses.len() < sequences.len() {
                // What cannot be read cannot be judged, and must not fall under the table.
                return Err(Failure::new(format_args!(
                    "{} of the receipts asked for in chain `{}` cannot be read",
                    sequences.len() - witnesses.len(),
                    printable(chain_id)
                )));
            }
            results.extend(witnesses.iter().map(|witness| {
                let mut judgement =
                    judge_event(witness.received.receipt(), &witness.step, &report.verdict, self.allowlist);
                hold_against_row(&mut judgement, witness);
                judge_timestamp(&mut judgement, witness, self.timestamps);
                judgement
            }));
        }
        Ok(results)
    }
}

impl Args {
    /// What is asked for of each source. The database comes first; what stands in an archive as well is judged there.
    fn wanted(&self, chain_id: Option<&str>, sources: &mut [Source]) -> Result<Vec<Wanted>, Failure> {
        let mut wanted = vec![Wanted::new(); sources.len()];
        if let Some(id) = &self.id {
            let found = first(sources, |reader| {
                let row = reader.by_id(id)?.map(|stored| stored.row);
                Ok(row.filter(|row| chain_id.is_none_or(|chain_id| *chain_id == row.chain_id)))
            })?;
            let (at, row) =
                found.ok_or_else(|| Failure::new(format_args!("there is no receipt `{}`", printable(id))))?;
            wanted[at].entry(row.chain_id).or_default().insert(row.sequence);
        } else if let Some(since) = &self.since {
            let since = moment(since, SystemTime::now(), Edge::Since)?;
            let chain_id = chain_id.map(str::to_owned);
            let query =
                Query { chain_id, since: Some(since.clone()), order: Order::Chain, ..Query::default() };
            let mut seen = BTreeSet::new();
            for (source, wanted) in sources.iter_mut().zip(&mut wanted) {
                let found = source.reading.ask(|reader| {
                    let mut found = Vec::new();
                    reader.stream(&query, &mut |stored| {
                        found.push((stored.row.chain_id, stored.row.sequence, stored.row.id));
                        ControlFlow::Continue(())
                    })?;
                    Ok(found)
                })?;
                for (chain_id, sequence, id) in found {
                    if seen.insert((chain_id.clone(), sequence, id)) {
                        wanted.entry(chain_id).or_default().insert(sequence);
                    }
                }
            }
            if seen.is_empty() {
                return Err(Failure::new(format_args!("there is no receipt since {since}")));
            }
        } else {
            let head = first(sources, |reader| match chain_id {
                Some(chain_id) => reader.head(chain_id),
                None => reader.latest_root_chain()?.map_or(Ok(None), |chain_id| reader.head(&chain_id)),
            })?;
            let (at, head) = head.ok_or_else(|| match chain_id {
                Some(chain_id) => {
                    Failure::new(format_args!("chain `{}` has no receipts", printable(chain_id)))
                }
                None => Failure::new("the database holds no receipts"),
            })?;
            wanted[at].entry(head.chain_id).or_default().insert(head.sequence);
        }
        Ok(wanted)
    }

    fn allowlist(&self, context: &Context) -> Vec<String> {
        if !self.emitter_allowlist.is_empty() {
            return self.emitter_allowlist.clone();
        }
        let variable =
            context.settings.environment().text("AGENTRECEIPTS_EMITTER_ALLOWLIST").unwrap_or_default();
        variable.split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned).collect()
    }
}

/// The first source that has an answer.
fn first<T>(
    sources: &mut [Source],
    mut ask: impl FnMut(&SqliteReader) -> Result<Option<T>, StoreError>,
) -> Result<Option<(usize, T)>, StoreError> {
    for (at, source) in sources.iter_mut().enumerate() {
        if let Some(answer) = source.reading.ask(&mut ask)? {
            return Ok(Some((at, answer)));
        }
    }
    Ok(None)
}

/// The receipt may be genuine and yet not the one that was asked for: nobody signs under which id the database files it.
fn hold_against_row(judgement: &mut EventJudgement, witness: &Witness) {
    let Some(altered) = &witness.altered else { return };
    let Some(context) = judgement.checks.last_mut() else { return };
    if altered.column == "id" {
        context.status = CheckStatus::Fail;
        judgement.verdict = EventVerdict::Failed;
    } else if context.status == CheckStatus::Pass {
        context.status = CheckStatus::Warn;
    } else {
        return;
    }
    context.detail.clone_from(&altered.message);
}

/// A seventh check, of receipts that have something to check (specification §7.7).
fn judge_timestamp(judgement: &mut EventJudgement, witness: &Witness, check: Option<&TimestampCheck>) {
    if witness.received.receipt().subject.action.trusted_timestamp.is_none() {
        return;
    }
    let (status, detail) = match check.map(|check| check.judge(&witness.received)) {
        None => {
            (CheckStatus::NotApplicable, "present, not checked: --tsa-cert names whom to believe".to_owned())
        }
        Some(Ok(detail)) => (CheckStatus::Pass, detail),
        Some(Err(detail)) => {
            judgement.verdict = EventVerdict::Failed;
            (CheckStatus::Fail, detail)
        }
    };
    judgement.checks.push(Check { name: "trusted timestamp", status, detail });
}

fn worst(results: &[Judged]) -> u8 {
    let any = |verdict| results.iter().any(|result| result.judgement.verdict == verdict);
    if results.is_empty() || any(EventVerdict::Failed) {
        exit::FAILED
    } else if any(EventVerdict::NoProvenanceEvidence) {
        exit::NO_PROVENANCE
    } else {
        exit::OK
    }
}

fn write(Judged { archive, judgement: result }: &Judged, screen: &mut Screen) -> std::io::Result<()> {
    let place = archive.as_ref().map_or(String::new(), |name| format!(" (archive {})", printable(name)));
    let chain_id = printable(&result.chain_id);
    let heading = format!("{} — chain {chain_id} #{}{place}", printable(&result.receipt_id), result.sequence);
    screen.line(&screen.tone(Tone::Strong, &heading))?;
    for check in &result.checks {
        let (word, tone) = match check.status {
            CheckStatus::Pass => ("PASS", Tone::Good),
            CheckStatus::Fail => ("FAIL", Tone::Bad),
            CheckStatus::Warn => ("WARN", Tone::Warning),
            CheckStatus::NotApplicable => ("N/A ", Tone::Quiet),
        };
        screen.line(&format!(
            "  [{}] {} — {}",
            screen.tone(tone, word),
            check.name,
            printable(&check.detail)
        ))?;
    }
    let (tone, words) = match result.verdict {
        EventVerdict::ProvenanceConfirmed => (Tone::Good, "VERIFIED — pipeline-provenance confirmed"),
        EventVerdict::NoProvenanceEvidence => {
            (Tone::Warning, "VERIFIED (cryptographically) — no pipeline-provenance evidence")
        }
        EventVerdict::Failed => (Tone::Bad, "FAILED — receipt is suspect; investigate"),
    };
    screen.line(&format!("  => {}", screen.tone(tone, words)))
}
