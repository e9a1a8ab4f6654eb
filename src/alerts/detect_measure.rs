//! One rule's value of one key at a moment, against its thresholds. Pure.

use std::sync::Arc;

use super::baseline::History;
use super::detect_attack::{Footprints, Place};
use super::key::Key;
use super::settings::{Against, By, Rule};
use super::threshold::{CLEAR, Reading};
use super::volume::{Tally, Volumes};
use super::{AlertKind, Severity, Unit};
use crate::domain::{Country, Money, Span, Timestamp};

/// Codes younger than this may still be verified.
pub(super) const VERIFY_TIME: Span = Span::minutes(3);
/// A slow attack's requests come by chance: some dozens in a quarter of an hour are now half as many again, now half. It is one
/// attack all the same.
const CLEAR_OF_ATTACKS: f64 = 0.5;
/// Reports of failures come later than messages.
const REPORT_TIME: Span = Span::minutes(1);
/// Standard errors by which a share must be over its threshold: it is looked at thousands of times a day.
const SURE: f64 = 3.5;

/// A value against its thresholds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) reading: Reading,
    pub(super) value: f64,
    pub(super) limit: f64,
}

/// What a rule on attacks measures: a country at an endpoint, an endpoint, or everything.
pub(super) fn attacked(by: By, endpoint: Arc<str>, country: Option<Country>) -> Key {
    match by {
        By::All => Key::default(),
        By::Endpoint => Key { endpoint: Some(endpoint), ..Key::default() },
        By::Country | By::Range => Key { endpoint: Some(endpoint), country, ..Key::default() },
    }
}

/// Whether enough may have been counted of a key for a rule to say more than [`few`]. Few keys have enough, and to add up
/// parts of windows is most of what measuring costs.
pub(super) fn has_enough(rule: &Rule, key: &Key, volumes: &mut Volumes, now: Timestamp) -> bool {
    let counted = volumes.at_most(key, rule.per, now);
    u64::from(if rule.kind == AlertKind::Refused { counted.judged } else { counted.sent }) >= rule.min
}

pub(super) fn measure(
    rule: &Rule,
    key: &Key,
    volumes: &mut Volumes,
    footprints: &mut Footprints,
    now: Timestamp,
) -> Measured {
    let tally = |volumes: &mut Volumes, young| volumes.tally(key, rule.per, young, now);
    match rule.kind {
        AlertKind::Attack => {
            over_until(attack_size(rule, key, footprints, now), (rule.warn, rule.critical), CLEAR_OF_ATTACKS)
        }
        AlertKind::Messages | AlertKind::Money => {
            let tally = tally(volumes, Span::default());
            let value = volume(rule.kind, &tally);
            let measured = if rule.against == Against::Fixed {
                over(value, rule.warn, rule.critical)
            } else {
                let usual = volumes.history.get(key).and_then(|history| usual(rule, history, now));
                let Some(usual) = usual else { return few(value, None) };
                // A multiple of next to nothing is nothing.
                let times = |factor: Option<f64>| factor.map(|factor| (factor * usual).max(usual + 4.0 * usual.sqrt()));
                over(value, times(rule.warn), times(rule.critical))
            };
            if u64::from(tally.sent) < rule.min { few(value, Some(measured.limit)) } else { measured }
        }
        AlertKind::Conversion => {
            let of = tally(volumes, VERIFY_TIME);
            let seen = volumes.tally(key, Span::hours(24), Span::default(), now).verified > 0;
            if !seen || u64::from(of.sent) < rule.min {
                few(1.0, rule.warn.or(rule.critical))
            } else {
                under(of.verified, of.sent, rule)
            }
        }
        AlertKind::Undelivered => {
            let of = tally(volumes, REPORT_TIME);
            share(of.undelivered, of.sent, rule)
        }
        AlertKind::Refused => {
            let of = tally(volumes, Span::default());
            share(of.stopped, of.judged, rule)
        }
        AlertKind::Budget | AlertKind::Trouble => well(),
    }
}

pub(super) fn attack_size(rule: &Rule, key: &Key, footprints: &mut Footprints, now: Timestamp) -> f64 {
    let of_key = |(endpoint, country): &Place| {
        key.covers_place(endpoint, *country) && (rule.by != By::Country || key.country == *country)
    };
    number(footprints.size(of_key, rule.per, now))
}

pub(super) fn volume(kind: AlertKind, tally: &Tally) -> f64 {
    if kind == AlertKind::Money { Money::micros(tally.micros).as_units() } else { f64::from(tally.sent) }
}

pub(super) fn usual(rule: &Rule, history: &History, now: Timestamp) -> Option<f64> {
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
pub(super) fn over(value: f64, warn: Option<f64>, critical: Option<f64>) -> Measured {
    over_until(value, (warn, critical), CLEAR)
}

/// The same, well again below the part `clear` of its threshold.
fn over_until(value: f64, (warn, critical): (Option<f64>, Option<f64>), clear: f64) -> Measured {
    let reaches = |threshold: Option<f64>| threshold.filter(|threshold| value >= *threshold);
    let lowest = [warn, critical].into_iter().flatten().fold(f64::INFINITY, f64::min);
    let (reading, limit) = match (reaches(critical), reaches(warn)) {
        (Some(limit), _) => (Reading::Over(Severity::Critical), limit),
        (None, Some(limit)) => (Reading::Over(Severity::Warn), limit),
        (None, None) if value >= lowest * clear => (Reading::Near, lowest),
        (None, None) => (Reading::Well, lowest),
    };
    Measured { reading, value, limit }
}

/// A share that should be small, and surely isn't.
pub(super) fn share(part: u32, whole: u32, rule: &Rule) -> Measured {
    let value = f64::from(part) / f64::from(whole.max(1));
    if u64::from(whole) < rule.min {
        return few(value, rule.warn.or(rule.critical));
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
pub(super) fn under(part: u32, whole: u32, rule: &Rule) -> Measured {
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

impl Measured {
    fn at_most_near(&self) -> Reading {
        if self.reading == Reading::Well { Reading::Well } else { Reading::Near }
    }
}

/// Too few to say anything. `limit` is what more would be held against, for what is retold of an incident.
pub(super) fn few(value: f64, limit: Option<f64>) -> Measured {
    Measured { reading: Reading::Well, value, limit: limit.unwrap_or_default() }
}

pub(super) fn well() -> Measured {
    few(0.0, None)
}

/// Over what verifications have to be missing.
const DROUGHT_OVER: [Span; 3] = [Span::minutes(5), Span::minutes(10), Span::minutes(20)];
/// What is younger may still be verified: three of four codes come back within this time.
const DROUGHT_YOUNG: Span = Span::minutes(1);

/// Whether this share of the verifications that the last day promises is surely missing, of late. Of the few messages of
/// a night's hour many stay unverified by chance, which is no news.
pub(super) fn is_drought(volumes: &mut Volumes, key: &Key, share: f64, now: Timestamp) -> bool {
    let day = volumes.tally(key, Span::hours(24), VERIFY_TIME, now);
    let promised = f64::from(day.verified) / f64::from(day.sent.max(1)) * (1.0 - share);
    DROUGHT_OVER.into_iter().any(|per| {
        let of_late = volumes.tally(key, per, DROUGHT_YOUNG, now);
        of_late.sent > 0 && bounds(of_late.verified, of_late.sent).1 <= promised
    })
}

/// Between which a share surely lies: Wilson's interval.
pub(super) fn bounds(part: u32, whole: u32) -> (f64, f64) {
    let (part, whole) = (f64::from(part.min(whole)), f64::from(whole.max(1)));
    let (share, z2) = (part / whole, SURE * SURE);
    let middle = (share + z2 / (2.0 * whole)) / (1.0 + z2 / whole);
    let half = SURE * (share * (1.0 - share) / whole + z2 / (4.0 * whole * whole)).sqrt() / (1.0 + z2 / whole);
    (middle - half, middle + half)
}

pub(super) fn unit(kind: AlertKind) -> Unit {
    match kind {
        AlertKind::Attack => Unit::Requests,
        AlertKind::Messages | AlertKind::Budget => Unit::Messages,
        AlertKind::Money => Unit::Money,
        AlertKind::Conversion | AlertKind::Undelivered | AlertKind::Refused => Unit::Share,
        AlertKind::Trouble => Unit::Count,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count for people; exact to 2^53")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Mode;

    #[test]
    fn a_rule_speaks_from_its_minimum_on_and_is_not_even_asked_before() {
        let (endpoint, at) = (Arc::from("login"), Timestamp::from_unix_ms(1_795_197_600_000));
        let kinds = [AlertKind::Messages, AlertKind::Conversion, AlertKind::Undelivered, AlertKind::Refused];
        for (kind, count) in kinds.into_iter().flat_map(|kind| [(kind, 24), (kind, 25)]) {
            let rule = Rule {
                name: "only".into(),
                kind,
                by: By::Endpoint,
                per: Span::minutes(15),
                against: Against::Fixed,
                warn: Some(0.5),
                critical: None,
                min: 25,
                sustain: Span::default(),
                keep_firing_for: Span::default(),
            };
            let (mut volumes, mut footprints) = (Volumes::default(), Footprints::default());
            let tally = Tally { judged: count, stopped: count, sent: count, verified: 1, ..Tally::default() };
            volumes.judged((&endpoint, Mode::Enforce), None, at, &Tally { undelivered: count - 1, ..tally });
            let (key, now) = (Key::endpoint(&endpoint), at + Span::minutes(5));
            let enough = has_enough(&rule, &key, &mut volumes, now);
            let measured = measure(&rule, &key, &mut volumes, &mut footprints, now);
            let speaks = matches!(measured.reading, Reading::Over(_));
            assert!((measured.limit - 0.5).abs() < 1e-9, "{kind:?} of {count}: an open incident is retold with it");
            assert_eq!((enough, speaks), (count >= 25, count >= 25), "{kind:?} of {count}");
        }
    }
}
