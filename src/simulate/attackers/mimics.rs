//! Bots that nothing tells from people: each request is a new user's first visit, with a browser or the app, a page, a home
//! and a phone of its own. Only that there are so many gives them away, and that none of them types a code in.

use super::Skill;
use super::ranges::{Ranges, WORTH};
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
    /// Where their numbers are; else each has one of its own country.
    ranges: Option<Ranges>,
    skill: Skill,
    random: Random,
}

/// So many of them.
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
pub(in crate::simulate) fn new(count: u64, minutes: f64, random: Random) -> Mimics {
    let skill = Skill { solves: vec![ChallengeKind::Pow], solve_ms: (300, 4_000), verifies: 0.0 };
    Mimics { left: count, wait_ms: minutes * 60_000.0 / count as f64, ranges: None, skill, random }
}

/// One each half-minute, for numbers of eighty ranges.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
pub(in crate::simulate) fn slow(days: f64, mut random: Random) -> Mimics {
    let ranges = Some(Ranges::of(&WORTH, 80, &mut random));
    let minutes = days * 24.0 * 60.0;
    Mimics { ranges, ..new((minutes * 2.0) as u64, minutes, random) }
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
        let phone = self.ranges.as_mut().map_or(guest.phone, |ranges| ranges.next(random));
        let headers = guest.client.fetch(body_length(&phone));
        let outcome = self.skill.outcome(random);
        let ask = Ask { phone, outcome, who: Who::Attacker, class: "mimics", resend: false };
        scene.write(ts, Line { headers, ask: Some(ask), ..line });
        self.left -= 1;
        (self.left > 0).then(|| now + whole(random.exponential(self.wait_ms)))
    }
}
