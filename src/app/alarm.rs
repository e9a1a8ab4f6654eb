//! Alerts of a running sendwall: what the gate and the process know is looked at every few seconds.

use std::sync::Arc;

use parking_lot::Mutex;

use super::engine::Engine;
use crate::alerts::deliver::Courier;
use crate::alerts::{Alarm, Alert, Book, Outside, Severity, Sink, Store, Trouble, counted};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Span, Timestamp};
use crate::gate::{Gate, Revision};
use crate::limits::Handle;
use crate::model::{FEATURES, STRANGE};
use crate::state::set_aside;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::telemetry::events::{IncidentTold, IncidentsDamaged, IncidentsFailed};

/// Outages take a look at every country.
const OUTAGES_EVERY: Span = Span::seconds(15);
/// How long what only counts up (lost lines) stays a trouble.
const FRESH: Span = Span::minutes(5);

/// Looks, keeps and tells.
#[derive(Debug)]
struct Watchman {
    alarm: Arc<Alarm>,
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    store: Option<Store>,
    courier: Courier,
    saved: u64,
    outages_at: Timestamp,
    outside: Outside,
    dropped: Rising,
    untracked: Rising,
    turned_away: Rising,
}

/// A count that only rises, and when it last did.
#[derive(Debug, Default)]
struct Rising {
    count: u64,
    /// When, and by how much since it last stood still for long.
    rose: Option<(Timestamp, u64)>,
}

impl Rising {
    /// How much it rose of late; `None` where it didn't. It falls where a reload takes away a part of it.
    fn look(&mut self, count: u64, now: Timestamp) -> Option<u64> {
        let more = count.saturating_sub(self.count);
        self.count = count;
        let rose = self.rose.filter(|(at, _)| now.since(*at) < FRESH);
        self.rose = if more > 0 { Some((now, more + rose.map_or(0, |(_, before)| before))) } else { rose };
        self.rose.map(|(_, more)| more)
    }
}

/// The alarm over what `gate` counts, with the incidents of before.
pub(super) fn alarm(config: &Config, gate: &Gate, metrics: &Metrics) -> (Arc<Alarm>, Option<Store>) {
    let store = config.state.as_deref().map(Store::in_state);
    let book = match store.as_ref().map(Store::load).transpose() {
        Ok(book) => book.unwrap_or_default(),
        Err(error) => {
            if let Some(path) = store.as_ref().map(Store::path) {
                let aside = set_aside(path, gate.now());
                IncidentsDamaged { path, error: &error, aside: aside.as_deref() }.emit(metrics);
            }
            Book::default()
        }
    };
    (Arc::new(Alarm::new(config.alerts.clone(), Arc::clone(gate.watch()), book)), store)
}

/// Looks until the process is to stop.
pub(super) fn watch(
    tasks: &Tasks,
    (alarm, store): (Arc<Alarm>, Option<Store>),
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    courier: Courier,
) {
    let (outside, outages_at) = (Outside::default(), Timestamp::default());
    let [dropped, untracked, turned_away] = [const { Rising { count: 0, rose: None } }; 3];
    let watchman = Watchman {
        alarm,
        engine,
        clock,
        store,
        courier,
        saved: 0,
        outages_at,
        outside,
        dropped,
        untracked,
        turned_away,
    };
    let watchman = Mutex::new(watchman);
    tasks.spawn("alerts", again(tasks.clone(), Alarm::EVERY, move || watchman.lock().look()));
}

/// Does it time and again until the process is to stop. A panic ends that one time.
async fn again(tasks: Tasks, every: Span, work: impl Fn() + Send + Sync + 'static) {
    let (stop, work) = (tasks.stopping(), Arc::new(work));
    while stop.run_until_cancelled(tokio::time::sleep(every.to_duration())).await.is_some() {
        let work = Arc::clone(&work);
        tasks.run_blocking(move || work()).await;
    }
}

/// How far each feature of the model has drifted, over the last full window.
pub(super) fn drifted(revision: &Revision) -> Vec<(&'static str, f32)> {
    let last = revision.prior.model().and_then(|model| model.drift().last()).unwrap_or_default();
    FEATURES.iter().map(|feature| feature.name).zip(last).collect()
}

impl Watchman {
    /// Tells before it saves: a crash in between tells twice rather than never.
    fn look(&mut self) {
        let now = self.clock.now();
        self.look_outside(now);
        let told = self.alarm.tick(&self.outside, now);
        for alert in &told {
            self.tell(alert);
        }
        self.alarm.look(now);
        self.engine.metrics.alarms().open(self.alarm.open() as u64);
        let fill = self.outside.budgets.iter().map(|used| {
            let country = used.name.country.map(|country| country.to_string()).unwrap_or_default();
            (used.name.measure.name(), country, used.share())
        });
        self.engine.metrics.alarms().budgets(fill);
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
        .emit(&self.engine.metrics);
        self.courier.take(alert);
    }

    fn look_outside(&mut self, now: Timestamp) {
        let (errors, gate, metrics) = (self.engine.reload_errors(), &self.engine.gate, &self.engine.metrics);
        let revision = gate.revision();
        self.outside.budgets = gate.budgets().fill(&revision.budgets, now);
        self.outside.soft = revision.budgets.soft;
        if now.since(self.outages_at) >= OUTAGES_EVERY {
            self.outages_at = now;
            self.outside.outages = gate.outages_at(now);
        }
        let mut troubles = Vec::new();
        let mut add = |part, severity, count: u64, text: String| {
            #[expect(clippy::cast_precision_loss, reason = "a count for people")]
            let count = count as f64;
            troubles.push(Trouble { part, severity, text, count });
        };
        if metrics.proxy().upstream_down.get() {
            add("upstream", Severity::Critical, 1, "the app does not answer".to_owned());
        }
        if let Some(count) = self.turned_away.look(metrics.proxy().upstream_full.get(), now) {
            let (most, told) = (self.engine.fixed.http.upstream.max_connections, counted(count, "request"));
            let text = format!("all {most} connections to the app are in use: {told} got none");
            add("upstream-connections", Severity::Critical, count, text);
        }
        if errors > 0 {
            let told = counted(errors, "error");
            let text = format!("the last reload was refused: {told}; the configuration before it is in force");
            add("reload", Severity::Warn, errors as u64, text);
        }
        let faults = gate.geo().faults();
        if !faults.is_empty() {
            let text =
                format!("facts of addresses are missing, or as old as what was read before: {}", faults.join("; "));
            add("geo", Severity::Warn, faults.len() as u64, text);
        }
        if let Some(dropped) = self.dropped.look(metrics.totals().journal_dropped, now) {
            add(
                "decision-log",
                Severity::Warn,
                dropped,
                format!("the decision log has dropped {}", counted(dropped, "record")),
            );
        }
        if let Some(since) = metrics.snapshots().failing_since() {
            let text = format!("no snapshot can be written: a restart now loses what was counted since {since}");
            add("snapshot", Severity::Warn, 1, text);
        }
        let untracked = revision.limits.handles().iter().map(Handle::untracked).sum();
        if let Some(untracked) = self.untracked.look(untracked, now) {
            let text = format!("limits had no room for {}: raise `memory` in [limits]", counted(untracked, "key"));
            add("limits", Severity::Warn, untracked, text);
        }
        if let Some((feature, index)) = drifted(&revision).into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
            && index >= STRANGE
        {
            let text = format!(
                "traffic is no longer what the model was trained on ({feature}: {index:.2}, a large shift is {STRANGE}): \
                 train it anew on your own log, or set prior = \"weights\""
            );
            add("model", Severity::Warn, 1, text);
        }
        self.outside.troubles = troubles;
    }

    fn save(&mut self) {
        let Some((changes, book)) = self.alarm.changed_since(self.saved) else { return };
        if let Some(store) = &self.store
            && let Err(error) = store.save(book)
        {
            IncidentsFailed { error: &error }.emit(&self.engine.metrics);
            return;
        }
        self.saved = changes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rose_of_late_is_told_and_a_part_that_a_reload_takes_away_deafens_nobody() {
        let (mut rising, start) = (Rising::default(), Timestamp::from_unix_ms(1_795_197_600_000));
        let mut look = |seconds: u64, count| rising.look(count, start + Span::seconds(seconds));
        assert_eq!([look(0, 0), look(5, 5000), look(10, 5003)], [None, Some(5000), Some(5003)]);
        let later = FRESH.as_millis() / 1000 + 20;
        assert_eq!([look(later, 5003), look(later + 5, 3), look(later + 10, 10)], [None, None, Some(7)]);
    }

    #[tokio::test]
    async fn a_look_that_panics_is_not_the_last() {
        let tasks = Tasks::new();
        let (told, mut looks) = tokio::sync::mpsc::channel(1);
        let look = move || {
            told.blocking_send(()).unwrap();
            panic!("at a look");
        };
        tasks.spawn("looks", again(tasks.clone(), Span::millis(1), look));
        for look in 0..3 {
            assert_eq!(looks.recv().await, Some(()), "{look}");
        }
        // Nothing is left to wait for it.
        drop(looks);
        assert_eq!(tasks.drain(Span::seconds(20)).await, 0);
    }
}
