//! Whether the recorded chains hold, under whatever keys they were signed in their time.

use agent_receipts_chain::{Code, Level};

use super::check::Check;
use super::scene::Scene;
use crate::failure::Failure;
use crate::output::count;
use crate::reading::Reading;
use crate::verification::{ChainReport, Report, StoreVerification, Trust};

const NAME: &str = "chain head";
const LOOK: &str = "look with `agent-receipts verify`";

pub(super) fn check(scene: &Scene) -> Check {
    match verify(scene) {
        Ok(report) => judge(&report, scene),
        Err(failure) => Check::of_failure(NAME, failure, LOOK),
    }
}

fn verify(scene: &Scene) -> Result<Report, Failure> {
    let trust = Trust::load(&scene.public_key, &[])?;
    let mut verification = StoreVerification::begin(Reading::open(&scene.database)?, &trust)?;
    let chains = match &scene.chain_id {
        Some(chain_id) => vec![chain_id.clone()],
        None => {
            verification = verification.with_progress()?;
            verification.chains()?.into_iter().map(|chain| chain.chain_id).collect()
        }
    };
    verification.report(&chains)
}

fn judge(report: &Report, scene: &Scene) -> Check {
    if report.chains.is_empty() {
        let reason = "no receipts yet: there is nothing that could be valid";
        return Check::warn(NAME, reason, "record an event, then ask again");
    }
    let mut wrong = report.chains.iter().filter(|chain| !chain.is_valid());
    if let Some(first) = wrong.next() {
        let others = match wrong.count() {
            0 => String::new(),
            more => format!("; and {more} more of {}", count(report.chains.len() as u64, "chain")),
        };
        let reason = format!("chain `{}` is {}: {}{others}", first.chain_id, first.result, first.cause());
        let mend = format!("{LOOK}; `{}` must be the daemon's own key", scene.public_key.display());
        return Check::fail(NAME, reason, mend);
    }
    if let Some(remark) = report.chains.iter().find_map(remark) {
        return Check::warn(NAME, remark, LOOK);
    }
    if let Some(note) = report.notes.first() {
        return Check::warn(NAME, note, LOOK);
    }
    let chains = count(report.chains.len() as u64, "chain");
    Check::ok(NAME, format_args!("VALID: {chains}, {}", count(report.receipts, "receipt")))
}

/// What is wrong about a valid chain: rows that lie, keys that nothing confirms.
fn remark(chain: &ChainReport) -> Option<String> {
    let weighs = |code: &Code| code.level() == Level::Error || *code == Code::RotationUnconfirmed;
    let code = chain.verdict.finding_counts.keys().find(|code| weighs(code))?;
    Some(format!("chain `{}` is VALID, but has findings such as {code}", chain.chain_id))
}
