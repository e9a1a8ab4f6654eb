//! People who are paid for captchas: everything is solved, nothing is ever typed in.

use super::Skill;
use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::{Ranges, WORTH};
use super::rotating::anywhere;
use crate::domain::ChallengeKind;
use crate::random::Random;

/// The attacker of this seed.
pub(in crate::simulate) fn new(count: u64, mut random: Random) -> Pump {
    let worth = [random.pick(WORTH), random.pick(WORTH), random.pick(WORTH)];
    let blocks = random.between(5, 15);
    Pump {
        class: "captcha farm",
        count,
        within_ms: random.uniform(2.0, 5.0) * 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Ramp]),
        source: anywhere(5_000, &mut random),
        target: Target::Ranges(Ranges::of(&worth, blocks, &mut random)),
        look: Look::Headless("en-US"),
        skill: Skill {
            solves: vec![ChallengeKind::Pow, ChallengeKind::Captcha],
            // What a service with human solvers takes on average.
            solve_ms: (9_000, 25_000),
            verifies: 0.0,
        },
        repeats: random.uniform(0.0, 0.1),
        state: State::default(),
        random,
    }
}
