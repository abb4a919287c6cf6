//! Chains of receipts that come line by line, mixed or one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use agent_receipts_chain::{ChainVerifier, KeyRing, Options};
use agent_receipts_core::Received;

use super::report::Report;
use crate::code::Err;
use crate::failure::Failure;

/// The chains that have begun, in the order of their first receipts.
pub(super) struct Chains {
    ring: Arc<KeyRing>,
    only: Option<String>,
    options: Options,
    begun: Vec<(String, ChainVerifier)>,
    places: HashMap<String, usize>,
    last: Option<usize>,
}

/// Each chain that is followed takes some memory.
const MAX_CHAINS: usize = 10_000;
/// The chain of lines that cannot be read, where no line before them named one.
const NO_CHAIN: &str = "(unreadable)";

impl Chains {
    pub(super) fn new(ring: KeyRing, only: Option<String>, options: Options) -> Self {
        let (begun, places) = (Vec::new(), HashMap::new());
        Self { ring: Arc::new(ring), only, options, begun, places, last: None }
    }

    /// Takes one receipt. A line that cannot be read breaks the chain of the line before it.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), Failure> {
        let received = Received::parse(line);
        let place = match (&received, self.last) {
            (Ok(received), _) => {
                let chain_id = &received.receipt().subject.chain.chain_id;
                if self.only.as_ref().is_some_and(|only| only != chain_id) {
                    return Ok(());
                }
                self.place_of(chain_id)?
            }
            (Err(_), Some(last)) => last,
            // An unreadable first line is nobody's, and must not pass for nothing.
            (Err(_), None) => {
                let chain_id = self.only.clone().unwrap_or_else(|| NO_CHAIN.to_owned());
                self.place_of(&chain_id)?
            }
        };
        self.last = Some(place);
        self.begun[place].1.push(received);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Report {
        if let Some(only) = self.only.clone() {
            // Asked for and not there: an empty chain, which is never valid.
            let _ = self.place_of(&only);
        }
        Report::over(
            self.begun.into_iter().map(|(chain_id, verifier)| (chain_id, verifier.finish())).collect(),
        )
    }

    fn place_of(&mut self, chain_id: &str) -> Result<usize, Failure> {
        if let Some(place) = self.places.get(chain_id) {
            return Ok(*place);
        }
        let place = self.begun.len();
        if place == MAX_CHAINS {
            return Err(Failure::new(Err::TooMany, format!("more than {MAX_CHAINS} chains")));
        }
        let options = Options { expected_chain_id: Some(chain_id.to_owned()), ..self.options.clone() };
        self.begun.push((chain_id.to_owned(), ChainVerifier::new(Arc::clone(&self.ring), options)));
        self.places.insert(chain_id.to_owned(), place);
        Ok(place)
    }
}
