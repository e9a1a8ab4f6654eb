//! Many people behind one address: a campus, a stadium, an office at the start of its shift.

use crate::random::Random;
use crate::simulate::countries::Country;
use crate::simulate::lines::Who;
use crate::simulate::networks::{Kind, Network, Origin};
use crate::simulate::person::Person;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::{Visit, whole};

/// All of them, one after another.
pub(in crate::simulate) struct SharedAddress {
    random: Random,
    class: &'static str,
    country: &'static Country,
    address: Origin,
    left: u64,
    every_ms: f64,
}

impl SharedAddress {
    /// So many people in so many milliseconds behind one address in this country.
    #[expect(clippy::cast_precision_loss, reason = "people and milliseconds of a day")]
    pub(in crate::simulate) fn new(
        class: &'static str,
        country: &'static Country,
        people: u64,
        within_ms: u64,
        mut random: Random,
    ) -> Self {
        let address = Network::any(country, Kind::Broadband, &mut random).address(&mut random);
        Self { random, class, country, address, left: people, every_ms: within_ms as f64 / people as f64 }
    }
}

impl Actor for SharedAddress {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        let random = &mut self.random;
        let person = Person::new(self.country, &scene.world, random);
        let mut visit = Visit::of(person, Who::Subject, scene, random);
        visit.guest.origin = self.address.clone();
        visit.class = self.class;
        visit.happen(now, scene, random);
        self.left = self.left.saturating_sub(1);
        (self.left > 0).then(|| now + whole(random.exponential(self.every_ms)))
    }
}
