//! Alerts of a running sendwall: what the gate and the process know is looked at every few seconds.

use std::sync::Arc;

use crate::alerts::{Alarm, Alert, Outside, Severity, Sink, Store, Trouble};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Span, Timestamp};
use crate::gate::Gate;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::telemetry::events::{IncidentTold, IncidentsFailed};

/// Outages take a look at every country.
const OUTAGES_EVERY: Span = Span::seconds(15);
/// How long what only counts up (lost lines) stays a trouble.
const FRESH: Span = Span::minutes(5);

/// Looks, keeps and tells.
#[derive(Debug)]
pub(super) struct Watchman {
    pub(super) alarm: Arc<Alarm>,
    gate: Arc<Gate>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    store: Option<Store>,
    sinks: Vec<Arc<dyn Sink>>,
    saved: u64,
    outages_at: Timestamp,
    outside: Outside,
    dropped: Rising,
    untracked: Rising,
}

/// A count that only rises, and when it last did.
#[derive(Debug, Default)]
struct Rising {
    count: u64,
    rose: Option<Timestamp>,
}

impl Rising {
    /// How much it rose of late; `None` where it didn't.
    fn look(&mut self, count: u64, now: Timestamp) -> Option<u64> {
        if count > self.count {
            self.rose = Some(now);
        }
        self.count = self.count.max(count);
        self.rose.filter(|rose| now.since(*rose) < FRESH).map(|_| self.count)
    }
}

/// The alarm over what `gate` counts, with the incidents of before.
pub(super) fn alarm(config: &Config, gate: &Gate, metrics: &Metrics) -> (Arc<Alarm>, Option<Store>) {
    let store = config.state.as_deref().map(Store::in_state);
    let book = match store.as_ref().map(Store::load).transpose() {
        Ok(book) => book.unwrap_or_default(),
        Err(error) => {
            IncidentsFailed { error: &error }.emit(metrics);
            if let Some(Err(error)) = store.as_ref().map(Store::set_aside) {
                IncidentsFailed { error: &error }.emit(metrics);
            }
            crate::alerts::Book::default()
        }
    };
    (Arc::new(Alarm::new(config.alerts.clone(), Arc::clone(gate.watch()), book)), store)
}

impl Watchman {
    pub(super) fn new(
        (alarm, store): (Arc<Alarm>, Option<Store>),
        gate: Arc<Gate>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        sinks: Vec<Arc<dyn Sink>>,
    ) -> Self {
        let (outside, outages_at) = (Outside::default(), Timestamp::default());
        let (dropped, untracked) = (Rising::default(), Rising::default());
        Self { alarm, gate, clock, metrics, store, sinks, saved: 0, outages_at, outside, dropped, untracked }
    }

    /// Looks until the process is to stop. `problems` are those of the last reload.
    pub(super) fn start(mut self, tasks: &Tasks, problems: impl Fn() -> usize + Send + Sync + 'static) {
        let (stop, blocking) = (tasks.stopping(), tasks.clone());
        let problems = Arc::new(problems);
        tasks.spawn("alerts", async move {
            while stop.run_until_cancelled(tokio::time::sleep(Alarm::EVERY.to_duration())).await.is_some() {
                let problems = Arc::clone(&problems);
                let looked = blocking.run_blocking(move || {
                    self.look(problems());
                    self
                });
                let Some(back) = looked.await else { break };
                self = back;
            }
        });
    }

    /// Tells before it saves: a crash in between tells twice rather than never.
    fn look(&mut self, problems: usize) {
        let now = self.clock.now();
        self.look_outside(problems, now);
        let told = self.alarm.tick(&self.outside, now);
        for alert in &told {
            self.tell(alert);
        }
        self.metrics.alarms().open(self.alarm.open() as u64);
        let fill = self.outside.budgets.iter().map(|used| {
            let country = used.name.country.map(|country| country.to_string()).unwrap_or_default();
            (used.name.measure.name(), country, used.share())
        });
        self.metrics.alarms().budgets(fill);
        self.save();
    }

    fn tell(&self, alert: &Alert) {
        IncidentTold {
            incident: alert.incident.as_str(),
            kind: alert.kind.name(),
            severity: alert.severity.name(),
            status: alert.status.name(),
            summary: &alert.summary,
        }
        .emit(&self.metrics);
        for sink in &self.sinks {
            sink.take(alert);
        }
    }

    fn look_outside(&mut self, problems: usize, now: Timestamp) {
        let revision = self.gate.revision();
        self.outside.budgets = self.gate.budgets().fill(&revision.budgets, now);
        self.outside.soft = revision.budgets.soft;
        if now.since(self.outages_at) >= OUTAGES_EVERY {
            self.outages_at = now;
            self.outside.outages = self.gate.outages();
        }
        let mut troubles = Vec::new();
        let mut add = |part, severity, count: u64, text: String| {
            #[expect(clippy::cast_precision_loss, reason = "a count for people")]
            let count = count as f64;
            troubles.push(Trouble { part, severity, text, count });
        };
        if self.metrics.proxy().upstream_down.get() {
            add("upstream", Severity::Critical, 1, "the app does not answer".to_owned());
        }
        if problems > 0 {
            let text = format!("the last reload was refused: {problems} problems; the configuration before it is in force");
            add("reload", Severity::Warn, problems as u64, text);
        }
        if let Some(dropped) = self.dropped.look(self.metrics.totals().journal_dropped, now) {
            add("decision-log", Severity::Warn, dropped, format!("the decision log has dropped {dropped} records"));
        }
        let untracked = revision.limits.handles().iter().map(crate::limits::Handle::untracked).sum();
        if let Some(untracked) = self.untracked.look(untracked, now) {
            let text = format!("limits had no room for {untracked} keys: raise `memory` in [limits]");
            add("limits", Severity::Warn, untracked, text);
        }
        self.outside.troubles = troubles;
    }

    fn save(&mut self) {
        let Some((changes, book)) = self.alarm.changed_since(self.saved) else { return };
        if let Some(store) = &self.store
            && let Err(error) = store.save(book)
        {
            IncidentsFailed { error: &error }.emit(&self.metrics);
            return;
        }
        self.saved = changes;
    }
}
