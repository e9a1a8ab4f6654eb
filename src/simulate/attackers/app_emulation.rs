//! The shop's own app, emulated: a fresh device id each time, the right agent, residential addresses.

use super::Skill;
use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::{Ranges, WORTH};
use super::rotating::residential_of;
use crate::random::Random;
use crate::simulate::world::World;

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, world: &World, mut random: Random) -> Pump {
    let worth = [random.pick(WORTH), random.pick(WORTH), random.pick(WORTH), world.home()[0].iso];
    let blocks = random.between(5, 20);
    Pump {
        class: "app emulation",
        count,
        within_ms: 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Ramp]),
        source: residential_of(10_000, world.home_by_size(), &mut random),
        target: Target::Ranges(Ranges::of(&worth, blocks, &mut random)),
        look: Look::App(world.home()[0].language),
        skill: Skill::default(),
        repeats: random.uniform(0.0, 0.1),
        state: State::default(),
        random,
    }
}
