//! A bomber's recording of one session: the same cookie for every victim, a fixed agent of 2020, no page.

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
    let tool = if random.happens(0.6) { Tool::firefox_72() } else { Tool::old(&mut random) };
    let cookie = token(&mut random);
    let at_once = random.index(24) + 6;
    Bomber {
        class: "frozen cookie",
        at_once,
        wave_minutes: (1, 4),
        waves: 6,
        real: 0.5,
        within_ms: hours * 3_600_000.0,
        source: servers_or_proxies(&mut random),
        look: Look::Tool(tool, Some(cookie)),
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
