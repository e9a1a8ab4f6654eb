//! Twenty thousand residential addresses, a few requests each, into a handful of ranges of one region, for hours.

use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::Ranges;
use super::{Skill, Source};
use crate::random::Random;
use crate::simulate::countries::{Country, country};
use crate::simulate::networks::Proxies;

/// Addresses that rotate.
const ADDRESSES: u64 = 20_000;
/// Where residential proxies are cheap.
const CHEAP: [&str; 12] = ["BR", "IN", "ID", "VN", "US", "TR", "MX", "PH", "UA", "EG", "ZA", "CO"];
/// Countries beside one another whose numbers earn well.
const REGIONS: [[&str; 4]; 3] = [["UZ", "KG", "TJ", "KZ"], ["AZ", "IQ", "IR", "UZ"], ["PK", "BD", "LK", "MM"]];

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, hours: f64, mut random: Random) -> Pump {
    let region = random.pick([REGIONS[0], REGIONS[0], REGIONS[1], REGIONS[2]]);
    let blocks = random.between(4, 8);
    Pump {
        class: "rotating",
        count,
        within_ms: hours * 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Ramp, Pace::Pulses]),
        source: residential(ADDRESSES, &CHEAP, &mut random),
        target: Target::Ranges(Ranges::of(&region, blocks, &mut random)),
        look: Look::copy_or_tool("en-US", &mut random),
        skill: Skill::default(),
        repeats: random.uniform(0.0, 0.15),
        state: State::default(),
        random,
    }
}

/// A pool of other people's addresses.
pub(super) fn residential(addresses: u64, of: &[&str], random: &mut Random) -> Source {
    residential_of(addresses, of.iter().map(|iso| country(iso)).collect(), random)
}

/// The same, of these countries.
pub(super) fn residential_of(addresses: u64, of: Vec<&'static Country>, random: &mut Random) -> Source {
    let proxies = Proxies::new(addresses, of, random);
    Box::new(move |random| proxies.any(random))
}

/// All over the world.
pub(super) fn anywhere(addresses: u64, random: &mut Random) -> Source {
    residential(addresses, &CHEAP, random)
}
