//! `[budget]`: what may be spent in an hour and a day.

use super::reader::Section;
use super::source::Fault;
use super::values;
use crate::budget::{Caps, Measure, Policy};
use crate::domain::{Mode, Money};
use crate::gate::Endpoint;

const MOST_MESSAGES: u64 = 1_000_000_000;
const MOST_MONEY: f32 = 1e9;

/// Reads `[budget]`, `[budget.each_country]` and every `[[budget.country]]`.
pub(super) fn read(root: &mut Section<'_>, endpoints: &[Endpoint]) -> Policy {
    root.table("budget", |section| {
        let default = Policy::default();
        let mut policy = Policy {
            soft: share(section, "soft", default.soft),
            reserve: share(section, "reserve", default.reserve),
            home: section.list("home", values::country).unwrap_or_default(),
            all: caps(section),
            each_country: section.table("each_country", caps),
            ..default
        };
        let countries = section.tables("country", |section| {
            section.require("name", "two letters, such as name = \"UZ\"");
            let name = section.parsed("name", values::country);
            let caps = caps(section);
            if !caps.is_set() {
                section.warning("", Fault::new("a country without a cap of its own changes nothing"));
            }
            Some((name?, caps))
        });
        for (name, caps) in countries {
            if policy.countries.insert(name, caps).is_some() {
                section.error("country", Fault::new(format!("{name} has two budgets")));
            }
        }
        check(section, &policy, endpoints);
        policy
    })
}

/// What can't be meant: parts of nothing, and budgets that nothing enforces.
fn check(section: &Section<'_>, policy: &Policy, endpoints: &[Endpoint]) {
    if !policy.is_set() {
        return;
    }
    if policy.reserve >= 1.0 {
        let fault = Fault::new("all of each budget is kept for known users, so no new user ever gets a code");
        section.warning("reserve", fault.hint("leave strangers a part, such as reserve = 0.2"));
    }
    nothing_left(section, policy);
    for (hour, day) in
        [(Measure::MessagesPerHour, Measure::MessagesPerDay), (Measure::MoneyPerHour, Measure::MoneyPerDay)]
    {
        if policy.all.of(hour).zip(policy.all.of(day)).is_some_and(|(hour, day)| hour > day) {
            let fault = Fault::new(format!("{} is larger than {}, so it never speaks", hour.name(), day.name()));
            section.warning(hour.name(), fault);
        }
    }
    if endpoints.iter().all(|endpoint| endpoint.policy.mode == Mode::Monitor) {
        let fault = Fault::new("every endpoint is in monitor mode, so budgets only tell");
        section.warning("", fault.hint("set mode = \"enforce\" where they should stop"));
    }
}

/// A cap of which the reserve leaves nothing refuses every stranger without a word.
fn nothing_left(section: &Section<'_>, policy: &Policy) {
    let scopes = [policy.all, policy.each_country].into_iter().chain(policy.countries.values().copied());
    for (caps, measure) in scopes.flat_map(|caps| Measure::ALL.map(|measure| (caps, measure))) {
        if let Some(cap) = caps.of(measure).filter(|cap| *cap > 0 && policy.reserve < 1.0)
            && policy.hard(cap, false) == 0
        {
            let (name, cap) = (measure.name(), measure.units(cap));
            let fault =
                Fault::new(format!("of {name} = {cap} it leaves nothing: new users outside `home` are all refused"));
            section.warning("reserve", fault.hint("raise the cap, or lower `reserve`"));
        }
    }
}

fn caps(section: &mut Section<'_>) -> Caps {
    let mut caps = Caps::default();
    for measure in Measure::ALL {
        let cap = if measure.is_money() {
            section.number(measure.name(), 0.0..=MOST_MONEY).and_then(micros)
        } else {
            section.integer(measure.name(), 0..=MOST_MESSAGES)
        };
        if let Some(cap) = cap {
            caps.set(measure, cap);
        }
    }
    caps
}

/// The decimal that was written, not the binary fraction next to it.
fn micros(units: f32) -> Option<u64> {
    Money::from_units(units.to_string().parse().ok()?).map(Money::as_micros)
}

fn share(section: &mut Section<'_>, key: &'static str, default: f64) -> f64 {
    let share = section.number(key, 0.0..=1.0);
    share.and_then(|share| share.to_string().parse().ok()).unwrap_or(default)
}
