//! Hard budgets: how many messages, and how much money, may go out in an hour and a day. A circuit breaker behind
//! everything else: when all other reasoning fails, this is what an attack costs at most.
//!
//! [`Budgets::reserve`] counts an attempt before its message goes out, if there is room in every budget that it falls
//! under, all of them under one lock: parallel attempts never spend more than a cap together. What came to nothing is
//! given back with [`Budgets::release`]. Where no budget is set, [`Budgets::count`] counts what went out, for the one that
//! may be set later.
//!
//! **How exact.** Windows are rings of 60 buckets a length whose oldest counts until it has left entirely: never over
//! the cap in any hour or day, and a message counts at most a minute (24 minutes for the day) too long.
//!
//! **Who is refused.** Strangers at the cap less the reserve, known users and home markets at the cap. Strangers climb a
//! rung from the soft value on.
//!
//! **Memory.** Two windows for all and two for each country that was sent to: 4 KiB each, some 250 countries.
//!
//! Must not know: requests, decisions, clocks.

mod policy;
mod saved;
mod window;

pub use policy::{BudgetName, Caps, Measure, Policy};
pub use window::{Counted, Window};

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::domain::{Country, Money, Timestamp};

/// Buckets of a window.
const BUCKETS: u32 = 60;

/// What was spent, as long as the process lives and, by its snapshot, beyond.
#[derive(Debug, Default)]
pub struct Budgets {
    spent: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    all: Spent,
    countries: BTreeMap<Country, Spent>,
    /// Counted up when counts are forgotten: what was reserved before isn't given back after.
    generation: u64,
    changes: u64,
}

/// One scope's windows.
#[derive(Clone, Debug)]
struct Spent {
    hour: Window<Amount>,
    day: Window<Amount>,
}

impl Default for Spent {
    fn default() -> Self {
        let window = |measure: Measure| Window::new(measure.per(), BUCKETS);
        Self { hour: window(Measure::MessagesPerHour), day: window(Measure::MessagesPerDay) }
    }
}

/// Messages and what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Amount {
    messages: u64,
    micros: u64,
}

impl Counted for Amount {
    fn add(&mut self, other: &Self) {
        self.messages = self.messages.saturating_add(other.messages);
        self.micros = self.micros.saturating_add(other.micros);
    }

    fn take(&mut self, other: &Self) {
        self.messages = self.messages.saturating_sub(other.messages);
        self.micros = self.micros.saturating_sub(other.micros);
    }
}

impl Amount {
    const fn of(&self, measure: Measure) -> u64 {
        if measure.is_money() { self.micros } else { self.messages }
    }
}

/// One message that is to go out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message {
    /// Where to.
    pub country: Option<Country>,
    /// What it costs.
    pub price: Money,
    /// When it was asked for.
    pub at: Timestamp,
    /// Whether a known user asks, so that the reserve is open.
    pub known: bool,
}

/// What is counted whatever the budgets say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Only what there is room for, below the soft value for strangers.
    BelowSoft,
    /// Only what there is room for.
    BelowHard,
    /// Everything: monitor mode.
    Always,
}

/// What the budgets say to an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// There is room.
    Free,
    /// There is, but a stranger has to climb a rung.
    Soft(Use),
    /// There is none.
    Full(Use, Timestamp),
}

/// How far a budget is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Use {
    /// Which.
    pub name: BudgetName,
    /// Messages or units of money in the window.
    pub used: f64,
    /// Its cap.
    pub max: f64,
    /// Where it ends for the one who asks: the cap, the cap less the reserve, or the soft value.
    pub bound: f64,
}

/// What was counted for an attempt; to be given back if nothing comes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reservation {
    message: Message,
    generation: u64,
}

impl Budgets {
    /// Asks every budget that the message falls under, and counts it in all of them or in none. The reservation is there
    /// where it was counted.
    pub fn reserve(&self, policy: &Policy, message: Message, count: Count) -> (Answer, Option<Reservation>) {
        let mut ledger = self.spent.lock();
        let answer = ledger.ask(policy, &message);
        let counts = match (answer, count) {
            (Answer::Free, _) | (_, Count::Always) | (Answer::Soft(_), Count::BelowHard) => true,
            (Answer::Soft(_) | Answer::Full(..), _) => false,
        };
        if !counts {
            return (answer, None);
        }
        ledger.each(message.country, |window, amount| window.add(message.at, amount), message.price);
        (answer, Some(Reservation { message, generation: ledger.generation }))
    }

    /// A message went out that nothing was reserved for.
    pub fn count(&self, message: Message) {
        self.spent.lock().each(message.country, |window, amount| window.add(message.at, amount), message.price);
    }

    /// What [`Budgets::reserve`] would say. Counts nothing.
    pub fn peek(&self, policy: &Policy, message: Message) -> Answer {
        self.spent.lock().ask(policy, &message)
    }

    /// Nothing was sent.
    pub fn release(&self, reservation: Reservation) {
        let mut ledger = self.spent.lock();
        if reservation.generation == ledger.generation {
            let Message { country, price, at, .. } = reservation.message;
            ledger.each(country, |window, amount| window.take(at, amount), price);
        }
    }

    /// Forgets what was spent, in a country or altogether: an operator closes the breaker by hand.
    pub fn reset(&self, country: Option<Country>) {
        let mut ledger = self.spent.lock();
        ledger.generation += 1;
        ledger.changes += 1;
        if let Some(country) = country {
            ledger.countries.remove(&country);
        } else {
            (ledger.all, ledger.countries) = (Spent::default(), BTreeMap::new());
        }
    }

    /// How far every budget with a cap is used, the fullest first. Of countries, those with messages in the last day.
    pub fn fill(&self, policy: &Policy, now: Timestamp) -> Vec<Use> {
        if !policy.is_set() {
            return Vec::new();
        }
        let mut ledger = self.spent.lock();
        let mut fill = Vec::new();
        let countries: Vec<_> = ledger.countries.keys().copied().map(Some).collect();
        for country in std::iter::once(None).chain(countries) {
            let caps = policy.caps(country);
            let Some(spent) = ledger.scope(country).filter(|_| caps.is_set()) else { continue };
            for measure in Measure::ALL {
                let Some(cap) = caps.of(measure) else { continue };
                let used = spent.window(measure).held(now).of(measure);
                if used > 0 || country.is_none() {
                    let name = BudgetName { measure, country };
                    let bound = measure.units(policy.hard(cap, false));
                    fill.push(Use { name, used: measure.units(used), max: measure.units(cap), bound });
                }
            }
        }
        fill.sort_by(|a, b| b.share().total_cmp(&a.share()).then(a.name.cmp(&b.name)));
        fill
    }
}

impl Use {
    /// How full it is for strangers; 1 is where they are refused.
    pub fn share(&self) -> f64 {
        if self.bound > 0.0 { self.used / self.bound } else { 1.0 }
    }
}

impl Ledger {
    fn ask(&mut self, policy: &Policy, message: &Message) -> Answer {
        let favoured = message.known || message.country.is_some_and(|country| policy.home.contains(&country));
        let mut answer = Answer::Free;
        for country in [None, message.country].into_iter().take(1 + usize::from(message.country.is_some())) {
            let caps = policy.caps(country);
            if !caps.is_set() {
                continue;
            }
            // A country that nothing was sent to yet has an empty window, which may be too small all the same.
            let mut empty = Spent::default();
            let spent = self.scope(country).unwrap_or(&mut empty);
            for measure in Measure::ALL {
                let Some(cap) = caps.of(measure) else { continue };
                let one = Amount { messages: 1, micros: message.price.as_micros() }.of(measure);
                let window = spent.window(measure);
                let used = window.held(message.at).of(measure);
                let told = |bound: u64| {
                    let name = BudgetName { measure, country };
                    let [used, max, bound] = [used, cap, bound].map(|sum| measure.units(sum));
                    Use { name, used, max, bound }
                };
                let hard = policy.hard(cap, favoured);
                if used.saturating_add(one) > hard {
                    let until = window.fits_at(message.at, |left| left.of(measure).saturating_add(one) <= hard);
                    answer = answer.stricter(Answer::Full(told(hard), until));
                } else if !favoured && used.saturating_add(one) > policy.soft(cap) {
                    answer = answer.stricter(Answer::Soft(told(policy.soft(cap))));
                }
            }
        }
        answer
    }

    fn each(&mut self, country: Option<Country>, act: impl Fn(&mut Window<Amount>, &Amount), price: Money) {
        let amount = Amount { messages: 1, micros: price.as_micros() };
        self.changes += 1;
        let of_country = country.map(|country| self.countries.entry(country).or_default());
        for spent in std::iter::once(&mut self.all).chain(of_country) {
            act(&mut spent.hour, &amount);
            act(&mut spent.day, &amount);
        }
    }

    fn scope(&mut self, country: Option<Country>) -> Option<&mut Spent> {
        match country {
            Some(country) => self.countries.get_mut(&country),
            None => Some(&mut self.all),
        }
    }
}

impl Spent {
    fn window(&mut self, measure: Measure) -> &mut Window<Amount> {
        match measure {
            Measure::MessagesPerHour | Measure::MoneyPerHour => &mut self.hour,
            Measure::MessagesPerDay | Measure::MoneyPerDay => &mut self.day,
        }
    }
}

impl Answer {
    fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Full(_, one), Self::Full(_, two)) => {
                if two > one {
                    other
                } else {
                    self
                }
            }
            (Self::Full(..), _) | (Self::Soft(_), Self::Free | Self::Soft(_)) => self,
            _ => other,
        }
    }
}

#[cfg(test)]
mod tests;
