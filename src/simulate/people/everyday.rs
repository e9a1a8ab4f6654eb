//! The ordinary day: people from all markets, by the hour of their own day, half of whom have been there before.

use crate::random::Random;
use crate::simulate::lines::Who;
use crate::simulate::person::Person;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::{Visit, whole};

/// Messages a visit, on average.
pub(in crate::simulate) const MESSAGES_A_VISIT: f64 = 1.18;

/// Everyone who is just there.
pub(in crate::simulate) struct Everyday {
    random: Random,
}

impl Everyday {
    /// From this seed.
    pub(in crate::simulate) fn new(random: Random) -> Self {
        Self { random }
    }
}

impl Actor for Everyday {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        let random = &mut self.random;
        let returns = scene.habits.returns;
        let visit = if let Some((person, has_verified)) = scene.known.take(now, returns, random) {
            let who = if has_verified { Who::Known } else { Who::Guest };
            Visit::of(person, who, scene, random)
        } else {
            let country = scene.world.country_at(now, random);
            Visit::of(Person::new(country, &scene.world, random), Who::Guest, scene, random)
        };
        visit.happen(now, scene, random);
        let visits_a_minute = scene.rate / MESSAGES_A_VISIT * scene.world.activity(now);
        Some(now + whole(random.exponential(60_000.0 / visits_a_minute)))
    }
}
