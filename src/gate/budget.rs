//! Budgets at the gate: behind the ladder, asked and held in one step, so that a parallel burst cannot all find room.

use std::sync::Arc;

use super::stand::Stand;
use super::{Gate, Revision};
use crate::alerts::Watch;
use crate::budget::{Answer, Budgets, Count, Message, Reservation};
use crate::decide;
use crate::domain::{Decision, Facts, Mode, Trust, Verdict};

/// What an attempt holds of the budgets, if anything. Dropped without [`commit`](Self::commit), it goes back.
#[derive(Debug)]
pub(super) struct Spending(Option<(Arc<Budgets>, Reservation)>);

impl Spending {
    /// The message went out. Gives whether anything was held for it.
    pub(super) fn commit(&mut self) -> bool {
        self.0.take().is_some()
    }
}

impl Drop for Spending {
    fn drop(&mut self) {
        if let Some((budgets, held)) = self.0.take() {
            budgets.release(held);
        }
    }
}

impl Gate {
    /// What was spent.
    pub fn budgets(&self) -> &Arc<Budgets> {
        &self.budgets
    }

    /// What alerts are made of.
    pub fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// Gives the decision the budgets' last word, and holds what a message of it costs. What was refused before costs
    /// nothing; monitor mode sends whatever is said, so all of it counts. Where no budget is set there is nothing to ask, and
    /// nothing to hold before the message is out.
    pub(super) fn spend(
        &self,
        revision: &Revision,
        endpoint: usize,
        facts: &Facts,
        stand: &Stand,
        decision: Decision,
    ) -> (Decision, Spending) {
        if !decision.forwards() || !revision.budgets.is_set() {
            return (decision, Spending(None));
        }
        let standing = stand.standing();
        let count = match decision.mode {
            Mode::Monitor => Count::Always,
            Mode::Enforce if decide::passes_soft(&decision, standing) => Count::BelowHard,
            Mode::Enforce => Count::BelowSoft,
        };
        let message = message(facts, &decision);
        let (answer, held) = self.budgets.reserve(&revision.budgets, message, count);
        let spending = Spending(held.map(|held| (Arc::clone(&self.budgets), held)));
        (last_word(decision, &answer, revision, endpoint, stand, facts), spending)
    }

    /// [`Gate::spend`] without holding anything.
    pub(super) fn would_spend(
        &self,
        revision: &Revision,
        endpoint: usize,
        facts: &Facts,
        stand: &Stand,
        decision: Decision,
    ) -> Decision {
        let answer = self.budgets.peek(&revision.budgets, message(facts, &decision));
        last_word(decision, &answer, revision, endpoint, stand, facts)
    }
}

/// What an attempt would spend.
pub(super) fn message(facts: &Facts, decision: &Decision) -> Message {
    let phone = facts.phone();
    Message {
        country: phone.and_then(|phone| phone.country),
        price: phone.map(|phone| phone.price).unwrap_or_default(),
        at: facts.at,
        known: decision.trust != Trust::Unknown,
    }
}

fn last_word(
    decision: Decision,
    answer: &Answer,
    revision: &Revision,
    endpoint: usize,
    stand: &Stand,
    facts: &Facts,
) -> Decision {
    if decision.verdict != Verdict::Forward {
        return decision;
    }
    let policy = &revision.endpoints[endpoint].policy;
    decide::after_budget(decision, answer, policy, stand.standing(), facts)
}
