//! People and attackers that write traces: the same seed, the same trace.
//!
//! Actors (`people`, `attackers`, a small file each) act in a [`scene`] and write lines; [`scenarios`] says who is in
//! which scenario, and when. The world behind them is invented: systems have numbers for private use and made-up
//! names, phone numbers are of valid form and drawn at random.
//!
//! Must not know: how sendwall decides, who reads the trace.

mod attackers;
mod browser;
mod countries;
mod known;
mod lines;
mod networks;
mod people;
mod person;
mod scenarios;
mod scene;
mod tools;
mod visit;
mod world;

pub use lines::SEND_PATH;
pub use scenarios::{Scenario, scenarios};

use crate::domain::Timestamp;
use crate::random::Random;
use crate::trace::Event;

use self::scenarios::Cast;
use self::scene::{Play, Scene};
use self::world::World;

/// 2 November 2026, a Monday, in Unix milliseconds.
const START: Timestamp = Timestamp::from_unix_ms(1_793_577_600_000);
const DAY_MS: f64 = 86_400_000.0;

/// How much of what.
#[derive(Clone, Debug)]
pub struct Options {
    /// Same seed, same trace.
    pub seed: u64,
    /// Length in days; `None`: what the scenario needs.
    pub days: Option<f64>,
    /// Messages a minute of the ordinary day, on average.
    pub rate: f64,
    /// Name of the endpoint in the configuration.
    pub endpoint: String,
    /// Time of the first line, or a little before.
    pub start: Timestamp,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, days: None, rate: 10.0, endpoint: "login".to_owned(), start: START }
    }
}

/// Why there is no trace.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// No time, or too much.
    #[error("a trace has more than 0 and at most 366 days, not {0}")]
    Days(f64),
    /// No traffic, or too much.
    #[error("an ordinary day has 0.01 to 100000 messages a minute on average, not {0}")]
    Rate(f64),
}

/// The scenario of this name.
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    scenarios().iter().find(|scenario| scenario.name == name)
}

/// The lines of a scenario, in the order of time. They are made as they are taken.
pub fn simulate(
    scenario: &'static Scenario,
    options: &Options,
) -> Result<impl Iterator<Item = Event<'static>> + use<>, Error> {
    let days = options.days.unwrap_or(scenario.days);
    if !(days > 0.0 && days <= 366.0) {
        return Err(Error::Days(days));
    }
    if !(0.01..=100_000.0).contains(&options.rate) {
        return Err(Error::Rate(options.rate));
    }
    let world = World::of(options.seed);
    let mut random = Random::of(&[options.seed, 0]);
    let mut scene = Scene::new(scenario.name, scenario.background(), options.endpoint.clone(), world, &mut random);
    let start = options.start.unix_ms() + scenario.begins_ms();
    let length = days * DAY_MS;
    scene.rate = options.rate;
    scene.end = start + visit::whole(length);
    let mut cast = Cast::new(Play::new(scene), start, length, random);
    (scenario.cast)(&mut cast);
    Ok(cast.play())
}
