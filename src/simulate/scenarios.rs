//! Which scenarios there are, who is in them, and when they come.

use super::attackers::{
    app_emulation, burst_address, captcha_farm, distributed, fakers, few_hosts, frozen_cookie, headless_bomber,
    home_range, ipv6, low_and_slow, market_abuse, mimics, rotating, scripts,
};
use super::lines::Who;
use super::people::campaign::Campaign;
use super::people::everyday::Everyday;
use super::people::new_market::NewMarket;
use super::people::outage::Outage;
use super::people::shared_address::SharedAddress;
use super::people::travellers::Travellers;
use super::scene::{Actor, Play};
use super::visit::whole;
use super::world::World;
use crate::random::Random;

const HOUR_MS: f64 = 3_600_000.0;
const MINUTE_MS: u64 = 60_000;

/// Something that happens to a service.
#[derive(Debug)]
pub struct Scenario {
    /// What it is called by.
    pub name: &'static str,
    /// What happens, in one sentence.
    pub about: &'static str,
    /// Its length where none is asked for.
    pub days: f64,
    /// Whether somebody attacks.
    pub is_attack: bool,
    pub(super) cast: fn(&mut Cast),
}

impl Scenario {
    /// The row of the report for people who are just there: that of the scenario, unless it is about other people.
    pub(super) fn background(&self) -> String {
        if self.is_attack || self.name == "quiet" { self.name.to_owned() } else { format!("{} background", self.name) }
    }

    /// Whether looks can be learned from it: there is nothing to see where nothing tells abuse from real use.
    pub fn teaches(&self) -> bool {
        !self.name.starts_with("mimics")
    }

    /// Where it begins in its first day.
    pub(super) fn begins_ms(&self) -> u64 {
        if self.name == "mid-attack" { 13 * 60 * MINUTE_MS } else { 0 }
    }
}

/// Puts actors on the stage.
pub(super) struct Cast {
    play: Play,
    start: u64,
    length: f64,
    random: Random,
}

impl Cast {
    pub(super) fn new(play: Play, start: u64, length: f64, random: Random) -> Self {
        Self { play, start, length, random }
    }

    pub(super) fn play(self) -> Play {
        self.play
    }

    fn random(&mut self) -> Random {
        self.random.split()
    }

    fn world(&mut self) -> &World {
        &self.play.scene().world
    }

    /// So many hours after the start.
    fn at(&mut self, hours: f64, actor: impl Actor + 'static) {
        self.play.enter(self.start + whole(hours * HOUR_MS), actor);
    }

    /// The hour at which the event begins: in the middle of the second day, or, in a shorter trace, of the trace.
    fn event(&mut self) -> f64 {
        let hours = self.length / HOUR_MS;
        (24.0 + self.random.uniform(8.0, 17.0)).min((hours - 7.0).max(hours * 0.5))
    }

    /// Hours of the first day, or of a quarter of a shorter trace, without abuse that goes on for days, and its days.
    fn first_day(&self) -> (f64, f64) {
        let hours = self.length / HOUR_MS;
        let quiet = 24.0_f64.min(hours * 0.25);
        (quiet, (hours - quiet) / 24.0)
    }

    /// People of all kinds, as every day has them.
    fn ordinary(&mut self) {
        let everyday = Everyday::new(self.random());
        self.at(0.0, everyday);
        let share = self.random.uniform(0.02, 0.03);
        let travellers = Travellers::new(share, Who::Guest, self.random());
        self.at(0.001, travellers);
    }

    fn attack(&mut self, actor: impl Actor + 'static) {
        let hour = self.event();
        self.at(hour, actor);
    }
}

/// All of them.
pub fn scenarios() -> &'static [Scenario] {
    &ALL
}

#[rustfmt::skip] // a row a scenario
static ALL: [Scenario; 26] = [
    legit("quiet", "Three ordinary days", 3.0, Cast::ordinary),
    legit("shared-address", "10,000 users behind one address within an hour", 2.0, |cast| {
        cast.ordinary();
        cast.crowd("campus", 10_000, 60 * MINUTE_MS);
    }),
    legit("campaign", "25 times the normal rate within minutes, nearly all of them new users", 2.0, |cast| {
        cast.ordinary();
        let campaign = Campaign::new(cast.random());
        cast.attack(campaign);
    }),
    legit("new-market", "A country never seen before starts, and makes a fifth of the traffic", 3.0, |cast| {
        cast.ordinary();
        let market = NewMarket::new(cast.random());
        cast.attack(market);
    }),
    legit("office-morning", "Several offices of 100 to 2,000 people, each behind one address, begin their shift", 2.0, |cast| {
        cast.ordinary();
        cast.offices();
    }),
    legit("travellers", "2 to 8 % of the users are abroad, behind a VPN or in a cloud", 3.0, |cast| {
        let everyday = Everyday::new(cast.random());
        cast.at(0.0, everyday);
        let share = cast.random.uniform(0.02, 0.08);
        let travellers = Travellers::new(share, Who::Subject, cast.random());
        cast.at(0.001, travellers);
    }),
    legit("outage", "For two hours the messages of one country or carrier mostly get lost, and people ask again", 2.0, |cast| {
        cast.ordinary();
        let outage = Outage::new(cast.random());
        cast.attack(outage);
    }),
    attack("burst-address", "One address with a script sends 3,000 within 3 to 10 minutes", 2.0, |cast| {
        cast.ordinary();
        let attacker = burst_address::new(3_000, cast.random());
        cast.attack(attacker);
    }),
    attack("rotating", "20,000 residential addresses pump a handful of ranges for hours", 2.0, |cast| {
        cast.ordinary();
        let (count, hours) = (cast.random.between(20_000, 60_000), cast.random.uniform(3.0, 8.0));
        let attacker = rotating::new(count, hours, cast.random());
        cast.attack(attacker);
    }),
    attack("home-range", "Rotating addresses pump one range of the home market", 2.0, |cast| {
        cast.ordinary();
        let random = cast.random();
        let attacker = home_range::new(5_000, cast.world(), random);
        cast.attack(attacker);
    }),
    attack("ipv6-48", "One /48 sends 5,000, each from another /64", 2.0, |cast| {
        cast.ordinary();
        let attacker = ipv6::new(5_000, cast.random());
        cast.attack(attacker);
    }),
    attack("app-emulation", "10,000 emulated devices with the app's own headers, within an hour", 2.0, |cast| {
        cast.ordinary();
        let random = cast.random();
        let attacker = app_emulation::new(10_000, cast.world(), random);
        cast.attack(attacker);
    }),
    attack("few-hosts", "Eight servers send to several countries", 2.0, |cast| {
        cast.ordinary();
        let attacker = few_hosts::new(5_000, cast.random());
        cast.attack(attacker);
    }),
    attack("distributed", "10,000 hosts send one message each to 10,000 phones at home, within 15 minutes", 2.0, |cast| {
        cast.ordinary();
        let random = cast.random();
        let attacker = distributed::new(10_000, 15.0, cast.world(), random);
        cast.attack(attacker);
    }),
    attack("mimics", "10,000 hosts that look like real users in everything send one message each, within 15 minutes", 2.0, |cast| {
        cast.ordinary();
        let attacker = mimics::new(10_000, 15.0, cast.random());
        cast.attack(attacker);
    }),
    attack("mimics-slow", "One such host each half-minute goes to 80 ranges, for three days", 4.0, |cast| {
        cast.ordinary();
        let (quiet, days) = cast.first_day();
        let attacker = mimics::slow(days, cast.random());
        cast.at(quiet, attacker);
    }),
    attack("captcha-farm", "Pumpers solve every challenge and verify nothing", 2.0, |cast| {
        cast.ordinary();
        let count = cast.random.between(3_000, 5_000);
        let attacker = captcha_farm::new(count, cast.random());
        cast.attack(attacker);
    }),
    attack("fakers", "Pumpers own the numbers and verify 40 %", 2.0, |cast| {
        cast.ordinary();
        let count = cast.random.between(3_000, 5_000);
        let attacker = fakers::new(count, cast.random());
        cast.attack(attacker);
    }),
    attack("low-and-slow", "One message each half-minute over 80 ranges, for three days", 4.0, |cast| {
        cast.ordinary();
        let (quiet, days) = cast.first_day();
        let attacker = low_and_slow::new(days, cast.random());
        cast.at(quiet, attacker);
    }),
    attack("frozen-cookie", "A bomber sends one recorded cookie for all of its victims", 2.0, |cast| {
        cast.ordinary();
        let hours = cast.random.uniform(1.0, 4.0);
        let attacker = frozen_cookie::new(hours, cast.random());
        cast.attack(attacker);
    }),
    attack("headless-bomber", "A bomber drives a real Chrome against known users and random numbers", 2.0, |cast| {
        cast.ordinary();
        let (hours, random) = (cast.random.uniform(2.0, 6.0), cast.random());
        let attacker = headless_bomber::new(hours, cast.world(), random);
        cast.attack(attacker);
    }),
    attack("market-abuse", "Pumping volume is aimed at the ranges in which a market's known users live", 2.0, |cast| {
        cast.ordinary();
        let (count, random) = (cast.random.between(4_000, 8_000), cast.random());
        let attacker = market_abuse::new(count, cast.world(), random);
        cast.attack(attacker);
    }),
    attack("mid-attack", "The trace begins in the middle of two attacks, without any history", 0.25, |cast| {
        cast.ordinary();
        let (first, second) = (cast.random(), cast.random());
        let attacker = rotating::new(20_000, 4.0, first);
        cast.at(0.0, attacker);
        let attacker = distributed::new(10_000, 90.0, cast.world(), second);
        cast.at(0.0, attacker);
    }),
    attack("scripts", "Several bombers with bare tools and agents of long ago", 2.0, |cast| {
        cast.ordinary();
        for _ in 0..cast.random.between(3, 6) {
            let hours = cast.random.uniform(1.0, 5.0);
            let attacker = scripts::new(hours, cast.random());
            cast.attack(attacker);
        }
    }),
    attack("mixed-week", "A week with something of everything, at modest scale", 7.0, Cast::week),
    attack("two-attacks", "A rotating pumper and a bomber with a frozen cookie at the same time", 2.0, |cast| {
        cast.ordinary();
        let hour = cast.event();
        let attacker = rotating::new(20_000, 5.0, cast.random());
        cast.at(hour, attacker);
        let attacker = frozen_cookie::new(3.0, cast.random());
        cast.at(hour + 0.5, attacker);
    }),
];

impl Cast {
    fn crowd(&mut self, class: &'static str, people: u64, within_ms: u64) {
        let random = self.random();
        let country = self.world().home()[0];
        let crowd = SharedAddress::new(class, country, people, within_ms, random);
        self.attack(crowd);
    }

    /// On each morning but the first, or at once in a short trace.
    fn offices(&mut self) {
        for _ in 0..self.random.between(3, 6) {
            let country = self.world().home()[0];
            let people = whole(self.random.lognormal(400.0, 0.8)).clamp(100, 2_000);
            #[expect(clippy::cast_precision_loss, reason = "hours")]
            let nine = 24.0 + 9.0 - country.utc as f64;
            let hour = (nine + self.random.uniform(-1.0, 0.5)).min(self.length / HOUR_MS * 0.6);
            let office = SharedAddress::new("office", country, people, 15 * MINUTE_MS, self.random());
            self.at(hour, office);
        }
    }

    /// A week: a day of peace, then something new each half day.
    fn week(&mut self) {
        self.ordinary();
        let part = self.length / HOUR_MS / 7.0;
        let campaign = Campaign::new(self.random());
        self.at(1.4 * part, campaign);
        let burst = burst_address::new(1_500, self.random());
        self.at(1.9 * part, burst);
        let rotating = rotating::new(8_000, 4.0, self.random());
        self.at(2.5 * part, rotating);
        let random = self.random();
        let headless = headless_bomber::new(3.0, self.world(), random);
        self.at(3.3 * part, headless);
        let outage = Outage::new(self.random());
        self.at(3.7 * part, outage);
        let random = self.random();
        let distributed = distributed::new(3_000, 15.0, self.world(), random);
        self.at(4.4 * part, distributed);
        let farm = captcha_farm::new(1_500, self.random());
        self.at(4.8 * part, farm);
        let frozen = frozen_cookie::new(2.0, self.random());
        self.at(5.4 * part, frozen);
        let fakers = fakers::new(1_500, self.random());
        self.at(5.8 * part, fakers);
        let random = self.random();
        let home = home_range::new(2_000, self.world(), random);
        self.at(6.4 * part, home);
    }
}

const fn legit(name: &'static str, about: &'static str, days: f64, cast: fn(&mut Cast)) -> Scenario {
    Scenario { name, about, days, is_attack: false, cast }
}

const fn attack(name: &'static str, about: &'static str, days: f64, cast: fn(&mut Cast)) -> Scenario {
    Scenario { name, about, days, is_attack: true, cast }
}
