//! One user: a phone, a device, a home, a cookie. All of it follows from a seed, so a person who comes back is the
//! same one and takes no room while away.

use super::browser::{App, Browser, Headers};
use super::countries::Country;
use super::lines::Line;
use super::networks::{Kind, Network, Origin};
use super::world::{Phone, World};
use crate::random::Random;

/// A user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    seed: u64,
    pub(super) country: &'static Country,
    pub(super) has_app: bool,
}

/// A user's things, as they are on one visit.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    pub(super) phone: Phone,
    pub(super) client: Client,
    /// Value of the cookie; `None`: this browser keeps none.
    pub(super) cookie: Option<String>,
    pub(super) device: Option<String>,
    pub(super) origin: Origin,
}

/// What a user asks with.
#[derive(Clone, Debug)]
pub(super) enum Client {
    /// A browser.
    Web(Browser),
    /// The shop's app.
    App(App),
}

/// Part of the people with a browser who keep cookies.
const KEEPS_COOKIE: f64 = 0.9;
/// Part of the visits of those that come without the old cookie: deleted, or another browser.
const LOST_COOKIE: f64 = 0.06;
/// Part of the homes with IPv6.
const HAS_IPV6: f64 = 0.35;

impl Person {
    /// Somebody new from there.
    pub(super) fn new(country: &'static Country, world: &World, random: &mut Random) -> Self {
        let seed = random.bits();
        Self { seed, country, has_app: random.happens(world.apps) }
    }

    /// The number.
    pub(super) fn phone(&self, world: &World) -> Phone {
        world.phone(self.country, &mut Random::of(&[self.seed, 1]))
    }

    /// The user as seen on one visit. `random` is of the visit.
    pub(super) fn visits(&self, world: &World, random: &mut Random) -> Guest {
        let mut own = Random::of(&[self.seed, 2]);
        let is_mobile = self.has_app || own.happens(0.55);
        let token = format!("{:016x}{:08x}", own.bits(), own.below(1 << 32));
        let keeps = own.happens(KEEPS_COOKIE);
        let origin = self.at(is_mobile, &mut own, random);
        let (client, cookie, device) = if self.has_app {
            (Client::App(App::of_person(self.country.language, &mut own)), None, Some(token))
        } else {
            let browser = Browser::of_person(is_mobile, self.country.language, &mut own);
            let cookie = if random.happens(LOST_COOKIE) { format!("{:024x}", random.bits()) } else { token };
            (Client::Web(browser), keeps.then_some(cookie), None)
        };
        Guest { phone: self.phone(world), client, cookie, device, origin }
    }

    /// Mostly at home, or behind the carrier's NAT, sometimes in another place of the country.
    fn at(&self, is_mobile: bool, own: &mut Random, visit: &mut Random) -> Origin {
        let home = Network::any(self.country, Kind::Broadband, own);
        let carrier = Network::any(self.country, Kind::Carrier, own);
        let house = own.bits();
        let has_ipv6 = own.happens(HAS_IPV6);
        let house = if visit.happens(0.04) { visit.bits() } else { house };
        if is_mobile && visit.happens(0.5) {
            if has_ipv6 { carrier.v6(visit.bits(), visit.bits()) } else { carrier.address(visit) }
        } else if has_ipv6 {
            home.v6(house, visit.bits())
        } else {
            home.v4(house)
        }
    }
}

impl Guest {
    /// What all requests of the visit have.
    pub(super) fn line(&self, world: &World) -> Line {
        Line {
            origin: self.origin.clone(),
            cookie: self.cookie.clone(),
            device: self.device.clone(),
            headers: Vec::new(),
            ja4: world.has_ja4.then(|| self.client.ja4()),
            ask: None,
        }
    }
}

impl Client {
    /// What goes along with a JSON body of so many bytes.
    pub(super) fn fetch(&self, length: usize) -> Headers {
        match self {
            Self::Web(browser) => browser.fetch(length),
            Self::App(app) => app.fetch(length),
        }
    }

    /// TLS fingerprint.
    pub(super) fn ja4(&self) -> &'static str {
        match self {
            Self::Web(browser) => browser.ja4(),
            Self::App(app) => app.ja4(),
        }
    }
}
