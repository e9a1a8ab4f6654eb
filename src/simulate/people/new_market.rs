//! A market that nobody has seen before: from one hour on, a fifth of the traffic comes from there.

use crate::random::Random;
use crate::simulate::lines::Who;
use crate::simulate::people::everyday::MESSAGES_A_VISIT;
use crate::simulate::person::Person;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::{Visit, whole};
use crate::simulate::world::daily;

/// Its users.
pub(in crate::simulate) struct NewMarket {
    random: Random,
}

impl NewMarket {
    /// From this seed.
    pub(in crate::simulate) fn new(random: Random) -> Self {
        Self { random }
    }
}

impl Actor for NewMarket {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        let random = &mut self.random;
        let country = scene.world.new_market;
        let person = Person::new(country, &scene.world, random);
        Visit::of(person, Who::Subject, scene, random).happen(now, scene, random);
        let rate = 0.25 * scene.rate * daily(now, country.utc);
        Some(now + whole(random.exponential(60_000.0 * MESSAGES_A_VISIT / rate)))
    }
}
