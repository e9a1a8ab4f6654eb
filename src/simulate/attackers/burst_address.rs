//! One address with a script: thousands of messages in some minutes.

use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::{Ranges, WORTH};
use super::{Skill, Source};
use crate::random::Random;
use crate::simulate::countries::country;
use crate::simulate::networks::{Kind, Network};
use crate::simulate::tools::Tool;

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, mut random: Random) -> Pump {
    let of = country(random.pick(["NL", "DE", "US", "FR"]));
    let address = Network::any(of, Kind::Hosting, &mut random).address(&mut random);
    let source: Source = Box::new(move |_| address.clone());
    let worth = [random.pick(WORTH), random.pick(WORTH)];
    let blocks = random.between(1, 3);
    Pump {
        class: "burst",
        count,
        within_ms: random.uniform(3.0, 10.0) * 60_000.0,
        pace: Pace::Flat,
        source,
        target: Target::Ranges(Ranges::of(&worth, blocks, &mut random)),
        look: Look::Tool(Tool::python(&mut random)),
        skill: Skill::default(),
        repeats: 0.05,
        state: State::default(),
        random,
    }
}
