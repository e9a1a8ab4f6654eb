//! What is counted of rules. Their ids come from the configuration, as the names of limits do.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tracing::warn;

use super::{Metrics, labels};
use crate::domain::Decision;

/// The rules' metrics.
#[derive(Debug, Default)]
pub(super) struct Ruled {
    hits: Family<labels::Rule, Counter<u64>>,
    alerts: Family<labels::RuleAlert, Counter<u64>>,
}

impl Ruled {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let ruled = Self::default();
        let help = "Decisions that a rule spoke in; a shadow only tells what it would have done";
        registry.register("rule_hits", help, ruled.hits.clone());
        registry.register("rule_alerts", "Decisions that a rule tells of", ruled.alerts.clone());
        ruled
    }

    /// Counts every rule that spoke; one that alerts is told, at most once in ten seconds.
    pub(super) fn decided(&self, decision: &Decision, metrics: &Metrics) {
        for hit in &decision.rules {
            let (rule, action) = (Arc::clone(&hit.rule), hit.action);
            let mode = if hit.enforced { "enforced" } else { "shadow" };
            self.hits.get_or_create(&labels::Rule { rule, action, mode }).inc();
            if hit.action == "alert" && hit.enforced {
                let (rule, endpoint) = (Arc::clone(&hit.rule), Arc::clone(&decision.endpoint));
                self.alerts.get_or_create(&labels::RuleAlert { rule, endpoint }).inc();
                metrics.at_most_every("rule_alert", |suppressed| {
                    let (rule, endpoint, decision) = (&hit.rule, &decision.endpoint, decision.id);
                    warn!(%rule, %endpoint, %decision, suppressed, "a rule asks for attention");
                });
            }
        }
    }
}
