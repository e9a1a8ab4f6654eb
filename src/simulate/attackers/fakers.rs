//! Pumpers who own the numbers and type two of five codes in, so that conversion looks alive.

use super::Skill;
use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::{Ranges, WORTH};
use super::rotating::anywhere;
use crate::domain::ChallengeKind;
use crate::random::Random;

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, mut random: Random) -> Pump {
    let worth = [random.pick(WORTH), random.pick(WORTH)];
    let blocks = random.between(2, 10);
    let solves = if random.happens(0.6) { vec![ChallengeKind::Pow] } else { Vec::new() };
    Pump {
        class: "fakers",
        count,
        within_ms: random.uniform(2.0, 6.0) * 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Ramp]),
        source: anywhere(6_000, &mut random),
        target: Target::Ranges(Ranges::of(&worth, blocks, &mut random)),
        look: Look::Headless("en-US"),
        skill: Skill { solves, solve_ms: (700, 4_000), verifies: 0.4 },
        repeats: random.uniform(0.05, 0.15),
        state: State::default(),
        random,
    }
}
