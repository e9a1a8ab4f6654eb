//! The whole of it at a moment: counts are held against rules, findings become incidents, and what is to be told comes out.
//! Live and in a replay alike; whoever moves time calls [`Alarm::tick`].

use std::sync::Arc;

use parking_lot::Mutex;

use super::detect::{Detector, Outside};
use super::incident::{Acknowledged, Incident};
use super::incident_book::Book;
use super::settings::Settings;
use super::silence::Silence;
use super::watch::Watch;
use super::{Alert, IncidentId};
use crate::domain::{Span, Timestamp};

/// Watches, and tells.
#[derive(Debug)]
pub struct Alarm {
    watch: Arc<Watch>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    settings: Settings,
    detector: Detector,
    book: Book,
}

impl Alarm {
    /// How often it wants to be asked.
    pub const EVERY: Span = Span::seconds(5);

    /// Over what `watch` counts, going on with the incidents of `book`.
    pub fn new(settings: Settings, watch: Arc<Watch>, book: Book) -> Self {
        let mut detector = Detector::default();
        for (rule, key, severity) in book.firing() {
            detector.resume(rule.into(), key, severity);
        }
        Self { watch, state: Mutex::new(State { settings, detector, book }) }
    }

    /// A reload: other rules from now on.
    pub fn replace(&self, settings: Settings) {
        self.state.lock().settings = settings;
    }

    /// Looks at everything at `now`, and gives what is to be told, in order.
    pub fn tick(&self, outside: &Outside, now: Timestamp) -> Vec<Alert> {
        let State { settings, detector, book } = &mut *self.state.lock();
        if !settings.enabled {
            return Vec::new();
        }
        let mut counts = self.watch.counts_with_judged();
        let super::watch::Counts { volumes, footprints, .. } = &mut *counts;
        let findings = detector.step(settings, volumes, footprints, outside, now);
        book.take(settings, &findings, footprints, now)
    }

    /// Brings tables and examples of attacks up to date for whoever looks at an incident that no message is due of. Sums
    /// are as of the last tick anyhow.
    pub fn look(&self, now: Timestamp) {
        let State { settings, book, .. } = &mut *self.state.lock();
        if settings.enabled {
            book.look(&self.watch.counts().footprints, now);
        }
    }

    /// Whether nothing is over a threshold: then time may jump.
    pub fn is_idle(&self) -> bool {
        self.state.lock().detector.is_idle()
    }

    /// Incidents that go on.
    pub fn open(&self) -> usize {
        self.state.lock().book.incidents().filter(|incident| incident.is_open()).count()
    }

    /// Of money, in texts.
    pub fn currency(&self) -> String {
        self.state.lock().settings.currency.clone()
    }

    /// Every incident, the latest first.
    pub fn incidents(&self) -> Vec<Incident> {
        self.state.lock().book.incidents().cloned().collect()
    }

    /// One incident.
    pub fn incident(&self, id: &IncidentId) -> Option<Incident> {
        self.state.lock().book.incident(id).cloned()
    }

    /// Somebody looks after an incident. `None`: there is no such incident.
    pub fn acknowledge(&self, id: &IncidentId, acknowledged: Acknowledged) -> Option<Incident> {
        self.state.lock().book.acknowledge(id, acknowledged)
    }

    /// Every silence that holds at `now`.
    pub fn silences(&self, now: Timestamp) -> Vec<Silence> {
        self.state.lock().book.silences(now).cloned().collect()
    }

    /// Begins a silence; the number that it brings is replaced. `None`: there are too many.
    pub fn silence(&self, silence: Silence) -> Option<Silence> {
        self.state.lock().book.silence(silence)
    }

    /// Ends a silence. False: there is none of that number.
    pub fn unsilence(&self, id: u64) -> bool {
        self.state.lock().book.unsilence(id)
    }

    /// The book, where it has changed since it had this many changes; with how many it has now.
    pub fn changed_since(&self, changes: u64) -> Option<(u64, Book)> {
        let state = self.state.lock();
        (state.book.changes() != changes).then(|| (state.book.changes(), state.book.clone()))
    }
}
