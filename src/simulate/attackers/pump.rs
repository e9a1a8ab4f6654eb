//! Pumping: messages to numbers that the attacker earns on, so many in so long a time, whatever comes back.

use super::look::Look;
use super::ranges::Ranges;
use super::{Shot, Skill, Source, shoot};
use crate::random::Random;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::whole;
use crate::simulate::world::{Phone, daily};

/// How the requests lie in time.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) enum Pace {
    /// The same all the time.
    Flat,
    /// Slow for the first tenth.
    Ramp,
    /// In the shape of the day, so many hours from UTC.
    Day(i64),
    /// Minutes of work, minutes of rest.
    Pulses,
}

/// What numbers it takes.
pub(in crate::simulate) enum Target {
    /// Those of its ranges.
    Ranges(Ranges),
    /// Any number where the service is at home.
    Home,
}

/// A pumper.
pub(in crate::simulate) struct Pump {
    pub(in crate::simulate) class: &'static str,
    /// Requests in all.
    pub(in crate::simulate) count: u64,
    /// In so many milliseconds.
    pub(in crate::simulate) within_ms: f64,
    pub(in crate::simulate) pace: Pace,
    pub(in crate::simulate) source: Source,
    pub(in crate::simulate) target: Target,
    pub(in crate::simulate) look: Look,
    pub(in crate::simulate) skill: Skill,
    /// Part of the requests that are for a number once more.
    pub(in crate::simulate) repeats: f64,
    pub(in crate::simulate) random: Random,
    pub(in crate::simulate) state: State,
}

/// How far it is.
#[derive(Debug, Default)]
pub(in crate::simulate) struct State {
    sent: u64,
    recent: Vec<Phone>,
}

/// Numbers that it may take once more.
const RECENT: usize = 64;

impl Pump {
    fn phone(&mut self, scene: &Scene, now: u64) -> (Phone, bool) {
        let random = &mut self.random;
        let recent = &mut self.state.recent;
        if !recent.is_empty() && random.happens(self.repeats) {
            return (random.one(recent).clone(), true);
        }
        let phone = match &mut self.target {
            Target::Ranges(ranges) => ranges.next(random),
            Target::Home => scene.world.phone(scene.world.country_at(now, random), random),
        };
        if recent.len() < RECENT {
            recent.push(phone.clone());
        } else {
            let place = random.index(RECENT);
            recent[place] = phone.clone();
        }
        (phone, false)
    }

    /// How long until the next request.
    #[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
    fn wait(&mut self, now: u64) -> u64 {
        let mean = self.within_ms / self.count as f64;
        let part = self.state.sent as f64 / self.count as f64;
        let wait = match self.pace {
            Pace::Flat => mean,
            Pace::Ramp => mean * (1.3 - 3.0 * part).max(0.9) * if part < 0.01 { 4.0 } else { 1.0 },
            Pace::Day(utc) => mean / daily(now, utc),
            Pace::Pulses => return self.pulse(mean),
        };
        whole(self.random.exponential(wait))
    }

    fn pulse(&mut self, mean: f64) -> u64 {
        // Four fifths of the time are rest, taken once in about 250 requests.
        let rest = if self.random.happens(0.004) { self.random.exponential(mean * 200.0) } else { 0.0 };
        whole(self.random.exponential(mean * 0.2) + rest)
    }
}

impl Actor for Pump {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        if self.state.sent == 0
            && let Target::Ranges(ranges) = &self.target
        {
            scene.aimed.extend(ranges.prefixes().map(str::to_owned));
        }
        let (phone, resend) = self.phone(scene, now);
        let origin = (self.source)(&mut self.random);
        let shot = Shot { phone, origin, class: self.class, resend };
        shoot(now, shot, &mut self.look, &self.skill, scene, &mut self.random);
        self.state.sent += 1;
        (self.state.sent < self.count).then(|| now + self.wait(now))
    }
}
