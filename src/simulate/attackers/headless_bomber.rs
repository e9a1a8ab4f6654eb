//! A bomber that drives a real Chrome: loads the page, has a fresh cookie each time, solves the proof of work.

use super::Skill;
use super::bomber::{Bomber, State};
use super::look::Look;
use super::rotating::residential_of;
use crate::domain::ChallengeKind;
use crate::random::Random;
use crate::simulate::world::World;

/// The attacker of this seed.
pub(in crate::simulate) fn new(hours: f64, world: &World, mut random: Random) -> Bomber {
    let proxies = random.between(5, 50);
    let at_once = random.index(10) + 2;
    Bomber {
        class: "headless bomber",
        at_once,
        wave_minutes: (5, 20),
        waves: 4,
        real: 1.0,
        decoys: 0.5,
        is_steady: random.happens(0.5),
        within_ms: hours * 3_600_000.0,
        source: residential_of(proxies, world.home_by_size(), &mut random),
        look: Look::Headless(world.home()[0].language),
        skill: Skill { solves: vec![ChallengeKind::Pow], solve_ms: (500, 4_000), verifies: 0.0 },
        state: State::default(),
        random,
    }
}
