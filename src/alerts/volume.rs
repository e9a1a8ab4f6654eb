//! How many requests, messages and outcomes, and how much money: in all, by endpoint, country and range, in sliding windows
//! of bounded memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::baseline::History;
use super::key::Key;
use crate::budget::{Counted, Window};
use crate::domain::{Country, Facts, Mode, OutcomeKind, Phone, Span, Timestamp};

/// Ranges that are counted at the same time, some 4 KiB each. A range that is new where there is no room isn't counted
/// apart; its country is.
const RANGES: usize = 2_000;
/// What had no message for so long makes room.
const IDLE: Span = Span::hours(24);

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Requests for a code.
    pub(super) judged: u32,
    /// Of these, refused or asked for a proof (in monitor mode: that would have been).
    pub(super) stopped: u32,
    /// Messages that went out.
    pub(super) sent: u32,
    /// Of these, verified; counted at the time of the message, as are the next two.
    pub(super) verified: u32,
    /// Of these, delivered.
    pub(super) delivered: u32,
    /// Of these, undelivered.
    pub(super) undelivered: u32,
    /// What they cost, in millionths.
    pub(super) micros: u64,
}

impl Counted for Tally {
    fn add(&mut self, other: &Self) {
        self.each(other, u32::saturating_add, u64::saturating_add);
    }

    fn take(&mut self, other: &Self) {
        self.each(other, u32::saturating_sub, u64::saturating_sub);
    }
}

impl Tally {
    fn each(&mut self, other: &Self, small: fn(u32, u32) -> u32, large: fn(u64, u64) -> u64) {
        let Self { judged, stopped, sent, verified, delivered, undelivered, micros } = other;
        self.judged = small(self.judged, *judged);
        self.stopped = small(self.stopped, *stopped);
        self.sent = small(self.sent, *sent);
        self.verified = small(self.verified, *verified);
        self.delivered = small(self.delivered, *delivered);
        self.undelivered = small(self.undelivered, *undelivered);
        self.micros = large(self.micros, *micros);
    }
}

/// The country of a phone and the key of its range.
fn places(phone: Option<&Phone>) -> (Option<Country>, Option<Key>) {
    (phone.and_then(|phone| phone.country), phone.map(Key::range))
}

/// Parts of the last minute.
const PARTS: u32 = 12;
/// The shortest time that a window tells apart, of which the others' are multiples: 5 s.
pub(super) const FINEST: Span = Span::millis(Span::minutes(1).as_millis() / PARTS as u64);

/// One key's windows: the last minute to 5 s, the last hour to a minute, the last day to half an hour.
#[derive(Debug)]
struct Series {
    minute: Window<Tally>,
    hour: Window<Tally>,
    day: Window<Tally>,
    last: Timestamp,
    /// The last round in which something was counted; see [`Volumes::take_touched`].
    touched: u64,
}

impl Series {
    fn new() -> Self {
        Self {
            minute: Window::new(Span::minutes(1), PARTS),
            hour: Window::new(Span::hours(1), 60),
            day: Window::new(Span::hours(24), 48),
            last: Timestamp::default(),
            touched: 0,
        }
    }

    /// The finest that holds `per`.
    fn window(&mut self, per: Span) -> &mut Window<Tally> {
        if per <= Span::minutes(1) {
            &mut self.minute
        } else if per <= Span::hours(1) {
            &mut self.hour
        } else {
            &mut self.day
        }
    }

    /// Counts, and gives whether it is the first time in this round.
    fn count(&mut self, at: Timestamp, tally: &Tally, round: u64) -> bool {
        for window in [&mut self.minute, &mut self.hour, &mut self.day] {
            window.add(at, tally);
        }
        self.last = self.last.max(at);
        std::mem::replace(&mut self.touched, round) != round
    }
}

/// Every key's windows, and what is usual.
#[derive(Debug)]
pub(super) struct Volumes {
    series: HashMap<Key, Series, RandomState>,
    ranges: usize,
    /// How verdicts were last carried out, by endpoint.
    modes: BTreeMap<Arc<str>, Mode>,
    pub(super) history: BTreeMap<Key, History>,
    /// Keys that something was counted of in this round.
    touched: Vec<Key>,
    round: u64,
    /// No range was idle for long before.
    idle_from: Timestamp,
}

impl Default for Volumes {
    fn default() -> Self {
        let (series, modes, history, touched) = Default::default();
        Self { series, ranges: 0, modes, history, touched, round: 1, idle_from: Timestamp::default() }
    }
}

impl Volumes {
    /// Requests for a code were judged, at `at` or in the same [`FINEST`].
    pub(super) fn judged(
        &mut self,
        (endpoint, mode): (&Arc<str>, Mode),
        country: Option<Country>,
        at: Timestamp,
        tally: &Tally,
    ) {
        if self.modes.get(endpoint) != Some(&mode) {
            self.modes.insert(Arc::clone(endpoint), mode);
        }
        self.count(endpoint, (country, None), at, tally);
    }

    /// Whether all that is counted of a key is let through whatever the verdict.
    pub(super) fn lets_through(&self, key: &Key) -> bool {
        let is_of_key = |endpoint: &Arc<str>| key.endpoint.as_ref().is_none_or(|of| of == endpoint);
        let mut modes = self.modes.iter().filter(|(endpoint, _)| is_of_key(endpoint)).map(|(_, mode)| *mode).peekable();
        modes.peek().is_some() && modes.all(|mode| mode == Mode::Monitor)
    }

    /// A message went out.
    pub(super) fn sent(&mut self, facts: &Facts, now: Timestamp) {
        let phone = facts.phone();
        let micros = phone.map(|phone| phone.price.as_micros()).unwrap_or_default();
        let (country, range) = places(phone);
        self.count(&facts.endpoint, (country, range), facts.at, &Tally { sent: 1, micros, ..Tally::default() });
        let country = country.map(Key::country);
        for key in [Some(Key::default()), Some(Key::endpoint(&facts.endpoint)), country].into_iter().flatten() {
            self.history.entry(key).or_insert_with(|| History::new(now)).add(now, micros);
        }
    }

    /// Something became of a message that went out at `at`.
    pub(super) fn outcome(&mut self, endpoint: &Arc<str>, phone: Option<&Phone>, at: Timestamp, outcome: OutcomeKind) {
        let mut tally = Tally::default();
        match outcome {
            OutcomeKind::Verified => tally.verified = 1,
            OutcomeKind::Delivered => tally.delivered = 1,
            OutcomeKind::Undelivered => tally.undelivered = 1,
        }
        self.count(endpoint, places(phone), at, &tally);
    }

    fn count(
        &mut self,
        endpoint: &Arc<str>,
        (country, range): (Option<Country>, Option<Key>),
        at: Timestamp,
        tally: &Tally,
    ) {
        let country = country.map(Key::country);
        for key in [Some(Key::default()), Some(Key::endpoint(endpoint)), country, range].into_iter().flatten() {
            let is_first = if let Some(series) = self.series.get_mut(&key) {
                series.count(at, tally, self.round)
            } else if self.has_room(&key, at) {
                self.series.entry(key.clone()).or_insert_with(Series::new).count(at, tally, self.round)
            } else {
                continue;
            };
            if is_first {
                self.touched.push(key);
            }
        }
    }

    /// Whether a key that is new is counted; counts the ranges.
    fn has_room(&mut self, key: &Key, now: Timestamp) -> bool {
        if key.range.is_some() {
            if self.ranges >= RANGES && now >= self.idle_from {
                self.sweep(now);
            }
            if self.ranges >= RANGES {
                return false;
            }
            self.ranges += 1;
        }
        true
    }

    /// Forgets ranges that are idle.
    fn sweep(&mut self, now: Timestamp) {
        self.series.retain(|key, series| key.range.is_none() || now.since(series.last) < IDLE);
        let ranges = self.series.iter().filter(|(key, _)| key.range.is_some()).map(|(_, series)| series.last);
        self.ranges = ranges.clone().count();
        // Nothing more to find before: looking takes a while, and all decisions wait for it.
        self.idle_from = ranges.min().unwrap_or(now) + IDLE;
    }

    /// What a key's last `per` hold, without what is younger than `young`. Up to a minute the window is exact to 5 s, up to
    /// an hour to a minute, beyond to half an hour, always rounded up.
    pub(super) fn tally(&mut self, key: &Key, per: Span, young: Span, now: Timestamp) -> Tally {
        let series = self.series.get_mut(key);
        series.map(|series| series.window(per).held_between(now, per, young)).unwrap_or_default()
    }

    /// The sums of the whole window that [`Volumes::tally`] takes `per` from: never less, and next to nothing to ask.
    pub(super) fn at_most(&mut self, key: &Key, per: Span, now: Timestamp) -> Tally {
        self.series.get_mut(key).map(|series| series.window(per).held(now)).unwrap_or_default()
    }

    /// Keys that something was counted of since the last call, sorted.
    pub(super) fn take_touched(&mut self) -> Vec<Key> {
        self.round += 1;
        // The next round has about as many.
        let next = Vec::with_capacity(self.touched.len());
        let mut touched = std::mem::replace(&mut self.touched, next);
        touched.sort_unstable();
        touched
    }
}
