//! People whose address is not where their phone is: abroad, behind a VPN, in a company's cloud.

use crate::random::Random;
use crate::simulate::countries::COUNTRIES;
use crate::simulate::lines::Who;
use crate::simulate::networks::{Kind, Network};
use crate::simulate::people::everyday::MESSAGES_A_VISIT;
use crate::simulate::person::Person;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::{Visit, whole};

/// Those of a service.
pub(in crate::simulate) struct Travellers {
    random: Random,
    share: f64,
    who: Who,
}

impl Travellers {
    /// This part of the service's traffic, as a row of the report of its own or not.
    pub(in crate::simulate) fn new(share: f64, who: Who, random: Random) -> Self {
        Self { random, share, who }
    }
}

impl Actor for Travellers {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        let random = &mut self.random;
        let (person, has_verified) = match scene.known.take(now, scene.habits.returns, random) {
            Some(known) => known,
            None => (Person::new(scene.world.country_at(now, random), &scene.world, random), false),
        };
        let who = if has_verified && self.who == Who::Guest { Who::Known } else { self.who };
        let mut visit = Visit::of(person, who, scene, random);
        let abroad = random.one(COUNTRIES);
        let (class, country, kind) = match random.weighted(&[0.45, 0.35, 0.2]) {
            0 => ("abroad", abroad, if random.happens(0.6) { Kind::Broadband } else { Kind::Carrier }),
            1 => ("vpn", if random.happens(0.5) { person.country } else { abroad }, Kind::Vpn),
            _ => ("cloud", person.country, Kind::Hosting),
        };
        visit.class = class;
        visit.guest.origin = Network::any(country, kind, random).address(random);
        visit.happen(now, scene, random);
        let rate = self.share * scene.rate * scene.world.activity(now);
        Some(now + whole(random.exponential(60_000.0 * MESSAGES_A_VISIT / rate)))
    }
}
