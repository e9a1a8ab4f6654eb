//! The names for rules: an attempt's facts, the time, the counts of limits, and what the engine thinks of it.

use std::borrow::Cow;

use super::facts::{self, ENTRIES, fact, one_of, within};
use super::list::{Asked, List};
use super::vocabulary::{Argument, Entry, EntryKind, Type, Vocabulary};
use super::{Names, Value};
use crate::domain::{Facts, Rung, Timestamp, Trust};

/// Everything that a rule can ask for. Signals are those from before any rule had its say.
pub static RULES: Vocabulary = Vocabulary { about: "a rule", entries: &ALL };

/// A name that only rules have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Phone,
    Hour,
    Weekday,
    PageSeen,
    Trust,
    Heat,
    Pressure,
    Prior,
    Score,
    Rung,
    Proven,
    Count,
}

const ORDER: [Signal; 12] = [
    Signal::Phone,
    Signal::Hour,
    Signal::Weekday,
    Signal::PageSeen,
    Signal::Trust,
    Signal::Heat,
    Signal::Pressure,
    Signal::Prior,
    Signal::Score,
    Signal::Rung,
    Signal::Proven,
    Signal::Count,
];

const WEEKDAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const RUNGS: &[&str] = &["none", "pow", "captcha", "block"];
const TRUSTS: &[&str] = &["unknown", "known_phone", "known_client", "owner"];

const SIGNALS: [Entry; ORDER.len()] = [
    fact("phone", Type::Phone, "The phone, for lists: phone in lists.vip; has(phone) asks whether there is one."),
    within(0, 23, "time.hour", Type::Int, "Hour of the day, 0 to 23, at the offset of `rules_zone`."),
    one_of("time.weekday", WEEKDAYS, "mon, tue, wed, thu, fri, sat or sun, at the offset of `rules_zone`."),
    fact("client.page_seen", Type::Bool, "Whether its address loaded any page through sendwall lately."),
    one_of("trust", TRUSTS, "What its client has shown before: unknown, known_phone, known_client or owner."),
    fact("heat", Type::Float, "Of its hottest cell at the first rung; a stranger's closes at 1."),
    fact("pressure", Type::Float, "Of the surge that it is part of; 1 closes the first rung."),
    within(0, 1, "prior", Type::Float, "What it looks like, 0 to 1 of heat."),
    within(0, 100, "score", Type::Int, "0 to 100 by heat, pressure and prior; a stranger's first rung closes at 50."),
    one_of("rung", RUNGS, "Where the ladder would leave it without rules: none, pow, captcha or block."),
    one_of("proven", RUNGS, "What it has proven so far: none, pow or captcha."),
    Entry {
        kind: EntryKind::Function(Argument::Limit),
        ..fact(
            "count",
            Type::Int,
            "What a limit has counted of it, itself included: count(\"phone-60s\"). Up to max = 32, and with distinct, never more than max + 1.",
        )
    },
];

const ALL: [Entry; SLOTS] = {
    let mut all = [ENTRIES[0]; SLOTS];
    let mut index = 0;
    while index < SLOTS {
        all[index] = if index < FACTS { ENTRIES[index] } else { SIGNALS[index - FACTS] };
        index += 1;
    }
    all
};

const FACTS: usize = ENTRIES.len();
/// One for each name; the last is `count`, which has places of its own.
pub(super) const SLOTS: usize = FACTS + SIGNALS.len();
/// Where `count` stands.
pub(super) const COUNT: usize = SLOTS - 1;
/// Most limits whose counts one set of rules asks for.
pub(super) const COUNTS: usize = 32;

/// What the engine thinks of an attempt before rules have their say.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Signals {
    /// What its client has shown before.
    pub trust: Trust,
    /// Of its hottest cell at the first rung.
    pub heat: f32,
    /// Of the surge that it is part of.
    pub pressure: f32,
    /// What it looks like.
    pub prior: f32,
    /// 0 to 100.
    pub score: u8,
    /// Where the ladder would leave it.
    pub rung: Rung,
    /// What it has proven.
    pub proven: Rung,
    /// Whether its address loaded a page.
    pub page_seen: bool,
}

/// A fixed distance from UTC, east is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Zone {
    /// Minutes.
    pub minutes: i32,
}

/// An attempt as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What it says.
    pub facts: &'a Facts,
    /// What the engine thinks of it.
    pub signals: Signals,
    /// For hours and weekdays.
    pub zone: Zone,
    /// What limits have counted, in the order of the set's `counts`.
    pub counts: &'a [Option<u32>],
}

/// The values of names in one evaluation, found by their places.
#[derive(Debug)]
pub struct Frame<'a> {
    /// The last place, of `count`, stays empty.
    pub(super) slots: [Value<'a>; SLOTS],
    pub(super) counts: [Option<u32>; COUNTS],
    /// Of texts that rules compare with fixed ones: which of these it is.
    pub(super) symbols: [u32; SLOTS],
    facts: Option<&'a Facts>,
    /// Where there are no facts but given values (see [`Frame::given`]).
    ip: Option<std::net::IpAddr>,
    phone: Option<crate::privacy::Pseudonym>,
}

impl<'a> Frame<'a> {
    /// With the values of the names whose bits `used` has.
    pub(super) fn of(situation: &Situation<'a>, used: u64) -> Self {
        let mut frame = Self::empty();
        frame.facts = Some(situation.facts);
        let mut bits = used & !(1 << COUNT);
        while bits != 0 {
            let slot = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            frame.slots[slot] = match facts::ORDER.get(slot) {
                Some(fact) => fact.read(situation.facts),
                None => signal(ORDER[slot - FACTS], situation),
            };
        }
        for (place, count) in frame.counts.iter_mut().zip(situation.counts) {
            *place = *count;
        }
        frame
    }

    fn empty() -> Self {
        Self {
            slots: [const { Value::Missing }; SLOTS],
            counts: [None; COUNTS],
            symbols: [0; SLOTS],
            facts: None,
            ip: None,
            phone: None,
        }
    }

    /// Of given values in place of an attempt's: what isn't given is missing. For cases and tests.
    pub fn given() -> Self {
        Self::empty()
    }

    /// Gives the value of a name; true where there is such a name.
    pub fn give(&mut self, name: &str, value: Value<'a>) -> bool {
        let slot = RULES.position(name).filter(|slot| *slot != COUNT);
        if name == "ip"
            && let Value::Text(text) = &value
        {
            self.ip = text.parse().ok();
        }
        if let Some(slot) = slot {
            self.slots[slot] = value;
        }
        slot.is_some()
    }

    /// Gives the phone.
    pub fn give_phone(&mut self, phone: crate::privacy::Pseudonym) {
        self.phone = Some(phone);
        self.give("phone", Value::Bool(true));
    }

    /// Gives what a limit has counted, by its place in the set's `counts`.
    pub fn give_count(&mut self, place: usize, count: u32) {
        if let Some(kept) = self.counts.get_mut(place) {
            *kept = Some(count);
        }
    }

    /// What a list is asked for by the name at `slot`.
    pub(super) fn asked(&self, slot: usize) -> Asked<'_> {
        match (RULES.entries[slot].name, self.facts) {
            ("ip", Some(facts)) => Asked::Address(facts.client.address.ip),
            ("ip", None) => self.ip.map_or(Asked::Nothing, Asked::Address),
            ("phone", Some(facts)) => facts.phone().map_or(Asked::Nothing, |phone| Asked::Phone(phone.id)),
            ("phone", None) => self.phone.map_or(Asked::Nothing, Asked::Phone),
            ("phone.range", Some(facts)) => facts.phone().map_or(Asked::Nothing, |phone| Asked::Range(phone.range)),
            ("phone.range", None) => match &self.slots[slot] {
                Value::Text(range) => {
                    let digits = range.trim_start_matches('+').parse();
                    digits.map_or(Asked::Nothing, |digits| Asked::Range(crate::domain::Range::new(digits)))
                }
                _ => Asked::Nothing,
            },
            _ => match &self.slots[slot] {
                Value::Int(number) => Asked::Asn(*number),
                Value::Text(text) => Asked::Text(text),
                _ => Asked::Nothing,
            },
        }
    }
}

/// A frame with the lists and the names of limits: what the checked tree, which explains, asks for.
#[derive(Debug)]
pub(super) struct Explained<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) lists: &'a [List],
    pub(super) counts: &'a [std::sync::Arc<str>],
}

impl Names for Explained<'_> {
    fn value(&self, name: &'static str, argument: Option<&str>) -> Value<'_> {
        match (RULES.position(name), argument) {
            (Some(COUNT), Some(limit)) => {
                let place = self.counts.iter().position(|known| **known == *limit);
                let count = place.and_then(|place| self.frame.counts.get(place).copied().flatten());
                count.map_or(Value::Missing, |count| Value::Int(count.into()))
            }
            (Some(slot), _) => self.frame.slots[slot].clone(),
            (None, _) => Value::Missing,
        }
    }

    fn is_in(&self, name: &'static str, list: &str) -> bool {
        let list = self.lists.iter().find(|known| *known.name == *list);
        let slot = RULES.position(name);
        list.zip(slot).is_some_and(|(list, slot)| list.members.holds(self.frame.asked(slot)))
    }
}

fn signal<'a>(signal: Signal, situation: &Situation<'a>) -> Value<'a> {
    let Signals { trust, heat, pressure, prior, score, rung, proven, page_seen } = situation.signals;
    let name =
        |names: &'static [&'static str], at: usize| Value::Text(Cow::Borrowed(names.get(at).copied().unwrap_or("")));
    match signal {
        Signal::Phone => situation.facts.phone().map_or(Value::Missing, |_| Value::Bool(true)),
        Signal::Hour => Value::Int(situation.zone.hour(situation.facts.at)),
        Signal::Weekday => name(WEEKDAYS, situation.zone.weekday(situation.facts.at)),
        Signal::PageSeen => Value::Bool(page_seen),
        Signal::Trust => name(TRUSTS, trust as usize),
        Signal::Heat => Value::Float(heat.into()),
        Signal::Pressure => Value::Float(pressure.into()),
        Signal::Prior => Value::Float(prior.into()),
        Signal::Score => Value::Int(score.into()),
        Signal::Rung => name(RUNGS, rung as usize),
        Signal::Proven => name(RUNGS, proven as usize),
        Signal::Count => Value::Missing,
    }
}

impl Zone {
    /// From `+HH:MM` or `-HH:MM`, at most 14 hours.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let two = |part: &str, most: i32| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|number: &i32| digits && *number <= most)
        };
        Some(Self { minutes: sign * (two(hours, 14)? * 60 + two(minutes, 59)?) })
    }

    fn local_minutes(self, at: Timestamp) -> i64 {
        i64::try_from(at.unix_ms() / 60_000).unwrap_or(0) + i64::from(self.minutes)
    }

    fn hour(self, at: Timestamp) -> i64 {
        self.local_minutes(at).rem_euclid(24 * 60) / 60
    }

    /// 0 is Monday. The first of January 1970 was a Thursday.
    fn weekday(self, at: Timestamp) -> usize {
        let days = self.local_minutes(at).div_euclid(24 * 60);
        usize::try_from((days + 3).rem_euclid(7)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_weekdays_are_those_of_the_zone() {
        let at = Timestamp::from_rfc3339("2026-11-20T23:30:00Z").unwrap(); // a Friday
        for (zone, hour, weekday) in [("+00:00", 23, "fri"), ("+01:00", 0, "sat"), ("-05:30", 18, "fri")] {
            let zone = Zone::parse(zone).unwrap();
            assert_eq!((zone.hour(at), WEEKDAYS[zone.weekday(at)]), (hour, weekday));
        }
        for bad in ["", "Z", "01:00", "+1:00", "+15:00", "+01:60", "+0100", "+é1:00", "+-1:00"] {
            assert_eq!(Zone::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_name_fits_its_bit_and_facts_come_first() {
        const { assert!(SLOTS <= 64, "one bit of a word for each name") };
        assert_eq!(RULES.entries[COUNT].name, "count");
        for (index, entry) in super::super::FACTS.entries.iter().enumerate() {
            assert_eq!(RULES.entries[index].name, entry.name);
        }
    }
}
