//! A bomber's recording of one session: the same cookie, or device id, for every victim, a fixed old agent, no page.

use super::bomber::{Bomber, State};
use super::look::{Look, token};
use super::rotating::anywhere;
use super::{Skill, Source};
use crate::random::Random;
use crate::simulate::countries::country;
use crate::simulate::networks::{Kind, Network};
use crate::simulate::tools::Tool;

/// The attacker of this seed.
pub(in crate::simulate) fn new(hours: f64, mut random: Random) -> Bomber {
    let recorded = token(&mut random);
    let look = match random.weighted(&[0.5, 0.3, 0.2]) {
        0 => Look::Cookie(Tool::firefox_72(), recorded),
        1 => Look::Cookie(Tool::old(&mut random), recorded),
        _ => Look::Device(Tool::old_app(&mut random), recorded),
    };
    let at_once = random.index(24) + 6;
    Bomber {
        class: "frozen cookie",
        at_once,
        wave_minutes: (1, 4),
        waves: 6,
        real: 0.5,
        decoys: 0.0,
        is_steady: false,
        within_ms: hours * 3_600_000.0,
        source: servers_or_proxies(&mut random),
        look,
        skill: Skill::default(),
        state: State::default(),
        random,
    }
}

/// Some servers, or a few hundred proxies.
pub(super) fn servers_or_proxies(random: &mut Random) -> Source {
    if random.happens(0.4) {
        return anywhere(300, random);
    }
    let network = Network::any(country(random.pick(["NL", "DE", "US", "RU"])), Kind::Hosting, random);
    let hosts: Vec<_> = (0..random.between(1, 6)).map(|_| network.address(random)).collect();
    Box::new(move |random| random.one(&hosts).clone())
}
