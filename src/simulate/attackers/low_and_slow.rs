//! One message each half-minute over eighty ranges, for days.

use super::Skill;
use super::look::Look;
use super::pump::{Pace, Pump, State, Target};
use super::ranges::{Ranges, WORTH};
use super::rotating::anywhere;
use crate::random::Random;

/// The attacker of this seed.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
pub(in crate::simulate) fn new(days: f64, mut random: Random) -> Pump {
    Pump {
        class: "low and slow",
        count: (days * 24.0 * 120.0) as u64,
        within_ms: days * 24.0 * 3_600_000.0,
        pace: random.pick([Pace::Flat, Pace::Day(0), Pace::Day(4)]),
        source: anywhere(20_000, &mut random),
        target: Target::Ranges(Ranges::of(&WORTH, 80, &mut random)),
        look: Look::copy_or_tool("en-US", &mut random),
        skill: Skill::default(),
        repeats: 0.05,
        state: State::default(),
        random,
    }
}
