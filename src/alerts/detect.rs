//! Counts to findings: every rule held against every key that something was counted of. Pure: `now` is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::baseline::History;
use super::detect_attack::Footprints;
use super::settings::{Against, By, Rule, Settings};
use super::threshold::{CLEAR, Change, Level, Reading};
use super::volume::{Key, Tally, Volumes};
use super::{AlertKind, Severity, Unit, Value};
use crate::budget::Use;
use crate::domain::{Country, Money, Span, Timestamp};

/// Codes younger than this may still be verified.
const VERIFY_TIME: Span = Span::minutes(3);
/// Reports of failures come later than messages.
const REPORT_TIME: Span = Span::minutes(1);
/// Standard errors by which a share must be over its threshold: it is looked at thousands of times a day.
const SURE: f64 = 3.5;
/// Messages of an hour without any outcome in a day that make blindness.
const BLIND: u32 = 30;
/// How full a budget is when the next message hardly fits.
const FULL: f64 = 0.99;
/// Missing verifications of a country, and messages of its last hour, that make an outage.
const OUTAGE: [f64; 2] = [0.3, 0.6];
const OUTAGE_MIN: u32 = 20;
/// How long what has no rule of its own keeps firing.
const KEEP: Span = Span::minutes(15);
const BRIEFLY: Span = Span::minutes(5);

/// What is known from elsewhere at a moment.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Share of a country's verifications that are missing for everyone.
    pub outages: Vec<(Country, f32)>,
    /// How far budgets are used.
    pub budgets: Vec<Use>,
    /// Part of a budget from which strangers climb.
    pub soft: f64,
    /// What is wrong with sendwall and what it leans on.
    pub troubles: Vec<Trouble>,
}

/// Something that is wrong with sendwall, or with what it leans on, at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// Which part: `upstream`, `reload`, `decision-log`.
    pub part: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// In a sentence.
    pub text: String,
    /// How many: dropped lines, problems.
    pub count: f64,
}

/// One alert at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    /// The rule.
    pub(super) rule: Arc<str>,
    /// What it is about.
    pub(super) kind: AlertKind,
    /// What was measured.
    pub(super) key: Key,
    /// How bad it is, as told.
    pub(super) severity: Severity,
    /// What is new.
    pub(super) change: Change,
    /// What was measured, and what it was held against.
    pub(super) value: Value,
    /// What is wrong, where the value doesn't say it.
    pub(super) text: Option<String>,
}

/// A value against its thresholds.
#[derive(Clone, Copy, Debug)]
struct Measured {
    reading: Reading,
    value: f64,
    limit: f64,
}

/// Of which alert a value is.
struct Of<'a> {
    rule: &'a Arc<str>,
    kind: AlertKind,
    sustain: Span,
    keep: Span,
    unit: Unit,
    per: Span,
}

/// Holds rules against counts. What it remembers is bounded by what is counted.
#[derive(Debug, Default)]
pub(super) struct Detector {
    levels: BTreeMap<(Arc<str>, Key), Level>,
}

impl Detector {
    /// Goes on with an alert that was told before a restart.
    pub(super) fn resume(&mut self, rule: Arc<str>, key: Key, severity: Severity) {
        self.levels.insert((rule, key), Level::fired(severity));
    }

    /// Whether nothing is over a threshold.
    pub(super) fn is_idle(&self) -> bool {
        self.levels.is_empty()
    }

    /// Every alert that fires at `now`, and those that have just ended.
    pub(super) fn step(
        &mut self,
        settings: &Settings,
        volumes: &mut Volumes,
        footprints: &mut Footprints,
        outside: &Outside,
        now: Timestamp,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        let touched = volumes.take_touched();
        for rule in &settings.rules {
            for key in self.keys(rule, &touched, footprints, now) {
                let measured = measure(rule, &key, volumes, footprints, now);
                let of = Of {
                    rule: &rule.name,
                    kind: rule.kind,
                    sustain: rule.sustain,
                    keep: rule.keep_firing_for,
                    unit: unit(rule.kind),
                    per: rule.per,
                };
                found.extend(self.reading(&of, key, measured, None, now));
            }
        }
        found.extend(self.outages(outside, volumes, now));
        found.extend(self.budgets(outside, now));
        found.extend(self.troubles(outside, &touched, volumes, now));
        found.extend(self.forgotten(settings, now));
        found
    }

    /// What a rule looks at: what something was counted of, and what is not well yet.
    fn keys(&self, rule: &Rule, touched: &BTreeSet<Key>, footprints: &Footprints, now: Timestamp) -> BTreeSet<Key> {
        let mut keys: BTreeSet<Key> = if rule.kind == AlertKind::Attack {
            let places = footprints.places(now).into_iter();
            places.map(|(endpoint, country)| attacked(rule.by, endpoint, country)).collect()
        } else {
            touched.iter().filter(|key| key.by() == rule.by).cloned().collect()
        };
        keys.extend(self.active(&rule.name));
        keys
    }

    fn active<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = Key> + 'a {
        self.levels.keys().filter(move |(name, _)| **name == *rule).map(|(_, key)| key.clone())
    }

    fn reading(
        &mut self,
        of: &Of<'_>,
        key: Key,
        measured: Measured,
        text: Option<String>,
        now: Timestamp,
    ) -> Option<Finding> {
        let Of { rule, kind, sustain, keep, unit, per } = *of;
        let name = (Arc::clone(rule), key);
        let mut level = self.levels.get(&name).copied().unwrap_or_default();
        let before = level.firing();
        let change = level.step(measured.reading, sustain, keep, now);
        let severity = level.firing().or(before);
        let (rule, key) = name.clone();
        if level.is_idle() {
            self.levels.remove(&name);
        } else {
            self.levels.insert(name, level);
        }
        let severity = severity.filter(|_| change != Change::Quiet)?;
        let value = Value { value: measured.value, limit: measured.limit, unit, per_ms: per.as_millis() };
        Some(Finding { rule, kind, key, severity, change, value, text })
    }

    fn outages(&mut self, outside: &Outside, volumes: &mut Volumes, now: Timestamp) -> Vec<Finding> {
        let rule: Arc<str> = "outage".into();
        let mut missing: BTreeMap<Key, f64> = self.active(&rule).map(|key| (key, 0.0)).collect();
        for (country, share) in &outside.outages {
            let key = Key::country(*country);
            let sent = volumes.tally(&key, Span::hours(1), Span::default(), now).sent;
            if sent >= OUTAGE_MIN {
                missing.insert(key, f64::from(*share));
            }
        }
        let found = missing.into_iter().filter_map(|(key, share)| {
            let measured = over(share, Some(OUTAGE[0]), Some(OUTAGE[1]));
            let of = Of::own(&rule, AlertKind::Undelivered, Unit::Share, Span::default(), KEEP);
            let of = Of { sustain: Span::minutes(2), ..of };
            let text = format!("{:.0} % of the verifications of {key} are missing for everyone", share * 100.0);
            self.reading(&of, key, measured, Some(text), now)
        });
        found.collect()
    }

    fn budgets(&mut self, outside: &Outside, now: Timestamp) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for used in &outside.budgets {
            let rule: Arc<str> = format!("budget-{}", used.name.measure.name()).into();
            let key = used.name.country.map_or_else(Key::default, Key::country);
            seen.insert((Arc::clone(&rule), key.clone()));
            let measured =
                Measured { limit: used.bound, value: used.used, ..over(used.share(), Some(outside.soft), Some(FULL)) };
            let measure = used.name.measure;
            let unit = if measure.is_money() { Unit::Money } else { Unit::Messages };
            let text = format!("budget {}: {} of {} spent", used.name, used.used, used.max);
            let of = Of::own(&rule, AlertKind::Budget, unit, measure.per(), BRIEFLY);
            found.extend(self.reading(&of, key, measured, Some(text), now));
        }
        let gone = |(rule, key): &(Arc<str>, Key)| {
            rule.starts_with("budget-") && !seen.contains(&(Arc::clone(rule), key.clone()))
        };
        for (rule, key) in self.levels.keys().filter(|name| gone(name)).cloned().collect::<Vec<_>>() {
            let of = Of::own(&rule, AlertKind::Budget, Unit::Messages, Span::default(), BRIEFLY);
            found.extend(self.reading(&of, key, well(), None, now));
        }
        found
    }

    fn troubles(
        &mut self,
        outside: &Outside,
        touched: &BTreeSet<Key>,
        volumes: &mut Volumes,
        now: Timestamp,
    ) -> Vec<Finding> {
        let rule: Arc<str> = "trouble".into();
        let mut parts: BTreeMap<Key, (Measured, Option<String>)> =
            self.active(&rule).map(|key| (key, (well(), None))).collect();
        for trouble in &outside.troubles {
            let reading = Reading::Over(trouble.severity);
            let measured = Measured { reading, value: trouble.count, limit: 1.0 };
            parts.insert(Key::part(trouble.part), (measured, Some(trouble.text.clone())));
        }
        for key in touched.iter().filter(|key| key.by() == By::Endpoint) {
            let sent = volumes.tally(key, Span::hours(1), VERIFY_TIME, now).sent;
            let day = volumes.tally(key, Span::hours(24), Span::default(), now);
            if sent >= BLIND && day.verified == 0 {
                let text = format!("no outcome of any code of {key} was seen in 24 h: evidence sees nothing");
                let reading = Reading::Over(Severity::Warn);
                let measured = Measured { reading, value: f64::from(sent), limit: f64::from(BLIND) };
                parts.insert(Key { part: Some("outcomes".into()), ..key.clone() }, (measured, Some(text)));
            }
        }
        let of = Of::own(&rule, AlertKind::Trouble, Unit::Count, Span::default(), BRIEFLY);
        let found = parts.into_iter();
        found.filter_map(|(key, (measured, text))| self.reading(&of, key, measured, text, now)).collect()
    }

    /// Alerts whose rules a reload took away end.
    fn forgotten(&mut self, settings: &Settings, now: Timestamp) -> Vec<Finding> {
        let has_rule = |rule: &str| {
            settings.rules.iter().any(|known| *known.name == *rule)
                || rule.starts_with("budget-")
                || ["outage", "trouble"].contains(&rule)
        };
        let gone: Vec<_> = self.levels.keys().filter(|(rule, _)| !has_rule(rule)).cloned().collect();
        let end = |(rule, key): (Arc<str>, Key)| {
            let of = Of::own(&rule, AlertKind::Trouble, Unit::Count, Span::default(), Span::default());
            self.reading(&of, key, well(), None, now)
        };
        gone.into_iter().filter_map(end).collect()
    }
}

/// What a rule on attacks measures: a country at an endpoint, an endpoint, or everything.
fn attacked(by: By, endpoint: Arc<str>, country: Option<Country>) -> Key {
    match by {
        By::All => Key::default(),
        By::Endpoint => Key { endpoint: Some(endpoint), ..Key::default() },
        By::Country | By::Range => Key { endpoint: Some(endpoint), country, ..Key::default() },
    }
}

fn measure(rule: &Rule, key: &Key, volumes: &mut Volumes, footprints: &mut Footprints, now: Timestamp) -> Measured {
    let tally = |volumes: &mut Volumes, young| volumes.tally(key, rule.per, young, now);
    match rule.kind {
        AlertKind::Attack => over(attack_size(rule, key, footprints, now), rule.warn, rule.critical),
        AlertKind::Messages | AlertKind::Money => {
            let tally = tally(volumes, Span::default());
            let value = volume(rule.kind, &tally);
            if rule.against == Against::Fixed {
                return if u64::from(tally.sent) < rule.min {
                    few(value)
                } else {
                    over(value, rule.warn, rule.critical)
                };
            }
            let usual = volumes.history.get(key).and_then(|history| usual(rule, history, now));
            let Some(usual) = usual.filter(|_| u64::from(tally.sent) >= rule.min) else { return few(value) };
            // A multiple of next to nothing is nothing.
            let times = |factor: Option<f64>| factor.map(|factor| (factor * usual).max(usual + 4.0 * usual.sqrt()));
            over(value, times(rule.warn), times(rule.critical))
        }
        AlertKind::Conversion => {
            let of = tally(volumes, VERIFY_TIME);
            let seen = volumes.tally(key, Span::hours(24), Span::default(), now).verified > 0;
            if !seen || u64::from(of.sent) < rule.min { few(1.0) } else { under(of.verified, of.sent, rule) }
        }
        AlertKind::Undelivered => {
            let of = tally(volumes, REPORT_TIME);
            share(of.undelivered, of.sent, rule)
        }
        AlertKind::Refused => {
            let of = tally(volumes, Span::default());
            share(of.stopped, of.judged, rule)
        }
        AlertKind::Budget | AlertKind::Trouble => few(0.0),
    }
}

fn attack_size(rule: &Rule, key: &Key, footprints: &mut Footprints, now: Timestamp) -> f64 {
    let of_key = |(endpoint, country): &(Arc<str>, Option<Country>)| {
        let place = attacked(By::Country, Arc::clone(endpoint), *country);
        if rule.by == By::Country { place == *key } else { key.covers(&place) }
    };
    let places: Vec<_> = footprints.places(now).into_iter().filter(|place| of_key(place)).collect();
    let sizes = places.iter().map(|(endpoint, country)| footprints.size(endpoint, *country, rule.per, now));
    number(sizes.sum())
}

fn volume(kind: AlertKind, tally: &Tally) -> f64 {
    if kind == AlertKind::Money { Money::micros(tally.micros).as_units() } else { f64::from(tally.sent) }
}

fn usual(rule: &Rule, history: &History, now: Timestamp) -> Option<f64> {
    let of = |counts: &(u32, u64)| match rule.kind {
        AlertKind::Money => Money::micros(counts.1).as_units(),
        _ => f64::from(counts.0),
    };
    if rule.per > Span::hours(1) {
        return history.usual_day(now, of).map(|day| day * number(rule.per.as_millis()) / 86_400_000.0);
    }
    history.usual_hour(now, of).map(|hour| hour * number(rule.per.as_millis()) / 3_600_000.0)
}

/// A value that should be small.
fn over(value: f64, warn: Option<f64>, critical: Option<f64>) -> Measured {
    let reaches = |threshold: Option<f64>| threshold.filter(|threshold| value >= *threshold);
    let lowest = [warn, critical].into_iter().flatten().fold(f64::INFINITY, f64::min);
    let (reading, limit) = match (reaches(critical), reaches(warn)) {
        (Some(limit), _) => (Reading::Over(Severity::Critical), limit),
        (None, Some(limit)) => (Reading::Over(Severity::Warn), limit),
        (None, None) if value >= lowest * CLEAR => (Reading::Near, lowest),
        (None, None) => (Reading::Well, lowest),
    };
    Measured { reading, value, limit }
}

/// A share that should be small, and surely isn't.
fn share(part: u32, whole: u32, rule: &Rule) -> Measured {
    let value = f64::from(part) / f64::from(whole.max(1));
    if u64::from(whole) < rule.min {
        return few(value);
    }
    let (surely, _) = bounds(part, whole);
    let told = over(surely, rule.warn, rule.critical);
    Measured {
        value,
        reading: if told.reading == Reading::Well { over(value, rule.warn, None).at_most_near() } else { told.reading },
        ..told
    }
}

/// A share that should be large, and surely isn't.
fn under(part: u32, whole: u32, rule: &Rule) -> Measured {
    let value = f64::from(part) / f64::from(whole.max(1));
    let (_, at_most) = bounds(part, whole);
    let below = |threshold: Option<f64>| threshold.filter(|threshold| at_most <= *threshold);
    let highest = [rule.warn, rule.critical].into_iter().flatten().fold(0.0, f64::max);
    let (reading, limit) = match (below(rule.critical), below(rule.warn)) {
        (Some(limit), _) => (Reading::Over(Severity::Critical), limit),
        (None, Some(limit)) => (Reading::Over(Severity::Warn), limit),
        (None, None) if value * CLEAR <= highest => (Reading::Near, highest),
        (None, None) => (Reading::Well, highest),
    };
    Measured { reading, value, limit }
}

impl<'a> Of<'a> {
    /// An alert without a rule of its own: told at once.
    fn own(rule: &'a Arc<str>, kind: AlertKind, unit: Unit, per: Span, keep: Span) -> Self {
        Self { rule, kind, sustain: Span::default(), keep, unit, per }
    }
}

impl Measured {
    fn at_most_near(&self) -> Reading {
        if self.reading == Reading::Well { Reading::Well } else { Reading::Near }
    }
}

/// Too few to say anything.
fn few(value: f64) -> Measured {
    Measured { reading: Reading::Well, value, limit: 0.0 }
}

fn well() -> Measured {
    few(0.0)
}

/// Between which a share surely lies: Wilson's interval.
fn bounds(part: u32, whole: u32) -> (f64, f64) {
    let (part, whole) = (f64::from(part.min(whole)), f64::from(whole.max(1)));
    let (share, z2) = (part / whole, SURE * SURE);
    let middle = (share + z2 / (2.0 * whole)) / (1.0 + z2 / whole);
    let half = SURE * (share * (1.0 - share) / whole + z2 / (4.0 * whole * whole)).sqrt() / (1.0 + z2 / whole);
    (middle - half, middle + half)
}

fn unit(kind: AlertKind) -> Unit {
    match kind {
        AlertKind::Attack => Unit::Requests,
        AlertKind::Messages | AlertKind::Budget => Unit::Messages,
        AlertKind::Money => Unit::Money,
        AlertKind::Conversion | AlertKind::Undelivered | AlertKind::Refused => Unit::Share,
        AlertKind::Trouble => Unit::Count,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count for people; exact to 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
