//! A witness (C2SP tlog-witness): it remembers how long the log was, asks for proof that it only grew, and cosigns.
//!
//! A cosignature is kept only if it holds under the key that the operator configured. Whatever else a witness answers moves nothing:
//! its word on how far it has come is believed as far as the log itself reaches, and beyond that it is an alarm.

mod cosignature;
mod submission;

use agent_receipts_chain::checkpoint::WitnessKey;

use crate::http::{Answer, Http, HttpOptions, TrustError};
use crate::queue::{Entry, Queue};
use crate::sink::{Evidence, Outcome, Sink, SinkError};
use crate::state::Cursor;

/// A witness at a submission prefix.
pub(crate) struct WitnessSink {
    url: String,
    key: WitnessKey,
    http: Http,
    /// How far the witness said that it has come, where that is not where the cursor stands.
    told: Option<u64>,
}

impl WitnessSink {
    pub(crate) fn new(prefix: &str, key: WitnessKey, options: &HttpOptions) -> Result<Self, TrustError> {
        let http = Http::new(&HttpOptions { limit: LIMIT, ..options.clone() })?;
        let url = format!("{}/add-checkpoint", prefix.trim_end_matches('/'));
        Ok(Self { url, key, http, told: None })
    }

    /// One request, from the size that the witness is thought to have.
    fn submit(&self, entry: &Entry, old: u64, queue: &mut dyn Queue) -> Result<Answer, SinkError> {
        let proof = queue.consistency(old, entry.checkpoint().size)?;
        let body = submission::encode(old, &proof, entry.note());
        Ok(self.http.post(&self.url, "text/plain; charset=utf-8", body)?)
    }

    fn judge(&self, entry: &Entry, answer: &Answer) -> Result<Outcome, SinkError> {
        let refused = || SinkError::refused(answer.status, &answer.body);
        match answer.status {
            200 => {
                let note = cosignature::add(entry.note(), &answer.body, &self.key)
                    .map_err(|error| SinkError::Wrong(error.to_string()))?;
                Ok(Outcome::Delivered { evidence: Evidence::cosigned(entry, note.to_string()), reach: 0 })
            }
            403 => Err(SinkError::Wrong(format!(
                "{}: the witness knows no key that signed this checkpoint; after a rotation it must be told the new one",
                refused()
            ))),
            404 => Err(SinkError::Wrong(format!(
                "{}: the witness does not know the log `{}`, or the URL is not its submission prefix",
                refused(),
                entry.checkpoint().origin
            ))),
            // The proof is made from the receipts that the database has, and they do not begin with those it had.
            422 => Err(SinkError::Alarm(format!(
                "{}: the witness has seen another history of this log: the database was rewritten, or another database signs \
                 under its name",
                refused()
            ))),
            _ => Err(refused()),
        }
    }

    /// What it means that the witness has a later checkpoint than this one.
    fn ahead(entry: &Entry, size: u64, queue: &mut dyn Queue) -> Result<Outcome, SinkError> {
        let newest = queue.newest()?;
        if size <= newest {
            return Ok(Outcome::Superseded { size });
        }
        Err(SinkError::Alarm(format!(
            "the witness says that it has seen {size} receipts of the log `{}`, and the newest checkpoint here has {newest}: the \
             database was rolled back, or another database signs under its name",
            entry.checkpoint().origin
        )))
    }
}

impl Sink for WitnessSink {
    fn deliver(
        &mut self,
        entry: &Entry,
        cursor: &Cursor,
        queue: &mut dyn Queue,
    ) -> Result<Outcome, SinkError> {
        let mut old = self.told.take().unwrap_or(cursor.size).max(cursor.size);
        for attempt in 1..=ATTEMPTS {
            if old > entry.checkpoint().size {
                let outcome = Self::ahead(entry, old, queue)?;
                // Where that is an alarm, the witness is asked again: it may have been the witness's mistake.
                self.told = Some(old);
                return Ok(outcome);
            }
            let answer = self.submit(entry, old, queue)?;
            if answer.status != 409 {
                return self.judge(entry, &answer);
            }
            let size = submission::size(&answer.body).ok_or_else(|| {
                SinkError::Wrong("the witness answers 409 without the size that it has".to_owned())
            })?;
            if size == old && old == entry.checkpoint().size {
                return Err(SinkError::Alarm(format!(
                    "the witness has seen another log of {size} receipts under the name `{}`",
                    entry.checkpoint().origin
                )));
            }
            if size == old || attempt == ATTEMPTS {
                break;
            }
            old = size;
        }
        Err(SinkError::Wrong("the witness answers 409 to the very size that it named".to_owned()))
    }
}

/// The first may start from a size that the witness has passed; the second starts from the one it named.
const ATTEMPTS: usize = 2;
/// Bytes of an answer: a few lines of signatures.
const LIMIT: u64 = 32 << 10;
