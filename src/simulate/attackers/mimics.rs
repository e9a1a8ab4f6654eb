//! Bots that nothing tells from people: each request is a new user's first visit, with a browser or the app, a page, a home
//! and a phone of its own. Only that there are so many gives them away, and that none of them types a code in.

use super::Skill;
use crate::domain::ChallengeKind;
use crate::random::Random;
use crate::simulate::lines::{Ask, Line, Who, body_length};
use crate::simulate::person::{Client, Person};
use crate::simulate::scene::{Actor, Scene};
use crate::simulate::visit::whole;

/// The bots.
pub(in crate::simulate) struct Mimics {
    left: u64,
    wait_ms: f64,
    skill: Skill,
    random: Random,
}

/// So many of them.
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
pub(in crate::simulate) fn new(count: u64, minutes: f64, random: Random) -> Mimics {
    let skill = Skill { solves: vec![ChallengeKind::Pow], solve_ms: (300, 4_000), verifies: 0.0 };
    Mimics { left: count, wait_ms: minutes * 60_000.0 / count as f64, skill, random }
}

impl Actor for Mimics {
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64> {
        let random = &mut self.random;
        let country = scene.world.country_at(now, random);
        let guest = Person::new(country, &scene.world, random).visits(&scene.world, random);
        let line = guest.line(&scene.world);
        let mut ts = now;
        if let Client::Web(browser) = &guest.client {
            scene.write(ts, Line { headers: browser.page(), ..line.clone() });
            ts += random.between(5_000, 40_000);
        }
        let headers = guest.client.fetch(body_length(&guest.phone));
        let outcome = self.skill.outcome(random);
        let ask = Ask { phone: guest.phone, outcome, who: Who::Attacker, class: "mimics", resend: false };
        scene.write(ts, Line { headers, ask: Some(ask), ..line });
        self.left -= 1;
        (self.left > 0).then(|| now + whole(random.exponential(self.wait_ms)))
    }
}
