//! Pumping volume aimed at the ranges in which most users of a real market live, from addresses of that country.

use super::Skill;
use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::Ranges;
use super::rotating::residential_of;
use crate::random::Random;
use crate::simulate::world::World;

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, world: &World, mut random: Random) -> Pump {
    let country = world.home()[0];
    let fullest = random.between(40, 100);
    let ranges = (0..fullest).map(|rank| (world.range(country, rank), country)).collect();
    Pump {
        class: "market abuse",
        count,
        within_ms: random.uniform(3.0, 5.0) * 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Ramp]),
        source: residential_of(15_000, vec![country], &mut random),
        target: Target::Ranges(Ranges::these(ranges, &mut random)),
        look: Look::copy_or_tool(country.language, &mut random),
        skill: Skill::default(),
        repeats: 0.05,
        state: State::default(),
        random,
    }
}
