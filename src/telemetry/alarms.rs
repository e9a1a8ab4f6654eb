//! What is told about alerts: their metrics and their events.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing::{error, info, warn};

use super::Metrics;
use crate::domain::Country;

/// The metrics of alerts and budgets.
#[derive(Debug, Default)]
pub struct Alarms {
    messages: Family<Message, Counter>,
    open: Gauge<u64, AtomicU64>,
    fill: Family<Budget, Gauge<f64, AtomicU64>>,
    failures: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Message {
    kind: &'static str,
    severity: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Budget {
    budget: String,
    country: String,
}

impl Alarms {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let alarms = Self::default();
        let Self { messages, open, fill, failures } = &alarms;
        registry.register("incident_messages", "Messages about incidents", messages.clone());
        registry.register("incidents_open", "Incidents that go on", open.clone());
        let help = "How far a budget is used; 1 is where strangers are refused";
        registry.register("budget_fill", help, fill.clone());
        registry.register("incident_file_failures", "Incidents that could not be written or read", failures.clone());
        alarms
    }

    /// So many incidents go on.
    pub fn open(&self, incidents: u64) {
        self.open.set(incidents);
    }

    /// How far every budget is used: its name, its country, its share.
    pub fn budgets(&self, fill: impl Iterator<Item = (&'static str, String, f64)>) {
        self.fill.clear();
        for (budget, country, share) in fill {
            self.fill.get_or_create(&Budget { budget: budget.to_owned(), country }).set(share);
        }
    }
}

/// An incident began, grew, or is over.
#[derive(Clone, Copy, Debug)]
pub struct IncidentTold<'a> {
    /// Its name.
    pub incident: &'a str,
    /// What it is about.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: &'static str,
    /// What is told.
    pub status: &'static str,
    /// In a sentence.
    pub summary: &'a str,
}

impl IncidentTold<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        let Self { incident, kind, severity, status, summary } = *self;
        metrics.alarms().messages.get_or_create(&Message { kind, severity, status }).inc();
        if status == "resolved" {
            info!(incident, kind, severity, status, summary, "incident");
        } else {
            warn!(incident, kind, severity, status, summary, "incident");
        }
    }
}

/// The incidents on disk can't be used; those of before are not known.
#[derive(Clone, Copy, Debug)]
pub struct IncidentsDamaged<'a> {
    /// The file.
    pub path: &'a Path,
    /// What is wrong with it.
    pub error: &'a (dyn std::error::Error + 'static),
    /// Where it is kept.
    pub aside: Result<&'a Path, &'a std::io::Error>,
}

impl IncidentsDamaged<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.alarms().failures.inc();
        let Self { path, error, aside } = self;
        error!(
            path = %path.display(), %error, ?aside,
            "the incidents of before cannot be used, so there are none: what goes on is told anew"
        );
    }
}

/// The incidents can't be written.
#[derive(Clone, Copy, Debug)]
pub struct IncidentsFailed<'a> {
    /// What went wrong.
    pub error: &'a (dyn std::error::Error + 'static),
}

impl IncidentsFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.alarms().failures.inc();
        metrics.at_most_every("incidents_failed", |suppressed| {
            error!(error = %self.error, suppressed, "incidents are kept in memory alone");
        });
    }
}

/// An operator forgot what was spent.
#[derive(Clone, Copy, Debug)]
pub struct BudgetsReset {
    /// Of one country; `None`: altogether.
    pub country: Option<Country>,
}

impl BudgetsReset {
    /// Logs.
    pub fn emit(&self) {
        let country = self.country.map(|country| country.to_string()).unwrap_or_default();
        warn!(country, "budgets are reset: they count from nothing");
    }
}
