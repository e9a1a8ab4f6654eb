//! How many sends of the last day were verified, delivered and undelivered, by endpoint, country and range.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dashmap::DashMap;
use foldhash::fast::RandomState;
use serde::Serialize;

use super::OpenSend;
use crate::domain::{Country, OutcomeKind, Range, Span, Timestamp};

const HOURS: usize = 24;
const HOUR_MS: u64 = Span::hours(1).as_millis();

/// What sends have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All of an endpoint.
    All,
    /// The phone's country.
    Country(Country),
    /// The phone's range.
    Range(Range),
}

/// An endpoint and a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ConversionKey {
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// What its sends have in common.
    pub scope: Scope,
}

/// Counts of sends and of what became of them, each counted at the hour of its send, so that their ratio is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Codes that went out.
    pub sent: u32,
    /// Of these, verified.
    pub verified: u32,
    /// Of these, reported as delivered.
    pub delivered: u32,
    /// Of these, reported as undelivered.
    pub undelivered: u32,
}

impl Tally {
    /// Verified over sent, 0 to 1; `None` where nothing was sent.
    pub fn conversion(&self) -> Option<f64> {
        (self.sent > 0).then(|| f64::from(self.verified) / f64::from(self.sent))
    }

    fn add(&mut self, other: &Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.verified = self.verified.saturating_add(other.verified);
        self.delivered = self.delivered.saturating_add(other.delivered);
        self.undelivered = self.undelivered.saturating_add(other.undelivered);
    }

    fn count(&mut self, outcome: OutcomeKind) {
        let counter = match outcome {
            OutcomeKind::Verified => &mut self.verified,
            OutcomeKind::Delivered => &mut self.delivered,
            OutcomeKind::Undelivered => &mut self.undelivered,
        };
        *counter = counter.saturating_add(1);
    }
}

/// Conversion over the last 24 hours, to the hour. Bounded: when full, what had no send for a day makes room; where
/// nothing did, a new range isn't counted apart (its country and endpoint are).
#[derive(Debug)]
pub struct Conversion {
    capacity: usize,
    hours: DashMap<ConversionKey, Day, RandomState>,
    /// Keys in `hours`: to ask the map itself would lock all of it.
    keys: AtomicUsize,
    swept_hour: AtomicU64,
    /// How often something was counted.
    changes: AtomicU64,
}

/// Hourly tallies, each with the hour that it is for.
pub(super) type Day = [(u64, Tally); HOURS];

impl Conversion {
    /// Room for `capacity` keys, some 600 bytes each.
    pub fn new(capacity: usize) -> Self {
        let (keys, swept_hour, changes) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { capacity, hours: DashMap::default(), keys, swept_hour, changes }
    }

    /// A code went out.
    pub fn sent(&self, send: &OpenSend) {
        self.update(send, |tally| tally.sent = tally.sent.saturating_add(1));
    }

    /// Something became of it.
    pub fn outcome(&self, send: &OpenSend, outcome: OutcomeKind) {
        self.update(send, |tally| tally.count(outcome));
    }

    /// The last 24 hours of one key.
    pub fn tally(&self, key: &ConversionKey, now: Timestamp) -> Tally {
        self.hours.get(key).map(|day| sum(&day, hour(now))).unwrap_or_default()
    }

    /// Every key with sends in the last 24 hours, most sends first.
    pub fn all(&self, now: Timestamp) -> Vec<(ConversionKey, Tally)> {
        let mut all: Vec<_> =
            self.hours.iter().map(|entry| (entry.key().clone(), sum(entry.value(), hour(now)))).collect();
        all.retain(|(_, tally)| tally.sent > 0);
        all.sort_by(|(a, x), (b, y)| y.sent.cmp(&x.sent).then_with(|| a.cmp(b)));
        all
    }

    fn update(&self, send: &OpenSend, change: impl Fn(&mut Tally)) {
        let scopes = [
            Some(Scope::All),
            send.phone.and_then(|phone| phone.country).map(Scope::Country),
            send.phone.map(|phone| Scope::Range(phone.range)),
        ];
        let at = hour(send.at);
        for scope in scopes.into_iter().flatten() {
            let key = ConversionKey { endpoint: Arc::clone(&send.endpoint), scope };
            self.with_day(key, at, |day| count(day, at, &change));
        }
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs `act` on the day of a key, made where there is room for it. False where there is none.
    fn with_day(&self, key: ConversionKey, now_hour: u64, act: impl FnOnce(&mut Day)) -> bool {
        if let Some(mut day) = self.hours.get_mut(&key) {
            act(&mut day);
            return true;
        }
        if !self.has_room(now_hour) {
            return false;
        }
        let mut day = self.hours.entry(key).or_insert_with(|| {
            self.keys.fetch_add(1, Ordering::Relaxed);
            [(0, Tally::default()); HOURS]
        });
        act(&mut day);
        true
    }

    fn has_room(&self, at: u64) -> bool {
        let has_room = || self.keys.load(Ordering::Relaxed) < self.capacity;
        // Once an hour is enough: a day ends no oftener.
        if !has_room() && self.swept_hour.fetch_max(at, Ordering::Relaxed) < at {
            self.hours.retain(|_, day| {
                let keep = sum(day, at).sent > 0;
                if !keep {
                    self.keys.fetch_sub(1, Ordering::Relaxed);
                }
                keep
            });
        }
        has_room()
    }
}

/// What a snapshot takes out and puts back.
impl Conversion {
    /// Another number whenever something was counted.
    pub(super) fn change_count(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// What is counted apart.
    pub(super) fn all_keys(&self) -> Vec<ConversionKey> {
        self.hours.iter().map(|entry| entry.key().clone()).collect()
    }

    /// The hours of a key that count at `now`.
    pub(super) fn hours_of(&self, key: &ConversionKey, now: Timestamp) -> Vec<(u64, Tally)> {
        let Some(day) = self.hours.get(key) else { return Vec::new() };
        day.iter().copied().filter(|(at, _)| counts(*at, hour(now))).collect()
    }

    /// Puts hours back, those that still count at `now`. False where there is no room for the key.
    pub(super) fn put(&self, key: ConversionKey, hours: &[(u64, Tally)], now: Timestamp) -> bool {
        self.with_day(key, hour(now), |day| {
            for (at, tally) in hours.iter().filter(|(at, _)| counts(*at, hour(now))) {
                count(day, *at, |hour| *hour = *tally);
            }
        })
    }
}

/// Changes the tally of an hour, where that hour is still kept.
fn count(day: &mut Day, at: u64, change: impl Fn(&mut Tally)) {
    let Some(slot) = day.get_mut(usize::try_from(at).unwrap_or(0) % HOURS) else { return };
    if slot.0 < at {
        *slot = (at, Tally::default());
    }
    if slot.0 == at {
        change(&mut slot.1);
    }
}

fn hour(at: Timestamp) -> u64 {
    at.unix_ms() / HOUR_MS
}

fn sum(day: &Day, now_hour: u64) -> Tally {
    let mut total = Tally::default();
    for (at, tally) in day {
        if counts(*at, now_hour) {
            total.add(tally);
        }
    }
    total
}

/// Whether an hour is one of the last 24.
fn counts(at: u64, now_hour: u64) -> bool {
    at <= now_hour && now_hour - at < HOURS as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DecisionId, Money, NumberKind, Phone, Validity};
    use crate::privacy::{Pseudonyms, RawPhone};

    fn send(hours: u64, range: u64) -> OpenSend {
        let at = Timestamp::from_unix_ms(1_795_197_600_000) + Span::hours(hours);
        let phone = Phone {
            id: Pseudonyms::new(&[1; 32]).phone(RawPhone::from_digits(447_700_900_001).unwrap()),
            country: Country::new("GB"),
            calling_code: 44,
            range: Range::new(range),
            last_two: 1,
            kind: NumberKind::Mobile,
            validity: Validity::Valid,
            price: Money::default(),
        };
        OpenSend { decision: DecisionId::new(at, 0), endpoint: "login".into(), at, phone: Some(phone), charge: None }
    }

    fn key(scope: Scope) -> ConversionKey {
        ConversionKey { endpoint: "login".into(), scope }
    }

    #[test]
    fn outcomes_count_at_the_hour_of_their_send_and_leave_after_a_day() {
        let conversion = Conversion::new(100);
        for hours in 0..30 {
            conversion.sent(&send(hours, 44_770_090));
        }
        conversion.outcome(&send(29, 44_770_090), OutcomeKind::Verified);
        conversion.outcome(&send(2, 44_770_090), OutcomeKind::Verified);
        let now = send(29, 0).at;
        let tally = conversion.tally(&key(Scope::Range(Range::new(44_770_090))), now);
        assert_eq!((tally.sent, tally.verified), (24, 1));
        assert_eq!(conversion.tally(&key(Scope::All), now).sent, 24);
        assert_eq!(conversion.tally(&key(Scope::All), now + Span::hours(24)).sent, 0);
    }

    #[test]
    fn a_full_table_keeps_counting_what_it_knows() {
        let conversion = Conversion::new(4);
        for range in 0..100 {
            conversion.sent(&send(0, range));
        }
        let now = send(0, 0).at;
        assert_eq!(conversion.tally(&key(Scope::All), now).sent, 100);
        assert_eq!(conversion.all(now).len(), 4);
        conversion.sent(&send(25, 777));
        assert_eq!(
            conversion.tally(&key(Scope::Range(Range::new(777))), send(25, 0).at).sent,
            1,
            "a day later there is room"
        );
    }
}
