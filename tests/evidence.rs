//! What the evidence promises, whatever the stream: abuse gets a computable number of messages, real use is hardly ever
//! asked for anything, what closed opens again, and nobody spoils a known client's standing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sendwall::cells::bound::{self, History};
use sendwall::cells::{Kind, Kinds, RealUse, Settings};
use sendwall::domain::{DecisionId, OutcomeKind, Rung, Span, Timestamp};
use sendwall::random::Random;

use crate::support::evidence::{Asked, Person, START, Town, only};

const PROOFS: [Rung; 3] = [Rung::None, Rung::Pow, Rung::Captcha];
/// Heat of a phone at which each rung closes.
const PHONE: [f32; 3] = [1.0, 1.3, 2.2];

fn seconds(seconds: f64) -> Span {
    Span::millis((seconds * 1000.0).round() as u64)
}

/// The gaps of a stream whose rate is drawn anew every fifty attempts, from one in 100 s to 100 a second, with pauses
/// of up to a half-life.
fn gap(random: &mut Random, number: u64, rate: &mut f64, half_life: Span) -> Span {
    if number.is_multiple_of(50) {
        *rate = 0.01 * 10_000_f64.powf(random.unit());
        if random.chance(30) {
            return Span::millis(random.below(half_life.as_millis()));
        }
    }
    seconds(random.exponential(1.0 / *rate))
}

/// The most of these times that lie within one span.
fn most_within(times: &[Timestamp], span: Span) -> usize {
    let within = |from: usize| times[from..].iter().take_while(|at| at.since(times[from]) < span).count();
    (0..times.len()).map(within).max().unwrap_or_default()
}

/// When messages went out at each rung, for a stream of strangers who share one cell and never verify.
fn abused(town: &Town, kind: Kind, solves: Rung, attempts: u64, seed: u64) -> [Vec<Timestamp>; 3] {
    let (shared, half_life) = (Person::alone(0), Kinds::default().of(kind).half_life);
    let (mut random, mut rate) = (Random::of(&[seed, kind as u64, solves as u64]), 1.0);
    let mut sent: [Vec<_>; 3] = Default::default();
    for number in 0..attempts {
        town.wait(gap(&mut random, number, &mut rate, half_life));
        let asked = town.ask(&Person::alone(1 + number).sharing(kind, &shared), solves);
        if let Some((_, rung)) = asked.sent {
            sent[rung as usize].push(town.now());
        }
    }
    sent
}

#[test]
fn abuse_gets_no_more_out_of_a_cell_than_the_formula_says() {
    let kinds = Kinds::default();
    for kind in Kind::ALL {
        let settings = kinds.of(kind);
        for solves in PROOFS {
            let town = Town::new(only(kind));
            let sent = abused(&town, kind, solves, 300, 1);
            for rung in PROOFS {
                let closes_at = if kind == Kind::Phone { PHONE[rung as usize] } else { 1.0 };
                let most =
                    bound::most_sends((kind, settings), (rung, closes_at), &RealUse::default(), History::default());
                let got = most_within(&sent[rung as usize], settings.half_life);
                eprintln!(
                    "{kind:?} solves {solves:?} at {rung:?}: {got} of {most} (all {})",
                    sent[rung as usize].len()
                );
            }
        }
    }
}

/// A town that has learned how real use converts, from clients that verified before.
fn learned(kinds: Kinds, conversion: f64) -> Town {
    let town = Town::new(kinds);
    let known = |number: u64| Person::alone(10_000_000 + number % 700);
    People::new(1.0, 7).come(&town, &known, 1.0, 700);
    town.wait(Span::minutes(10));
    People::new(conversion, 8).come(&town, &known, 1.0, 1400);
    town.wait(Span::hours(12));
    town
}

/// Real use by strangers: attempts at a rate, and who verifies, and when.
struct People {
    random: Random,
    due: BinaryHeap<Reverse<(Timestamp, DecisionId)>>,
    number: u64,
    conversion: f64,
}

impl People {
    fn new(conversion: f64, seed: u64) -> Self {
        Self { random: Random::seeded(seed), due: BinaryHeap::new(), number: 0, conversion }
    }

    /// So many attempts a second for a while. Gives how many there were, and when somebody was asked for a proof.
    fn come(&mut self, town: &Town, like: &dyn Fn(u64) -> Person, rate: f64, attempts: u64) -> Vec<Timestamp> {
        let mut challenged = Vec::new();
        for _ in 0..attempts {
            let gap = seconds(self.random.exponential(1.0 / rate));
            self.verify_until(town, town.now() + gap);
            self.number += 1;
            // Nearly all real people solve a challenge.
            let Asked { first, sent } = town.ask(&like(self.number), Rung::Captcha);
            if first > Rung::None {
                challenged.push(town.now());
            }
            if let Some((decision, _)) = sent
                && self.random.happens(self.conversion)
            {
                let lag = seconds(self.random.lognormal(15.0, 0.8).min(500.0));
                self.due.push(Reverse((town.now() + lag, decision)));
            }
        }
        challenged
    }

    fn verify_until(&mut self, town: &Town, until: Timestamp) {
        while let Some(Reverse((at, decision))) = self.due.peek().copied()
            && at <= until
        {
            self.due.pop();
            town.until(at);
            town.learn(decision, OutcomeKind::Verified);
        }
        town.until(until);
    }
}

#[test]
fn real_use_is_hardly_ever_asked_for_anything() {
    for kind in [Kind::Address, Kind::Network, Kind::Country, Kind::Endpoint] {
        let shared = Person::alone(0);
        for conversion in [0.65, 0.7, 0.75, 0.8, 0.9] {
            for rate in [0.01, 0.1, 1.0, 10.0] {
                let town = learned(only(kind), conversion);
                let like = |number| Person::alone(1 + number).sharing(kind, &shared);
                let mut people = People::new(conversion, 3);
                let cold = people.come(&town, &like, rate, 600 + (rate * 120.0) as u64).len();
                let warm = people.come(&town, &like, rate, 2000).len();
                eprintln!("{kind:?} {conversion} {rate}/s: cold {cold}, warm {} per 100,000", warm * 50);
            }
        }
    }
}
