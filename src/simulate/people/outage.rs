//! A delivery outage: for two hours the messages of a country, or of one of its carriers, mostly don't arrive, and its
//! people ask again.

use crate::random::Random;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::Habits;
use crate::simulate::world::Phone;

/// Whose messages get lost.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Lost {
    prefix: String,
    part: f64,
}

impl Lost {
    /// The habits of somebody with this phone, where it is hit.
    pub(in crate::simulate) fn habits(&self, phone: &Phone, habits: &Habits) -> Option<Habits> {
        phone.text.starts_with(&self.prefix).then_some(Habits { undelivered: self.part, ..*habits })
    }
}

/// Begins it and ends it.
pub(in crate::simulate) struct Outage {
    random: Random,
    has_begun: bool,
}

/// How long it lasts, in milliseconds.
const LENGTH: u64 = 2 * 3_600_000;

impl Outage {
    /// From this seed.
    pub(in crate::simulate) fn new(random: Random) -> Self {
        Self { random, has_begun: false }
    }
}

impl Actor for Outage {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        if self.has_begun {
            scene.outage = None;
            return None;
        }
        self.has_begun = true;
        let country = scene.world.home()[0];
        let prefix = if self.random.happens(0.5) {
            format!("+{}", country.code)
        } else {
            // The carrier with the fullest range.
            scene.world.range(country, 0).chars().take(country.code.len() + 3).collect()
        };
        scene.outage = Some(Lost { prefix, part: self.random.uniform(0.7, 1.0) });
        Some(now + LENGTH)
    }
}
