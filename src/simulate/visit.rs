//! One visit of a user who wants a code: loads the page, reads, asks, and types the code in, or asks again.

use super::lines::{Ask, Line, Who, body_length};
use super::person::{Client, Guest, Person};
use super::scene::Scene;
use super::world::Phone;
use crate::domain::ChallengeKind;
use crate::random::Random;
use crate::trace::Outcome;

/// How the users of a service behave. Published figures: conversion 65 to 92 %, 10 to 20 % ask again, 2 to 4 % mistype.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Part of the visits that end with a verified code.
    pub(super) converts: f64,
    /// Part of the visits in which a code is asked for again.
    pub(super) asks_again: f64,
    /// Part of the messages that never arrive.
    pub(super) undelivered: f64,
    /// Part of the visits by users who have been there before.
    pub(super) returns: f64,
    pub(super) mistypes: f64,
    pub(super) median_ms: f64,
}

/// How long a code is worth typing in, in milliseconds.
const LATEST: u64 = 9 * 60_000;

/// Who comes, and as what.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) person: Person,
    pub(super) guest: Guest,
    pub(super) who: Who,
    pub(super) class: &'static str,
    solving: Solving,
}

impl Habits {
    /// Those of some service.
    pub(super) fn any(random: &mut Random) -> Self {
        Self {
            converts: random.uniform(0.80, 0.91),
            asks_again: random.uniform(0.10, 0.16),
            undelivered: random.uniform(0.006, 0.014),
            returns: random.uniform(0.5, 0.6),
            mistypes: random.uniform(0.02, 0.04),
            median_ms: random.uniform(15_000.0, 20_000.0),
        }
    }

    /// How long after the message a person types the code in.
    fn typing(&self, random: &mut Random) -> u64 {
        whole(random.lognormal(self.median_ms, 0.8)).clamp(3_000, LATEST)
    }
}

impl Visit {
    /// Somebody's visit, as the user that they are.
    pub(super) fn of(person: Person, who: Who, scene: &Scene, random: &mut Random) -> Self {
        let class = if person.has_app { "app" } else { "web" };
        let solving = Solving::of(person.has_app, random);
        Self { person, guest: person.visits(&scene.world, random), who, class, solving }
    }

    /// Writes all lines of the visit that begins at `now`.
    pub(super) fn happen(mut self, now: u64, scene: &mut Scene, random: &mut Random) {
        let mut ts = now;
        let mut habits = scene.habits;
        if let Some(out) = scene.outage.as_ref().and_then(|lost| lost.habits(&self.guest.phone, &habits)) {
            (habits, self.who, self.class) = (out, Who::Subject, "outage");
        }
        if let Client::Web(browser) = &self.guest.client {
            scene.write(ts, Line { headers: browser.page(), ask: None, ..self.guest.line(&scene.world) });
            ts += whole(random.lognormal(18_000.0, 0.7)).clamp(5_000, 120_000);
        }
        let mut resend = false;
        if random.happens(habits.mistypes) {
            let wrong = mistyped(&self.guest.phone, random);
            let delivered = random.happens(0.7);
            self.ask(ts, &wrong, self.solving.outcome(None, delivered, random), resend, scene);
            ts += random.between(25_000, 90_000);
            resend = true;
        }
        let has_verified = self.until_verified(ts, resend, &habits, scene, random);
        scene.known.add(self.person, ts + LATEST, has_verified, random);
    }

    /// Asks for a code, and again while none comes or none is typed in.
    fn until_verified(
        &self,
        mut ts: u64,
        mut resend: bool,
        habits: &Habits,
        scene: &mut Scene,
        random: &mut Random,
    ) -> bool {
        let wants = random.happens(habits.converts);
        let mut patience = 0.75;
        let mut asks_again = random.happens(habits.asks_again);
        loop {
            let delivered = !random.happens(habits.undelivered);
            asks_again = asks_again || (!delivered && random.happens(patience));
            patience *= 0.5;
            let gap = random.between(30_000, 110_000);
            let typed = habits.typing(random);
            let verify = match (wants && delivered, asks_again) {
                (false, _) => None,
                (true, false) => Some(typed),
                // Only a few find the first code after they have asked for the second.
                (true, true) => random.happens(0.2).then(|| gap + random.between(4_000, 25_000)),
            };
            self.ask(ts, &self.guest.phone, self.solving.outcome(verify, delivered, random), resend, scene);
            if !asks_again || verify.is_some() {
                if asks_again {
                    let late = self.solving.outcome(None, true, random);
                    self.ask(ts + gap, &self.guest.phone, late, true, scene);
                }
                return verify.is_some();
            }
            (ts, resend) = (ts + gap, true);
            asks_again = random.happens(habits.asks_again * patience);
        }
    }

    fn ask(&self, ts: u64, phone: &Phone, outcome: Outcome, resend: bool, scene: &mut Scene) {
        let ask = Ask { phone: phone.clone(), outcome, who: self.who, class: self.class, resend };
        let headers = self.guest.client.fetch(body_length(phone));
        let line = Line { headers, ask: Some(ask), ..self.guest.line(&scene.world) };
        scene.write(ts, line);
    }
}

/// Which challenges a user solves, and how fast.
#[derive(Clone, Debug)]
struct Solving {
    solves: Vec<ChallengeKind>,
    ms: u64,
}

impl Solving {
    /// An invisible proof of work takes a second or so, a captcha the patience of most.
    fn of(has_app: bool, random: &mut Random) -> Self {
        let only_pow = if has_app { 0.02 } else { 0.015 };
        let solves = match random.weighted(&[1.0 - only_pow - 0.005, only_pow, 0.005]) {
            0 => vec![ChallengeKind::Pow, ChallengeKind::Captcha],
            1 => vec![ChallengeKind::Pow],
            _ => Vec::new(),
        };
        Self { solves, ms: whole(random.lognormal(1_500.0, 0.6)).clamp(300, 20_000) }
    }

    fn outcome(&self, verify_ms: Option<u64>, delivered: bool, random: &mut Random) -> Outcome {
        let delivery = whole(random.lognormal(2_500.0, 0.6)).clamp(400, 60_000);
        Outcome {
            solves: self.solves.clone(),
            solve_ms: (!self.solves.is_empty()).then_some(self.ms),
            verify_ms,
            delivered,
            delivery_ms: delivered
                .then_some(verify_ms.map_or(delivery, |verify| delivery.min(verify.saturating_sub(1_000)))),
        }
    }
}

/// The same number with one of the last four digits wrong.
fn mistyped(phone: &Phone, random: &mut Random) -> Phone {
    let last: u64 = phone.text.get(phone.text.len() - 4..).and_then(|text| text.parse().ok()).unwrap_or(0);
    let step = random.pick([1, 10, 100, 1_000]) * random.between(1, 9);
    Phone::of_range(phone.range(), last + step, phone.country)
}

/// A time in whole milliseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float stays within bounds")]
pub(super) fn whole(ms: f64) -> u64 {
    ms as u64
}
