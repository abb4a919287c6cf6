//! What all sessions of one process share.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use agent_receipts_core::clipped;
use agent_receipts_core::json::{Object, Value};
use agent_receipts_ipc::Decision;

use super::held::Held;
use crate::approvals::Desk;
use crate::notice::notice;
use crate::policy::{ActivePolicy, Counters, Reloaded};
use crate::record::{NotRecorded, Note, Recorder, SYSTEM};

/// What is recorded besides calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scope {
    /// Nothing.
    Tools,
    /// What reads resources and prompts, and what the server asks the client.
    All,
}

/// How sessions are held.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// The server's name.
    pub(crate) server: String,
    /// What is recorded.
    pub(crate) scope: Scope,
    /// Whether nothing that the client asks for and that leaves a receipt goes on before that is on disk.
    pub(crate) strict: bool,
    /// The most requests of one session that are not answered, either way.
    pub(crate) most_in_flight: usize,
    /// How long a call waits for an approval, in milliseconds; the desk keeps it.
    pub(crate) approval_ms: u64,
    /// What was started, as JSON; it is only ever hashed.
    pub(crate) started: Option<String>,
}

/// What all sessions of one process share: the rules, the record, and the desk where approvals are asked for.
pub(crate) struct Proxy {
    terms: Terms,
    rules: ActivePolicy,
    counters: Counters,
    recorder: Recorder,
    desk: Option<Desk>,
    /// Inputs that are kept.
    held: Arc<Held>,
    /// Held once by each thread that has something to record.
    under_way: Arc<()>,
}

impl Proxy {
    /// Without a desk nobody can approve anything.
    pub(crate) fn new(
        terms: Terms,
        rules: ActivePolicy,
        recorder: Recorder,
        desk: Option<Desk>,
    ) -> Arc<Self> {
        let (counters, held) = (Counters::new(), Arc::new(Held::new(HELD)));
        Arc::new(Self { terms, rules, counters, recorder, desk, held, under_way: Arc::default() })
    }

    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(crate) fn desk(&self) -> Option<&Desk> {
        self.desk.as_ref()
    }

    pub(crate) fn rules(&self) -> &ActivePolicy {
        &self.rules
    }

    /// What limits in time have counted, with budgets of its own for another session.
    pub(crate) fn counters(&self) -> Counters {
        self.counters.another_session()
    }

    /// Reads the rules again, and records that. What cannot be read is said, and leaves the rules as they were.
    pub(crate) fn reload(&self) {
        let (error, output) = match self.rules.reload() {
            Ok(Reloaded { from, to }) => {
                self.warn();
                notice(format_args!("the rules were read again: {to}"));
                (String::new(), format!(r#"{{"from":"{from}","to":"{to}"}}"#))
            }
            Err(error) => {
                notice(format_args!("the rules stay as they were: {error}"));
                (format!("the rules stay as they were: {error}"), "{}".to_owned())
            }
        };
        self.note_session(&Note {
            action_type: "mcp.policy.loaded",
            output: Some(&output),
            error: &error,
            ..Note::new("policy", Decision::Allowed)
        });
    }

    /// Says what is hardly meant.
    pub(crate) fn warn(&self) {
        for warning in self.rules.current().warnings() {
            notice(format_args!("rules: {warning}"));
        }
    }

    /// Records what must stand before anything goes on: durably, where that is asked for.
    pub(crate) fn note_first(&self, note: &Note<'_>) -> Result<(), NotRecorded> {
        if self.terms.strict {
            return self.recorder.note_durably(note);
        }
        self.recorder.note(note);
        Ok(())
    }

    /// Something about the session itself; the target says by which rules it is held.
    pub(crate) fn note_session(&self, note: &Note<'_>) {
        let server = clipped(&self.terms.server, MOST);
        let rules = self.rules.current().digest().to_string();
        let members: [(&str, Value); 2] = [("rules", rules.into()), ("server", server.into())];
        let resource = Value::Object(members.into_iter().collect::<Object>()).to_string();
        self.recorder.note(&Note { target: Some((SYSTEM, &resource)), ..*note });
    }

    /// The room for inputs that all sessions share.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }

    /// Something that is still to be recorded as long as this is held.
    pub(crate) fn under_way(&self) -> Arc<()> {
        Arc::clone(&self.under_way)
    }

    /// Closes the desk, and then the record, when all that was approved is recorded. To be called when the servers are gone.
    pub(crate) fn close(&self) {
        if let Some(desk) = &self.desk {
            desk.close();
        }
        let latest = Instant::now() + LAST_WORDS;
        while Arc::strong_count(&self.under_way) > 1 && Instant::now() < latest {
            thread::sleep(Duration::from_millis(1));
        }
        self.recorder.close();
    }
}

/// The most bytes of inputs that are kept of all sessions together: four times what one may have.
const HELD: usize = 256 << 20;

/// How long the end waits for what was approved at the last moment.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// The most bytes of the server's name in a target.
const MOST: usize = 512;
