//! A campaign: within minutes many times the normal rate, nearly all of them new, until it ebbs away.

use crate::random::Random;
use crate::simulate::lines::Who;
use crate::simulate::people::everyday::MESSAGES_A_VISIT;
use crate::simulate::person::Person;
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::{Visit, whole};

/// The crowd.
pub(in crate::simulate) struct Campaign {
    random: Random,
    /// Set by the first act.
    began: Option<u64>,
    length: f64,
    times: f64,
}

impl Campaign {
    /// 20 to 28 times the normal rate for one to two hours.
    pub(in crate::simulate) fn new(mut random: Random) -> Self {
        let length = random.uniform(1.0, 2.0) * 3_600_000.0;
        let times = random.uniform(20.0, 28.0);
        Self { random, began: None, length, times }
    }
}

impl Actor for Campaign {
    #[expect(clippy::cast_precision_loss, reason = "some hours in milliseconds")]
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        let random = &mut self.random;
        let age = (now - *self.began.get_or_insert(now)) as f64;
        // Full within three minutes, and for the first third; then it ebbs.
        let ebb = (-(age - self.length / 3.0).max(0.0) / (self.length / 3.0)).exp();
        let rate = scene.rate * self.times * ebb * (age / 180_000.0).clamp(0.05, 1.0);
        let country = scene.world.country_at(now, random);
        let visit = Visit::of(Person::new(country, &scene.world, random), Who::Subject, scene, random);
        visit.happen(now, scene, random);
        let next = now + whole(random.exponential(60_000.0 * MESSAGES_A_VISIT / rate));
        (age < self.length).then_some(next)
    }
}
