//! What the evidence promises, whatever the stream: abuse gets a computable number of messages, real use is hardly ever
//! asked for anything, what closed opens again, and nobody spoils a known client's standing.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "small numbers of a test"
)]

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

/// What thousands share asks for no more than a proof of work, as long as some there may be real, and a million numbers for
/// no more than a captcha.
const fn is_bounded(kind: Kind, rung: Rung) -> bool {
    match (kind, rung) {
        (_, Rung::None) | (Kind::WideRange, Rung::Pow) => true,
        (Kind::WideRange, _) => false,
        _ => !kind.is_wide(),
    }
}

#[test]
fn abuse_gets_no_more_out_of_a_cell_than_the_formula_says() {
    for kind in Kind::ALL {
        let (kinds, real) = (Kinds::default(), RealUse::default());
        let settings = kinds.of(kind);
        for solves in PROOFS {
            let sent = abused(&Town::new(only(kind)), kind, solves, 250, 1);
            for rung in PROOFS.into_iter().filter(|rung| is_bounded(kind, *rung)) {
                let closes_at = if kind == Kind::Phone { PHONE[rung as usize] } else { 1.0 };
                let most = bound::most_sends((kind, settings), (rung, closes_at), &real, History::default());
                let got = most_within(&sent[rung as usize], settings.half_life);
                assert!(got as f32 <= most, "{kind:?}, who solves {solves:?}, at {rung:?}: {got}, not {most}");
            }
            let beyond = sent.iter().skip(1 + solves as usize).map(Vec::len).sum::<usize>();
            assert_eq!(beyond, 0, "{kind:?}: nothing goes out at a rung that nobody solves");
        }
    }
}

#[test]
fn history_raises_what_abuse_gets_by_no_more_than_the_formula_says() {
    let (kinds, shared) = (only(Kind::Address), Person::alone(0));
    let like = |number| Person::alone(1 + number).sharing(Kind::Address, &shared);
    let town = Town::new(kinds.clone());
    let mut people = People::new(0.8, 3);
    people.come(&town, &like, 0.2, 600);
    people.verify_until(&town, town.now() + Span::minutes(3));
    let view = town.view(&shared, Kind::Address, Rung::None);
    let history = History { explained: view.explained, verified: view.verified };
    assert!(view.explained > 2.0);
    let most =
        bound::most_sends((Kind::Address, kinds.of(Kind::Address)), (Rung::None, 1.0), &RealUse::default(), history);
    let mut sent = Vec::new();
    for number in 0..500 {
        town.wait(Span::seconds(2));
        if town.ask(&like(1_000_000 + number), Rung::None).sent.is_some() {
            sent.push(town.now());
        }
    }
    assert!(sent.len() > 10 && sent.len() as f32 <= most, "{} of {most}", sent.len());
}

/// Who solves proofs of work, and comes from anywhere, from the victim's provider with the victim's browser, with a client
/// that is known for another phone, or without one.
#[test]
fn who_solves_no_captcha_gets_three_messages_a_day_to_one_phone() {
    let (victim, other) = (Person::alone(1), Person::alone(2));
    let mut most = 0;
    for seed in 0..30 {
        let (town, mut random) = (Town::new(Kinds::default()), Random::of(&[seed, 3]));
        for known in [&victim, &other] {
            let (decision, _) = town.ask(known, Rung::None).sent.unwrap();
            town.wait(Span::seconds(20));
            town.learn(decision, OutcomeKind::Verified);
        }
        town.wait(Span::hours(random.below(100)));
        let mut sent = Vec::new();
        for number in 0..150 {
            let gap = if random.happens(0.1) { 20_000.0 } else { 60.0 };
            town.wait(seconds(20.0 + random.exponential(gap)));
            let anywhere = Person::alone(1000 + number).sharing(Kind::Phone, &victim).sharing(Kind::Range, &victim);
            let bomber = match random.below(4) {
                0 => anywhere.sharing(Kind::System, &victim).sharing(Kind::Fingerprint, &victim),
                1 => anywhere.sharing(Kind::Client, &other),
                2 => Person { client: None, ..anywhere },
                _ => anywhere,
            };
            let solves = if random.happens(0.8) { Rung::Pow } else { Rung::None };
            sent.extend(town.ask(&bomber, solves).sent.map(|_| town.now()));
        }
        let got = most_within(&sent, Span::hours(24));
        assert!(got <= 3, "seed {seed}: {got}");
        most = most.max(got);
        assert_eq!(town.rung(&victim), Rung::None, "the owner is asked for nothing");
    }
    assert_eq!(most, 3);
}

#[test]
fn what_abuse_closed_opens_again_in_computable_time() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Phone) {
        let (kinds, real) = (only(kind), RealUse::default());
        let town = Town::new(kinds.clone());
        let sent = abused(&town, kind, Rung::Pow, 60, 2);
        assert!(!sent[0].is_empty());
        let next = Person::alone(5_000_000).sharing(kind, &Person::alone(0));
        // A burst, so that it ends closed.
        for number in 0..150 {
            town.ask(&Person::alone(1_000_000 + number).sharing(kind, &Person::alone(0)), Rung::Pow);
        }
        assert_ne!(town.rung(&next), Rung::None, "{kind:?}");
        // What still waits for being solved has said all that it says by then.
        town.wait(Span::minutes(3));
        town.wait(bound::opens_after((kind, kinds.of(kind)), (Rung::None, 1.0), &real, History::default(), 0.0));
        assert_eq!(town.rung(&next), Rung::None, "{kind:?}");
    }
}

#[test]
fn a_range_of_which_nobody_verifies_stays_closed_to_abuse_every_few_hours_until_somebody_does() {
    let (kinds, shared) = (only(Kind::Range), Person::alone(0));
    let (half_life, town) = (kinds.of(Kind::Range).half_life, Town::new(kinds));
    let like = |number: u64| Person::alone(1 + number).sharing(Kind::Range, &shared);
    let mut sent = Vec::new();
    for number in 0..100 {
        town.wait(Span::hours(5));
        sent.extend(town.ask(&like(number), Rung::None).sent.map(|_| number));
    }
    // At the half-life of a range with people it would be every second one.
    assert!(sent.len() <= 6 && sent.iter().all(|number| *number < 10), "{sent:?}");
    assert_eq!(town.view(&shared, Kind::Range, Rung::None).half_life, Span::hours(4 * 24));
    for number in 0..4 {
        let Some((decision, _)) = town.ask(&like(1000 + number), Rung::Pow).sent else { continue };
        town.wait(Span::seconds(15));
        town.learn(decision, OutcomeKind::Verified);
    }
    assert_eq!(town.rung(&like(2000)), Rung::None, "it is theirs again");
    assert_eq!(town.view(&shared, Kind::Range, Rung::None).half_life, half_life);
}

/// A town that has learned how real use converts, from clients that verified before.
fn learned(kinds: Kinds, conversion: f64) -> Town {
    let town = Town::with(kinds, &Settings { memory: 16 << 20, ..Settings::default() });
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

/// How many of 100,000 real attempts at a steady rate are asked for a proof, of those that share one cell of `kind`.
fn challenged(kind: Kind, conversion: f64) -> usize {
    let (town, shared) = (learned(only(kind), conversion), Person::alone(0));
    let like = |number| Person::alone(1 + number).sharing(kind, &shared);
    let mut people = People::new(conversion, 3);
    let (mut challenged, attempts) = (0, 1000);
    for (rate, first) in [(0.02, 100), (0.2, 100), (2.0, 400)] {
        people.come(&town, &like, rate, first);
        challenged += people.come(&town, &like, rate, attempts).len();
    }
    challenged * 100_000 / (3 * attempts as usize)
}

#[test]
fn real_use_is_hardly_ever_asked_for_anything() {
    for (kind, most) in [(Kind::Address, 4000), (Kind::Country, 100), (Kind::Endpoint, 100)] {
        for conversion in [0.65, 0.8] {
            let challenged = challenged(kind, conversion);
            assert!(challenged <= most, "{kind:?} at {conversion}: {challenged} of 100,000");
        }
    }
}

#[test]
fn a_burst_of_real_use_is_asked_for_a_proof_for_less_than_a_minute() {
    for kind in [Kind::Address, Kind::Country, Kind::Endpoint] {
        let (town, shared) = (learned(only(kind), 0.8), Person::alone(0));
        let like = |number| Person::alone(1 + number).sharing(kind, &shared);
        let mut people = People::new(0.8, 3);
        for rate in [1.0, 5.0, 15.0] {
            let began = town.now();
            let challenged = people.come(&town, &like, rate, (rate * 90.0) as u64);
            let last = challenged.last().map_or_else(Span::default, |at| at.since(began));
            assert!(last < Span::seconds(60), "{kind:?} {rate}/s: {last}");
            people.verify_until(&town, town.now() + Span::hours(12));
        }
    }
}

#[test]
fn strangers_never_change_the_rung_of_a_known_client() {
    let (victim, stranger) = (Person::alone(1), Person::alone(2));
    let owner = victim;
    let another_phone = Person { phone: 3, ..victim };
    let known_phone = Person { client: None, ..victim };
    // Everything but the client and the phone.
    let attacker = |number| Person { phone: number, client: Some(number), ..victim };
    for solves in PROOFS {
        let (spoilt, quiet) = (Town::new(Kinds::default()), Town::new(Kinds::default()));
        for town in [&spoilt, &quiet] {
            let (decision, _) = town.ask(&victim, Rung::None).sent.unwrap();
            town.wait(Span::seconds(20));
            town.learn(decision, OutcomeKind::Verified);
            town.wait(Span::minutes(30));
        }
        for number in 0..600 {
            let gap = Span::millis(50 * number);
            spoilt.wait(gap);
            quiet.wait(gap);
            spoilt.ask(&attacker(1000 + number), solves);
            if number % 20 == 0 {
                for known in [owner, another_phone] {
                    assert_eq!((spoilt.rung(&known), quiet.rung(&known)), (Rung::None, Rung::None));
                }
            }
        }
        assert_ne!(spoilt.rung(&Person { phone: 4, client: None, ..victim }), Rung::None, "strangers there are asked");
        assert_eq!(spoilt.rung(&known_phone), Rung::None, "the owner, without the cookie, at home");
        assert_eq!(spoilt.rung(&stranger), quiet.rung(&stranger), "nor of whoever shares nothing");
    }
}

#[test]
fn trust_is_no_evidence() {
    let (town, owner) = (Town::new(Kinds::default()), Person::alone(1));
    for _ in 0..6 {
        let (decision, rung) = town.ask(&owner, Rung::None).sent.unwrap();
        assert_eq!(rung, Rung::None);
        town.wait(Span::seconds(20));
        town.learn(decision, OutcomeKind::Verified);
        town.wait(Span::minutes(30));
        for kind in Kind::ALL {
            assert_eq!(town.view(&owner, kind, Rung::None).evidence, 0.0, "{kind:?}");
        }
    }
}

#[test]
fn the_same_stream_is_decided_the_same() {
    let story = || {
        let town = Town::new(Kinds::default());
        let sent = abused(&town, Kind::Fingerprint, Rung::Captcha, 300, 5);
        let mut people = People::new(0.7, 6);
        let shared = Person::alone(0);
        let like = |number| Person::alone(9_000_000 + number % 50).sharing(Kind::Fingerprint, &shared);
        (sent, people.come(&town, &like, 0.5, 300), format!("{:?}", town.views(&like(1))))
    };
    assert!(story() == story());
}

#[test]
fn a_flood_of_strangers_pushes_out_neither_the_hot_nor_the_trusted() {
    let settings = Settings { memory: 512 << 10, ..Settings::default() };
    let town = Town::with(Kinds::default(), &settings);
    let capacity = (512 << 10) / 512 * 7;
    assert_eq!(town.gate.cells().usage().1, capacity, "73 bytes an entry, key and all, in sets of seven");
    let hot = |number: u64| Person::alone(1_000_000 + number);
    let trusted = |number: u64| Person::alone(2_000_000 + number);
    for number in 0..40 {
        for _ in 0..3 {
            town.ask(&hot(number), Rung::Captcha);
        }
        let sent = town.ask(&trusted(number), Rung::Captcha).sent;
        town.wait(Span::seconds(10));
        if let Some((decision, _)) = sent {
            town.learn(decision, OutcomeKind::Verified);
        }
    }
    town.wait(Span::minutes(3));
    let is_hot = |number: &u64| town.view(&hot(*number), Kind::Phone, Rung::None).heat >= 1.0;
    let is_trusted = |number: &u64| {
        town.gate.cells().attempt(&trusted(*number).facts(town.now())).trust == sendwall::domain::Trust::Owner
    };
    let count = || ((0..40).filter(is_hot).count(), (0..40).filter(is_trusted).count());
    assert_eq!(count(), (40, 40));
    for number in 0..4_000 {
        town.wait(Span::millis(10));
        town.rung(&Person::alone(3_000_000 + number));
    }
    let (_, _, evicted) = town.gate.cells().usage();
    assert!(evicted > 20_000, "{evicted}");
    assert_eq!(count(), (40, 40));
    assert!(START < town.now());
}
