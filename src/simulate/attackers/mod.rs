//! Attackers, a file each. Most are a [`pump::Pump`] or a [`bomber::Bomber`] with its parts chosen; one that is neither
//! implements `Actor` itself.

pub(super) mod app_emulation;
pub(super) mod bomber;
pub(super) mod burst_address;
pub(super) mod captcha_farm;
pub(super) mod distributed;
pub(super) mod fakers;
pub(super) mod few_hosts;
pub(super) mod frozen_cookie;
pub(super) mod headless_bomber;
pub(super) mod home_range;
pub(super) mod ipv6;
pub(super) mod look;
pub(super) mod low_and_slow;
pub(super) mod market_abuse;
pub(super) mod mimics;
pub(super) mod pump;
pub(super) mod ranges;
pub(super) mod rotating;
pub(super) mod scripts;

use look::Look;

use super::lines::{Ask, Line, Who, body_length};
use super::networks::Origin;
use super::scene::Scene;
use super::visit::whole;
use super::world::Phone;
use crate::domain::ChallengeKind;
use crate::random::Random;
use crate::trace::Outcome;

/// Where the next request comes from.
pub(super) type Source = Box<dyn FnMut(&mut Random) -> Origin>;

/// What an attacker does about answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Skill {
    /// Challenges that it solves.
    pub(super) solves: Vec<ChallengeKind>,
    /// How long one takes, in milliseconds.
    pub(super) solve_ms: (u64, u64),
    /// Part of the codes that it types in: it owns the numbers.
    pub(super) verifies: f64,
}

impl Skill {
    fn outcome(&self, random: &mut Random) -> Outcome {
        let solve = random.between(self.solve_ms.0, self.solve_ms.1);
        let verifies = random.happens(self.verifies);
        let delivered = verifies || random.happens(0.97);
        Outcome {
            solves: self.solves.clone(),
            solve_ms: (!self.solves.is_empty()).then_some(solve),
            verify_ms: verifies.then(|| whole(random.lognormal(14_000.0, 0.7)).clamp(3_000, 240_000)),
            delivered,
            delivery_ms: delivered.then(|| random.between(800, 2_900)),
        }
    }
}

/// One request of an attacker.
struct Shot {
    phone: Phone,
    origin: Origin,
    class: &'static str,
    resend: bool,
}

/// Writes a request, with a page before it where the look is one that loads pages.
fn shoot(now: u64, shot: Shot, look: &mut Look, skill: &Skill, scene: &mut Scene, random: &mut Random) {
    let client = look.client(random);
    let ja4 = if scene.world.has_ja4 { client.ja4 } else { None };
    let line = Line {
        origin: shot.origin,
        cookie: client.cookie,
        device: client.device,
        headers: client.page.unwrap_or_default(),
        ja4,
        ask: None,
    };
    let mut ts = now;
    let headers = (client.fetch)(body_length(&shot.phone));
    if !line.headers.is_empty() {
        scene.write(ts, line.clone());
        ts += random.between(1_500, 12_000);
    }
    let outcome = skill.outcome(random);
    let ask = Ask { phone: shot.phone, outcome, who: Who::Attacker, class: shot.class, resend: shot.resend };
    scene.write(ts, Line { headers, ask: Some(ask), ..line });
}
