//! The rules' word on an attempt: what they are asked with, and the answers that one of them may repeat.

use std::sync::Arc;

use super::last_good::{GoodAnswer, Kept};
use super::stand::Stand;
use super::{Gate, Revision};
use crate::decide::Reading;
use crate::domain::{Decision, Facts, Verdict};
use crate::limits::Answer;
use crate::rules::Conditions;
use crate::ruleset::{Attempt, Told};

/// What limits have counted, as rules ask for it.
type Counts = [Option<u32>; Conditions::MOST_COUNTS];

impl Gate {
    /// Lets the rules have their say. Gives the answer that may be repeated, where the endpoint has a rule that does so.
    pub(super) fn ask_rules(
        &self,
        revision: &Revision,
        endpoint: usize,
        (facts, readings): (&Facts, &[Reading]),
        stand: &mut Stand,
    ) -> Option<Kept> {
        if !revision.rules.speaks_at(endpoint) {
            return None;
        }
        let kept = self.kept_answer(revision, endpoint, facts);
        let counts = counts(revision, readings);
        let spoken = revision.rules.ask(endpoint, &Self::attempt(stand, facts, &counts, kept.as_ref()));
        stand.hear(spoken, &self.cells, &revision.kinds);
        kept
    }

    /// What each rule comes to, for people.
    pub(super) fn explain_rules(
        &self,
        revision: &Revision,
        endpoint: usize,
        (facts, readings): (&Facts, &[Reading]),
        stand: &Stand,
    ) -> Vec<Told> {
        let kept = self.kept_answer(revision, endpoint, facts);
        let counts = counts(revision, readings);
        revision.rules.explain(endpoint, &Self::attempt(stand, facts, &counts, kept.as_ref()))
    }

    fn attempt<'a>(stand: &Stand, facts: &'a Facts, counts: &'a Counts, kept: Option<&Kept>) -> Attempt<'a> {
        let signals = stand.standing().signals(stand.proven());
        Attempt { facts, signals, counts, answered: kept.map(|kept| kept.at) }
    }

    fn kept_answer(&self, revision: &Revision, endpoint: usize, facts: &Facts) -> Option<Kept> {
        if revision.rules.repeats_at(endpoint) { self.last_good.find(facts) } else { None }
    }
}

/// The answer in place of a second message, where that is what was decided.
pub(super) fn repeated(decision: &Decision, kept: Option<Kept>) -> Option<Arc<GoodAnswer>> {
    kept.filter(|_| decision.verdict == Verdict::Repeat && !decision.forwards()).map(|kept| kept.answer)
}

fn counts(revision: &Revision, readings: &[Reading]) -> Counts {
    let mut counts = [None; Conditions::MOST_COUNTS];
    for (place, name) in counts.iter_mut().zip(revision.rules.counts()) {
        let reading = readings.iter().find(|reading| reading.limit.name == *name);
        *place = reading.and_then(|reading| match reading.answer {
            Answer::Free { count } => Some(count),
            Answer::Full { count, .. } => Some(count.saturating_add(1)),
            Answer::Untracked { .. } => None,
        });
    }
    counts
}
