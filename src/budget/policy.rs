//! What may be spent, as the operator set it.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::{Country, Money, Span};

/// Every budget. Without a cap nothing is ever refused because of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Of everything together.
    pub all: Caps,
    /// Of each country that has none of its own.
    pub each_country: Caps,
    /// Of single countries; a cap that is missing here is that of `each_country`.
    pub countries: BTreeMap<Country, Caps>,
    /// Part of what strangers may spend from which they climb a rung, 0 to 1.
    pub soft: f64,
    /// Part of each cap that is kept for known users and home markets, 0 to 1.
    pub reserve: f64,
    /// Countries whose numbers may spend the reserve.
    pub home: Vec<Country>,
}

impl Default for Policy {
    fn default() -> Self {
        let (soft, reserve) = (0.8, 0.2);
        Self {
            all: Caps::default(),
            each_country: Caps::default(),
            countries: BTreeMap::new(),
            soft,
            reserve,
            home: Vec::new(),
        }
    }
}

impl Policy {
    /// Whether there is any cap.
    pub fn is_set(&self) -> bool {
        let of_country = || self.countries.values().any(Caps::is_set);
        self.all.is_set() || self.each_country.is_set() || of_country()
    }

    /// What may be spent in a country; in all where there is none.
    pub fn caps(&self, country: Option<Country>) -> Caps {
        let Some(country) = country else { return self.all };
        let own = self.countries.get(&country).copied().unwrap_or_default();
        own.or(&self.each_country)
    }

    /// How much of a cap an attempt may use.
    pub fn hard(&self, cap: u64, favoured: bool) -> u64 {
        if favoured { cap } else { part(cap, 1.0 - self.reserve) }
    }

    /// From where on strangers climb a rung.
    pub fn soft(&self, cap: u64) -> u64 {
        part(self.hard(cap, false), self.soft)
    }
}

/// The most of one scope. Money is in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Caps([Option<u64>; Measure::ALL.len()]);

impl Caps {
    /// One of them.
    pub fn of(&self, measure: Measure) -> Option<u64> {
        self.0[measure as usize]
    }

    /// Sets one of them.
    pub fn set(&mut self, measure: Measure, cap: u64) {
        self.0[measure as usize] = Some(cap);
    }

    /// Whether there is any.
    pub fn is_set(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    fn or(&self, other: &Self) -> Self {
        Self(Measure::ALL.map(|measure| self.of(measure).or_else(|| other.of(measure))))
    }
}

/// What is added up, and over what time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Messages in an hour.
    MessagesPerHour,
    /// Messages in 24 hours.
    MessagesPerDay,
    /// Money in an hour.
    MoneyPerHour,
    /// Money in 24 hours.
    MoneyPerDay,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 4] = [Self::MessagesPerHour, Self::MessagesPerDay, Self::MoneyPerHour, Self::MoneyPerDay];

    /// The key in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessagesPerHour => "messages_per_hour",
            Self::MessagesPerDay => "messages_per_day",
            Self::MoneyPerHour => "money_per_hour",
            Self::MoneyPerDay => "money_per_day",
        }
    }

    /// Its window.
    pub const fn per(self) -> Span {
        match self {
            Self::MessagesPerHour | Self::MoneyPerHour => Span::hours(1),
            Self::MessagesPerDay | Self::MoneyPerDay => Span::hours(24),
        }
    }

    /// Whether it adds up money.
    pub const fn is_money(self) -> bool {
        matches!(self, Self::MoneyPerHour | Self::MoneyPerDay)
    }

    /// A sum of it, in messages or in units of money.
    #[expect(clippy::cast_precision_loss, reason = "a number for people; exact to 2^53")]
    pub fn units(self, sum: u64) -> f64 {
        if self.is_money() { Money::micros(sum).as_units() } else { sum as f64 }
    }
}

/// Names a budget: its measure, and its country where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetName {
    /// What it adds up.
    pub measure: Measure,
    /// Where; `None`: in all.
    pub country: Option<Country>,
}

impl fmt::Display for BudgetName {
    /// `money_per_day`, `messages_per_hour of UZ`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.measure.name())?;
        self.country.map_or(Ok(()), |country| write!(f, " of {country}"))
    }
}

/// Rounded down. In whole millionths: a fifth of 5 is 1, however binary fractions write a fifth.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a million, and at most the whole")]
fn part(whole: u64, share: f64) -> u64 {
    let millionths = (share.clamp(0.0, 1.0) * 1e6).round() as u128;
    (u128::from(whole) * millionths / 1_000_000) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_the_decimal_says() {
        let policy = |reserve, soft| Policy { soft, reserve, ..Policy::default() };
        for (cap, reserve, soft, hard, from) in [
            (5, 0.8, 0.8, 1, 0),
            (10, 0.9, 1.0, 1, 1),
            (100, 0.7, 0.1, 30, 3),
            (1000, 0.2, 0.7, 800, 560),
            (3, 0.0, 1.0, 3, 3),
            (7, 1.0, 0.5, 0, 0),
            (u64::MAX, 0.0, 1.0, u64::MAX, u64::MAX),
        ] {
            let policy = policy(reserve, soft);
            assert_eq!((policy.hard(cap, false), policy.soft(cap)), (hard, from), "{cap} less {reserve}, {soft}");
            assert_eq!(policy.hard(cap, true), cap);
        }
    }
}
