//! Eight servers that send to several countries.

use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::{Ranges, WORTH};
use super::{Skill, Source};
use crate::random::Random;
use crate::simulate::countries::country;
use crate::simulate::networks::{Kind, Network, Origin};

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, mut random: Random) -> Pump {
    let host = |random: &mut Random| {
        let of = country(random.pick(["NL", "DE", "US", "FR", "RU"]));
        Network::any(of, Kind::Hosting, random).address(random)
    };
    let hosts: Vec<Origin> = (0..8).map(|_| host(&mut random)).collect();
    let source: Source = Box::new(move |random| random.one(&hosts).clone());
    let blocks = random.between(20, 60);
    Pump {
        class: "few hosts",
        count,
        within_ms: random.uniform(0.5, 3.0) * 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Pulses]),
        source,
        target: Target::Ranges(Ranges::of(&WORTH, blocks, &mut random)),
        look: Look::copy_or_tool("en-US", &mut random),
        skill: Skill::default(),
        repeats: 0.05,
        state: State::default(),
        random,
    }
}
