//! One range of a home market, from rotating addresses of that country.

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
    // One with some users in it, so that its report shows what becomes of them.
    let range = world.range(country, random.between(1, 6));
    Pump {
        class: "home range",
        count,
        within_ms: random.uniform(1.0, 2.0) * 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Ramp]),
        source: residential_of(8_000, vec![country], &mut random),
        target: Target::Ranges(Ranges::these(vec![(range, country)], &mut random)),
        look: Look::copy_or_tool(country.language, &mut random),
        skill: Skill::default(),
        repeats: 0.05,
        state: State::default(),
        random,
    }
}
