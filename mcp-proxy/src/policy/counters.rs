//! How many calls there were: what limits count.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use agent_receipts_core::ReceiptHash;

use super::count::Count;
use super::limit::Limit;
use super::name::{Name, Spellings};
use super::per::Per;
use super::{Action, Call, Judgement, Policy};

/// What was counted for limits. Limits in time count all sessions of a process together, budgets each session by itself.
///
/// A reload keeps the counts of limits that it keeps, by name. Memory is bounded (`MOST_TOOLS`).
#[derive(Debug, Default)]
pub struct Counters {
    windows: Arc<Mutex<Table>>,
    budgets: Mutex<Table>,
}

impl Counters {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of another session: its budgets are whole, the limits in time are shared.
    pub fn another_session(&self) -> Self {
        Self { windows: Arc::clone(&self.windows), budgets: Mutex::default() }
    }

    /// What a judgement becomes by the limits: stricter where one is used up. What is not blocked is counted.
    ///
    /// A call that waits for approval is counted at once, so that many that wait together cannot pass a limit that each alone keeps.
    pub(super) fn admit(
        &self,
        policy: &Policy,
        call: &Call<'_>,
        mut judgement: Judgement,
        now: Instant,
    ) -> Judgement {
        if policy.limits.is_empty() || judgement.action == Action::Block {
            return judgement;
        }
        let name = Name::of(call.tool);
        let server = Spellings::of(call.server);
        // Held from the first look to the last count: two calls at once are one after the other.
        let mut tables = Tables { windows: locked(&self.windows), budgets: locked(&self.budgets) };
        tables.keep_to(policy);
        let concerned: Vec<&Limit> =
            policy.limits.iter().filter(|limit| limit.scope.covers(&name, &server)).collect();
        for limit in &concerned {
            if tables.of(limit).count(limit, &name).within(now) >= limit.calls {
                judgement.matched.push(limit.name.clone());
                judgement.tighten(limit.action, &limit.name, &limit.description);
            }
        }
        if judgement.action != Action::Block {
            for limit in concerned {
                tables.of(limit).count(limit, &name).add(now);
            }
        }
        judgement
    }
}

fn locked(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both kinds of counts, locked.
struct Tables<'a> {
    windows: MutexGuard<'a, Table>,
    budgets: MutexGuard<'a, Table>,
}

impl Tables<'_> {
    fn of(&mut self, limit: &Limit) -> &mut Table {
        match limit.per {
            Per::Window(_) => &mut self.windows,
            Per::Session => &mut self.budgets,
        }
    }

    fn keep_to(&mut self, policy: &Policy) {
        self.windows.keep_to(policy);
        self.budgets.keep_to(policy);
    }
}

#[derive(Debug, Default)]
struct Table {
    /// The policy whose limits are counted.
    policy: Option<ReceiptHash>,
    limits: HashMap<String, Counted>,
}

/// What one limit counted.
#[derive(Debug)]
struct Counted {
    per: Per,
    together: Count,
    tools: HashMap<String, Count>,
}

impl Table {
    /// Forgets the limits that a policy no longer has, or has for another time.
    fn keep_to(&mut self, policy: &Policy) {
        if self.policy == Some(policy.digest()) {
            return;
        }
        self.policy = Some(policy.digest());
        self.limits.retain(|name, counted| {
            policy.limits.iter().any(|limit| limit.name == *name && limit.per == counted.per)
        });
    }

    fn count(&mut self, limit: &Limit, name: &Name) -> &mut Count {
        let counted = self.limits.entry(limit.name.clone()).or_insert_with(|| Counted::new(limit.per));
        if limit.each_tool { counted.tool(&name.spellings.folded().text) } else { &mut counted.together }
    }
}

impl Counted {
    fn new(per: Per) -> Self {
        Self { per, together: Count::new(per), tools: HashMap::new() }
    }

    fn tool(&mut self, name: &str) -> &mut Count {
        if !self.tools.contains_key(name) && self.tools.len() >= MOST_TOOLS {
            // All further ones share a count, and so reach the limit sooner: names are the client's to make up.
            return &mut self.together;
        }
        self.tools.entry(name.to_owned()).or_insert_with(|| Count::new(self.per))
    }
}

/// Tools that a limit with `each_tool` counts one by one.
const MOST_TOOLS: usize = 1_000;
