//! One verification, from the keys to the verdict.

use agent_receipts_chain::{KeyLineage, Options};
use agent_receipts_core::{PublicKey, Received};

use super::chains::Chains;
use super::config::KeyStanding;
use super::report::Report;
use crate::code::Err;
use crate::failure::Failure;

/// The keys that receipts are measured against.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    published: PublicKey,
    earlier: Vec<PublicKey>,
    trusted: Vec<PublicKey>,
}

/// A verification under way.
pub(super) struct Session {
    trust: Trust,
    only: Option<String>,
    options: Options,
    stage: Stage,
}

/// How far it has come; it goes in this order only.
enum Stage {
    /// Keys may still be added.
    Keys,
    /// Receipts are looked through for hand-overs from key to key.
    Observing(Box<KeyLineage>),
    /// Receipts are verified.
    Feeding(Chains),
    Done(Report),
    /// Something was not read whole: there will be no verdict.
    Failed(Failure),
}

/// The longest line that is read. A frame is 1 MiB at most; its receipt, HTML-escaped, some six times that.
pub(super) const MAX_LINE: usize = 16 << 20;

impl Trust {
    pub(super) fn new(published: PublicKey) -> Self {
        Self { published, earlier: Vec::new(), trusted: Vec::new() }
    }

    pub(super) fn lineage(&self) -> KeyLineage {
        let mut lineage = KeyLineage::new(self.published, self.earlier.iter().copied());
        self.trusted.iter().for_each(|key| lineage.trust(*key));
        lineage
    }
}

impl Session {
    pub(super) fn new(trust: Trust, only: Option<String>, options: Options) -> Self {
        Self { trust, only, options, stage: Stage::Keys }
    }

    /// Adds a key beside the published one.
    pub(super) fn add_key(&mut self, key: PublicKey, standing: KeyStanding) -> Result<(), Failure> {
        let Stage::Keys = self.stage else { return Err(out_of_order("keys come before receipts")) };
        match standing {
            KeyStanding::Earlier => self.trust.earlier.push(key),
            KeyStanding::Trusted => self.trust.trusted.push(key),
        }
        Ok(())
    }

    /// Looks receipts through for hand-overs from key to key.
    pub(super) fn observe(&mut self, lines: &[u8]) -> Result<(), Failure> {
        if let Stage::Keys = self.stage {
            self.stage = Stage::Observing(Box::new(self.trust.lineage()));
        }
        let Stage::Observing(lineage) = &mut self.stage else {
            return Err(out_of_order("receipts are observed before the first is fed"));
        };
        let outcome = each_line(lines, |line| {
            if let Ok(received) = Received::parse(line) {
                lineage.observe(&received.receipt().subject.chain.chain_id, line);
            }
            Ok(())
        });
        self.or_failed(outcome)
    }

    /// Verifies receipts.
    pub(super) fn feed(&mut self, lines: &[u8]) -> Result<(), Failure> {
        let lineage = match &mut self.stage {
            Stage::Keys => Some(self.trust.lineage()),
            Stage::Observing(lineage) => Some(std::mem::replace(&mut **lineage, self.trust.lineage())),
            _ => None,
        };
        if let Some(lineage) = lineage {
            let chains = Chains::new(lineage.resolve(), self.only.clone(), self.options.clone());
            self.stage = Stage::Feeding(chains);
        }
        let Stage::Feeding(chains) = &mut self.stage else {
            return Err(out_of_order("the verdict was given already"));
        };
        let outcome = each_line(lines, |line| chains.take(line));
        self.or_failed(outcome)
    }

    /// Verifies what `read` finds, in the place of feeding.
    pub(super) fn take_whole(
        &mut self,
        read: impl FnOnce(&Trust, Option<&str>, &Options) -> Result<Report, Failure>,
    ) -> Result<(), Failure> {
        let Stage::Keys = self.stage else {
            return Err(out_of_order("a database is verified by a verifier of its own"));
        };
        let report = read(&self.trust, self.only.as_deref(), &self.options);
        let outcome = report.map(|report| self.stage = Stage::Done(report));
        self.or_failed(outcome)
    }

    /// The report over everything; nothing can be fed after it.
    pub(super) fn finish(&mut self) -> Result<&Report, Failure> {
        let chains = match std::mem::replace(&mut self.stage, Stage::Keys) {
            Stage::Feeding(chains) => chains,
            Stage::Keys | Stage::Observing(_) => {
                Chains::new(self.trust.lineage().resolve(), self.only.clone(), self.options.clone())
            }
            ended @ (Stage::Done(_) | Stage::Failed(_)) => {
                self.stage = ended;
                return self.report();
            }
        };
        self.stage = Stage::Done(chains.finish());
        self.report()
    }

    /// The report, once there is one.
    pub(super) fn report(&self) -> Result<&Report, Failure> {
        match &self.stage {
            Stage::Done(report) => Ok(report),
            Stage::Failed(failure) => Err(failure.clone()),
            _ => Err(out_of_order("there is no verdict before `ar_verifier_finish`")),
        }
    }

    /// What was read in part only must never be called valid.
    fn or_failed(&mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(failure) = &outcome {
            self.stage = Stage::Failed(failure.clone());
        }
        outcome
    }
}

fn out_of_order(why: &str) -> Failure {
    Failure::new(Err::Order, why)
}

/// Gives every line that is not blank to `each`, without its end.
fn each_line(lines: &[u8], mut each: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    for line in lines.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.len() > MAX_LINE {
            let why = format!("a line has {} bytes (max {MAX_LINE})", line.len());
            return Err(Failure::new(Err::TooLarge, why));
        }
        if !line.is_empty() {
            each(line)?;
        }
    }
    Ok(())
}
