//! Answers of the app that a condition could not read.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tracing::warn;

use super::{Metrics, labels};

/// Their metrics.
#[derive(Debug, Default)]
pub(super) struct UnreadAnswers(Family<labels::UnreadAnswer, Counter<u64>>);

impl UnreadAnswers {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let unread = Self::default();
        let help = "Answers of the app whose body a condition could not read, where it hung on that";
        registry.register("unread_answers", help, unread.0.clone());
        unread
    }
}

/// What a condition came to hung on an answer's body, which could not be read.
#[derive(Clone, Debug)]
pub struct AnswerUnread {
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// The condition's key: `sent_if` or `verified_if`.
    pub condition: &'static str,
    /// Why: one of a closed set.
    pub why: &'static str,
}

impl AnswerUnread {
    /// Counts; logs the first of an endpoint, a condition and a cause, as the others most likely say the same.
    pub fn emit(self, metrics: &Metrics) {
        let Self { endpoint, condition, why } = self;
        let label = labels::UnreadAnswer { endpoint: Arc::clone(&endpoint), condition, why };
        if metrics.unread_answers().0.get_or_create(&label).inc() > 0 {
            return;
        }
        let meaning = match condition {
            "sent_if" => "it counts as a send",
            _ => "it counts as no verification",
        };
        warn!(
            %endpoint, condition, why,
            "an answer of the app could not be read, so {meaning}; sendwall_unread_answers counts further ones"
        );
    }
}
