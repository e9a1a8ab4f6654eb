//! One /48, and each request from another /64 of it.

use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::{Ranges, WORTH};
use super::{Skill, Source};
use crate::random::Random;
use crate::simulate::countries::country;
use crate::simulate::networks::{Kind, Network};

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, mut random: Random) -> Pump {
    let of = country(random.pick(["NL", "DE", "US", "FR", "SE"]));
    let kind = random.pick([Kind::Hosting, Kind::Broadband]);
    let network = Network::any(of, kind, &mut random);
    let site = random.below(1 << 16) << 16;
    let source: Source = Box::new(move |random| network.v6(site | random.below(1 << 16), random.bits()));
    let worth = [random.pick(WORTH), random.pick(WORTH), random.pick(WORTH)];
    let blocks = random.between(3, 10);
    Pump {
        class: "one /48",
        count,
        within_ms: random.uniform(0.5, 2.0) * 3_600_000.0,
        pace: Pace::Flat,
        source,
        target: Target::Ranges(Ranges::of(&worth, blocks, &mut random)),
        look: Look::copy_or_tool("en-US", &mut random),
        skill: Skill::default(),
        repeats: 0.05,
        state: State::default(),
        random,
    }
}
