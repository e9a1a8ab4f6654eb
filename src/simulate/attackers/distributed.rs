//! Ten thousand hosts, ten thousand phones of the home markets, one request each, within a quarter of an hour.

use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::{Skill, Source};
use crate::random::Random;
use crate::simulate::networks::Proxies;
use crate::simulate::world::World;

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, minutes: f64, world: &World, mut random: Random) -> Pump {
    let hosts = Proxies::new(count, world.home_by_size(), &mut random);
    let mut turn = 0;
    let source: Source = Box::new(move |_| {
        turn += 1;
        hosts.get(turn)
    });
    Pump {
        class: "distributed",
        count,
        within_ms: minutes * 60_000.0,
        pace: Pace::Flat,
        source,
        target: Target::Home,
        look: Look::copy_or_tool(world.home()[0].language, &mut random),
        skill: Skill::default(),
        repeats: 0.0,
        state: State::default(),
        random,
    }
}
