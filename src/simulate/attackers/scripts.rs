//! Bombers of several makes: requests, httpx, Go, curl, and agents that nobody has had for ten years.

use super::Skill;
use super::bomber::{Bomber, State};
use super::frozen_cookie::servers_or_proxies;
use super::look::Look;
use crate::random::Random;
use crate::simulate::tools::Tool;

/// One crew; a scenario has several.
pub(in crate::simulate) fn new(hours: f64, mut random: Random) -> Bomber {
    let kinds = random.between(1, 3);
    let tool = |random: &mut Random| if random.happens(0.5) { Tool::honest(random) } else { Tool::old(random) };
    let tools = (0..kinds).map(|_| tool(&mut random)).collect();
    let at_once = random.index(6) + 1;
    Bomber {
        class: "script",
        at_once,
        wave_minutes: (1, 10),
        waves: 5,
        real: 0.4,
        decoys: random.pick([0.0, 0.0, 0.3]),
        is_steady: random.happens(0.3),
        within_ms: hours * 3_600_000.0,
        source: servers_or_proxies(&mut random),
        look: Look::Tools(tools),
        skill: Skill::default(),
        state: State::default(),
        random,
    }
}
