//! Counts to findings: every rule held against every key that something was counted of. Pure: `now` is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::detect_attack::Footprints;
use super::detect_measure::{Measured, VERIFY_TIME, attacked, has_enough, is_drought, measure, over, unit, well};
use super::key::Key;
use super::settings::{By, Rule, Settings};
use super::threshold::{Change, Level, Reading};
use super::volume::Volumes;
use super::{AlertKind, Severity, Unit, Value};
use crate::budget::Use;
use crate::domain::{Country, Span, Timestamp};

/// Messages of an hour without any outcome in a day that make blindness.
const BLIND: u32 = 30;
/// How full a budget is when the next message hardly fits.
const FULL: f64 = 0.99;
/// Missing verifications of a country that make an outage.
const OUTAGE: [f64; 2] = [0.3, 0.6];
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
    /// By rule; none of them is empty.
    levels: BTreeMap<Arc<str>, BTreeMap<Key, Level>>,
}

impl Detector {
    /// Goes on with an alert that was told before a restart.
    pub(super) fn resume(&mut self, rule: Arc<str>, key: Key, severity: Severity) {
        self.levels.entry(rule).or_default().insert(key, Level::fired(severity));
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
            let of = Of {
                rule: &rule.name,
                kind: rule.kind,
                sustain: rule.sustain,
                keep: rule.keep_firing_for,
                unit: unit(rule.kind),
                per: rule.per,
            };
            let further = self.further(rule, footprints, now);
            let counted = touched.iter().filter(|key| rule.kind != AlertKind::Attack && key.by() == rule.by);
            let is_well = further.is_empty();
            let mut look = |key: &Key| {
                if is_well && !has_enough(rule, key, volumes, now) {
                    return;
                }
                let measured = measure(rule, key, volumes, footprints, now);
                let text =
                    |key: &Key, value: &Value| (rule.kind == AlertKind::Refused).then(|| refused(key, value, volumes));
                found.extend(self.reading(&of, key, measured, text, now));
            };
            if is_well {
                counted.for_each(&mut look);
            } else {
                counted.chain(&further).collect::<BTreeSet<_>>().into_iter().for_each(&mut look);
            }
        }
        found.extend(self.outages(outside, volumes, now));
        found.extend(self.budgets(outside, now));
        found.extend(self.troubles(outside, &touched, volumes, now));
        found.extend(self.forgotten(settings, now));
        found
    }

    /// What a rule looks at beside what something was counted of: attacks, and what is not well yet.
    fn further(&self, rule: &Rule, footprints: &Footprints, now: Timestamp) -> Vec<Key> {
        let attacks = if rule.kind == AlertKind::Attack { footprints.places(now) } else { Vec::new() };
        let attacked = attacks.into_iter().map(|(endpoint, country)| attacked(rule.by, endpoint, country));
        attacked.chain(self.active(&rule.name)).collect()
    }

    /// What a rule holds to be not well yet, in order.
    fn active(&self, rule: &str) -> impl Iterator<Item = Key> {
        self.levels.get(rule).into_iter().flat_map(BTreeMap::keys).cloned()
    }

    fn reading(
        &mut self,
        of: &Of<'_>,
        key: &Key,
        measured: Measured,
        text: impl FnOnce(&Key, &Value) -> Option<String>,
        now: Timestamp,
    ) -> Option<Finding> {
        let Of { rule, kind, sustain, keep, unit, per } = *of;
        let known = self.levels.get(rule).and_then(|levels| levels.get(key)).copied();
        if known.is_none() && !matches!(measured.reading, Reading::Over(_)) {
            return None;
        }
        let mut level = known.unwrap_or_default();
        let before = level.firing();
        let change = level.step(measured.reading, sustain, keep, now);
        let severity = level.firing().or(before);
        self.keep(rule, key, level);
        let severity = severity.filter(|_| change != Change::Quiet)?;
        let value = Value { value: measured.value, limit: measured.limit, unit, per_ms: per.as_millis() };
        let (key, text) = (key.clone(), text(key, &value));
        Some(Finding { rule: Arc::clone(rule), kind, key, severity, change, value, text })
    }

    fn keep(&mut self, rule: &Arc<str>, key: &Key, level: Level) {
        if !level.is_idle() {
            self.levels.entry(Arc::clone(rule)).or_default().insert(key.clone(), level);
        } else if let Some(levels) = self.levels.get_mut(rule) {
            levels.remove(key);
            if levels.is_empty() {
                self.levels.remove(rule);
            }
        }
    }

    fn outages(&mut self, outside: &Outside, volumes: &mut Volumes, now: Timestamp) -> Vec<Finding> {
        let rule: Arc<str> = "outage".into();
        let mut missing: BTreeMap<Key, f64> = self.active(&rule).map(|key| (key, 0.0)).collect();
        for (country, share) in &outside.outages {
            let key = Key::country(*country);
            let share = f64::from(*share);
            if share < OUTAGE[0] && !missing.contains_key(&key) {
                continue;
            }
            if is_drought(volumes, &key, OUTAGE[0], now) {
                missing.insert(key, share);
            }
        }
        let found = missing.into_iter().filter_map(|(key, share)| {
            let measured = over(share, Some(OUTAGE[0]), Some(OUTAGE[1]));
            let of = Of::own(&rule, AlertKind::Undelivered, Unit::Share, Span::default(), KEEP);
            let of = Of { sustain: Span::minutes(2), ..of };
            let missing = share * 100.0;
            let text = |key: &Key, _: &Value| {
                Some(format!("{missing:.0} % of the verifications of {key} are missing for everyone"))
            };
            self.reading(&of, &key, measured, text, now)
        });
        found.collect()
    }

    fn budgets(&mut self, outside: &Outside, now: Timestamp) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for used in &outside.budgets {
            let rule: Arc<str> = format!("budget-{}", used.name.measure.name()).into();
            let key = used.name.country.map_or_else(Key::default, Key::country);
            let measured =
                Measured { limit: used.bound, value: used.used, ..over(used.share(), Some(outside.soft), Some(FULL)) };
            let measure = used.name.measure;
            let unit = if measure.is_money() { Unit::Money } else { Unit::Messages };
            let text = |_: &Key, _: &Value| Some(format!("budget {}: {} of {} spent", used.name, used.used, used.max));
            let of = Of::own(&rule, AlertKind::Budget, unit, measure.per(), BRIEFLY);
            found.extend(self.reading(&of, &key, measured, text, now));
            seen.insert((rule, key));
        }
        let names = self.names(|rule| rule.starts_with("budget-"));
        for (rule, key) in names.into_iter().filter(|name| !seen.contains(name)) {
            let of = Of::own(&rule, AlertKind::Budget, Unit::Messages, Span::default(), BRIEFLY);
            found.extend(self.reading(&of, &key, well(), no_text, now));
        }
        found
    }

    fn troubles(&mut self, outside: &Outside, touched: &[Key], volumes: &mut Volumes, now: Timestamp) -> Vec<Finding> {
        let rule: Arc<str> = "trouble".into();
        let mut parts: BTreeMap<Key, (Measured, Option<String>)> =
            self.active(&rule).map(|key| (key, (well(), None))).collect();
        for trouble in &outside.troubles {
            let reading = Reading::Over(trouble.severity);
            let measured = Measured { reading, value: trouble.count, limit: 1.0 };
            parts.insert(Key::part(trouble.part), (measured, Some(trouble.text.clone())));
        }
        for key in touched.iter().filter(|key| key.by() == By::Endpoint) {
            let is_blind = volumes.tally(key, Span::hours(24), Span::default(), now).verified == 0;
            let sent = if is_blind { volumes.tally(key, Span::hours(1), VERIFY_TIME, now).sent } else { 0 };
            if sent >= BLIND {
                let text = format!("no outcome of any code of {key} was seen in 24 h: evidence sees nothing");
                let reading = Reading::Over(Severity::Warn);
                let measured = Measured { reading, value: f64::from(sent), limit: f64::from(BLIND) };
                parts.insert(Key { part: Some("outcomes".into()), ..key.clone() }, (measured, Some(text)));
            }
        }
        let of = Of::own(&rule, AlertKind::Trouble, Unit::Count, Span::default(), BRIEFLY);
        let found = parts.into_iter();
        found.filter_map(|(key, (measured, text))| self.reading(&of, &key, measured, |_, _| text, now)).collect()
    }

    /// Alerts whose rules a reload took away end.
    fn forgotten(&mut self, settings: &Settings, now: Timestamp) -> Vec<Finding> {
        let has_rule = |rule: &str| {
            settings.rules.iter().any(|known| *known.name == *rule)
                || rule.starts_with("budget-")
                || ["outage", "trouble"].contains(&rule)
        };
        let gone = self.names(|rule| !has_rule(rule));
        let end = |(rule, key): (Arc<str>, Key)| {
            let of = Of::own(&rule, AlertKind::Trouble, Unit::Count, Span::default(), Span::default());
            self.reading(&of, &key, well(), no_text, now)
        };
        gone.into_iter().filter_map(end).collect()
    }

    /// What is not well yet, of the rules that `which` says yes to.
    fn names(&self, which: impl Fn(&str) -> bool) -> Vec<(Arc<str>, Key)> {
        let rules = self.levels.iter().filter(|(rule, _)| which(rule));
        rules.flat_map(|(rule, levels)| levels.keys().map(move |key| (Arc::clone(rule), key.clone()))).collect()
    }
}

/// What was measured, in a sentence.
pub(super) fn sentence(kind: AlertKind, of: &Key, value: &Value) -> String {
    format!("{} of {of}: {value}", kind.name())
}

/// Of requests that were refused, or would have been.
fn refused(key: &Key, value: &Value, volumes: &Volumes) -> String {
    let through = if volumes.lets_through(key) { ", but monitor mode lets all through" } else { "" };
    sentence(AlertKind::Refused, key, value) + through
}

/// What the value says already.
fn no_text(_: &Key, _: &Value) -> Option<String> {
    None
}

impl<'a> Of<'a> {
    /// An alert without a rule of its own: told at once.
    fn own(rule: &'a Arc<str>, kind: AlertKind, unit: Unit, per: Span, keep: Span) -> Self {
        Self { rule, kind, sustain: Span::default(), keep, unit, per }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::volume::Tally;
    use crate::domain::Mode;

    #[test]
    fn what_monitor_mode_lets_through_is_not_told_as_refused() {
        let at = Timestamp::from_unix_ms(1_795_197_600_000);
        for (login, other, told) in [
            (Mode::Enforce, Mode::Monitor, "refused of login: 100 % in 10m (limit 60 %)"),
            (
                Mode::Monitor,
                Mode::Enforce,
                "refused of login: 100 % in 10m (limit 60 %), but monitor mode lets all through",
            ),
        ] {
            let (mut volumes, mut footprints) = (Volumes::default(), Footprints::default());
            let tally = Tally { judged: 100, stopped: 100, ..Tally::default() };
            volumes.judged((&"login".into(), login), None, at, &tally);
            volumes.judged((&"other".into(), other), None, at, &Tally { judged: 1, ..Tally::default() });
            let mut settings = Settings::default();
            settings.rules.retain(|rule| rule.kind == AlertKind::Refused);
            settings.rules[0].sustain = Span::default();
            let now = at + Span::seconds(5);
            let found = Detector::default().step(&settings, &mut volumes, &mut footprints, &Outside::default(), now);
            let texts: Vec<_> = found.iter().filter_map(|finding| finding.text.as_deref()).collect();
            assert_eq!(texts, [told]);
        }
    }
}
