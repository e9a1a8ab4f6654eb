//! Who is told what the gate did: the metrics and the decision log. Nothing on the path waits for either.

use std::sync::Arc;
use std::time::Duration;

use super::Unread;
use crate::domain::{Decision, Facts, Outcome, OutcomeKind, Timestamp};
use crate::journal::record::Answer;
use crate::journal::{Journal, Record};
use crate::sessions::OpenSend;
use crate::telemetry::events::AnswerUnread;
use crate::telemetry::{Metrics, OutcomeSource, Unmatched};

/// The metrics and the decision log.
#[derive(Clone, Debug)]
pub struct Tell {
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Lines.
    pub journal: Arc<Journal>,
}

impl Tell {
    pub(super) fn decided(&self, facts: &Arc<Facts>, decision: &Arc<Decision>, elapsed: Duration) {
        self.metrics.decided(decision, facts, elapsed);
        self.journal.record(Record::Decision(Arc::clone(decision), Arc::clone(facts)));
    }

    pub(super) fn tried(&self, facts: &Arc<Facts>, decision: &Arc<Decision>, elapsed: Duration) {
        self.metrics.tried(decision, elapsed);
        self.journal.record(Record::Try(Arc::clone(decision), Arc::clone(facts)));
    }

    pub(super) fn answered(&self, facts: &Facts, answer: Answer) {
        if answer.sent {
            let phone = facts.phone();
            let price = phone.map(|phone| phone.price).unwrap_or_default();
            self.metrics.sent(&facts.endpoint, phone.and_then(|phone| phone.country), price);
        }
        self.journal.record(Record::Answer(answer));
    }

    pub(super) fn outcome(&self, send: &OpenSend, outcome: OutcomeKind, source: OutcomeSource, at: Timestamp) {
        self.metrics.outcome(&send.endpoint, send.phone.and_then(|phone| phone.country), outcome);
        let (decision, endpoint) = (send.decision, Arc::clone(&send.endpoint));
        self.journal.record(Record::Outcome(Outcome { outcome, decision, at, endpoint }, source));
    }

    pub(super) fn unmatched(&self, outcome: OutcomeKind, source: OutcomeSource, why: Unmatched) {
        self.metrics.unmatched(source, outcome, why);
        if why == Unmatched::AtOdds {
            let (source, outcome) = (source.name(), outcome.name());
            tracing::debug!(source, outcome, "its phone and its client are of different sends, so neither is settled");
        }
    }

    pub(super) fn unread(&self, endpoint: &Arc<str>, condition: &'static str, why: Unread) {
        AnswerUnread { endpoint: Arc::clone(endpoint), condition, why: why.name() }.emit(&self.metrics);
    }
}
