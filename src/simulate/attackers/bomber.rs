//! Harassing phones: each of some victims gets one to three requests a minute, in waves, from a site's own view.

use super::look::Look;
use super::{Shot, Skill, Source, shoot};
use crate::random::Random;
use crate::simulate::lines::Who;
use crate::simulate::person::Person;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::{Visit, whole};
use crate::simulate::world::Phone;

/// Part of the victims who log in themselves in the first ten minutes.
const LOGS_IN: f64 = 0.8;

/// A crew of bombers with one tool.
pub(in crate::simulate) struct Bomber {
    pub(in crate::simulate) class: &'static str,
    /// Victims at the same time.
    pub(in crate::simulate) at_once: usize,
    /// Length of one wave against a victim, in minutes.
    pub(in crate::simulate) wave_minutes: (u64, u64),
    /// Most waves a victim.
    pub(in crate::simulate) waves: u64,
    /// Part of the victims that are known to be real users.
    pub(in crate::simulate) real: f64,
    /// Part of the requests that are for a random number instead, so that it looks less like one victim.
    pub(in crate::simulate) decoys: f64,
    /// Waits 30 seconds between two requests for a victim, not any time.
    pub(in crate::simulate) is_steady: bool,
    /// The whole of it, in milliseconds.
    pub(in crate::simulate) within_ms: f64,
    pub(in crate::simulate) source: Source,
    pub(in crate::simulate) look: Look,
    pub(in crate::simulate) skill: Skill,
    pub(in crate::simulate) random: Random,
    pub(in crate::simulate) state: State,
}

/// How far it is.
#[derive(Default)]
pub(in crate::simulate) struct State {
    until: Option<u64>,
    jobs: Vec<Job>,
}

struct Job {
    phone: Phone,
    next: u64,
    wave_ends: u64,
    waves: u64,
    gap_ms: f64,
    sent: u64,
}

impl Bomber {
    fn job(&mut self, now: u64, scene: &mut Scene) -> Job {
        let random = &mut self.random;
        let real = if random.happens(self.real) { scene.known.take_verified(now, random) } else { None };
        let phone = match real {
            Some(person) => victim(person, now, scene, random),
            None => anybody(now, scene, random),
        };
        let next = now + random.below(20_000);
        let minutes = random.between(self.wave_minutes.0, self.wave_minutes.1);
        let gap_ms = if self.is_steady { 30_000.0 } else { 60_000.0 / random.uniform(1.0, 3.0) };
        Job { phone, next, wave_ends: next + minutes * 60_000, waves: random.between(1, self.waves), gap_ms, sent: 0 }
    }

    /// When this victim's turn comes next; `None`: enough.
    fn again(&mut self, place: usize, now: u64) -> Option<u64> {
        let jitter = if self.is_steady { 0.03 } else { 0.2 };
        let random = &mut self.random;
        let job = &mut self.state.jobs[place];
        let next = now + whole(job.gap_ms * random.uniform(1.0 - jitter, 1.0 + jitter));
        if next < job.wave_ends {
            return Some(next);
        }
        job.waves -= 1;
        if job.waves == 0 {
            return None;
        }
        let next = now + random.between(120_000, 1_200_000);
        job.wave_ends = next + random.between(self.wave_minutes.0, self.wave_minutes.1) * 60_000;
        Some(next)
    }

    fn first(&self) -> Option<usize> {
        (0..self.state.jobs.len()).min_by_key(|place| self.state.jobs[*place].next)
    }
}

impl Actor for Bomber {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        let until = *self.state.until.get_or_insert_with(|| now + whole(self.within_ms));
        while self.state.jobs.len() < self.at_once && now < until {
            let job = self.job(now, scene);
            self.state.jobs.push(job);
        }
        let place = self.first()?;
        let job = &mut self.state.jobs[place];
        if job.next > now {
            return Some(job.next);
        }
        job.sent += 1;
        let (phone, resend) = (job.phone.clone(), job.sent > 1);
        let random = &mut self.random;
        let is_decoy = random.happens(self.decoys);
        let (phone, resend) = if is_decoy { (anybody(now, scene, random), false) } else { (phone, resend) };
        let shot = Shot { phone, origin: (self.source)(random), class: self.class, resend };
        shoot(now, shot, &mut self.look, &self.skill, scene, random);
        match self.again(place, now) {
            Some(next) => self.state.jobs[place].next = next,
            None => drop(self.state.jobs.swap_remove(place)),
        }
        Some(self.first().map_or(now + 1_000, |place| self.state.jobs[place].next))
    }
}

/// Somebody who has an account, and who may want to use it meanwhile: a row of the report of its own.
fn victim(person: Person, now: u64, scene: &mut Scene, random: &mut Random) -> Phone {
    let phone = person.phone(&scene.world);
    if !scene.victims.insert(phone.text.clone()) {
        scene.known.add(person, now, true, random);
        return anybody(now, scene, random);
    }
    if random.happens(LOGS_IN) {
        let when = now + random.below(600_000);
        Visit::of(person, Who::Known, scene, random).happen(when, scene, random);
    } else {
        scene.known.add(person, now, true, random);
    }
    phone
}

fn anybody(now: u64, scene: &Scene, random: &mut Random) -> Phone {
    scene.world.phone(scene.world.country_at(now, random), random)
}
