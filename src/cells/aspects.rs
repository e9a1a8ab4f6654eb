//! What an attempt shares with others: a key for each cell that it touches.

use super::Kind;
use super::carriers;
use crate::domain::{Country, Facts, Rung, Trust};
use crate::limits::{country_value, mix, network_value, text_value};

/// The keys of an attempt's cells, by kind; `None` where it lacks the aspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aspects {
    pub(super) keys: [Option<u64>; Kind::ALL.len()],
    /// About the carrier of the phone; see [`carriers`].
    pub(super) carrier: Option<u64>,
}

impl Aspects {
    /// From what an attempt says. `seed` is secret, so that nobody can look for values whose cells collide.
    pub(super) fn of(facts: &Facts, seed: u64) -> Self {
        let phone = facts.phone();
        let client = &facts.client;
        let value = |kind| match kind {
            Kind::Phone => phone.map(|phone| phone.id.short()),
            Kind::Client => client.id.as_ref().map(|id| id.id.short()),
            Kind::Address => Some(client.address.id.short()),
            Kind::Range => phone.map(|phone| phone.range.digits()),
            Kind::Network => Some(network_value(client.address.network.network())),
            Kind::WideRange => phone.map(|phone| phone.range.digits() / 100),
            Kind::Fingerprint => Some(client.fingerprint.hash),
            Kind::System => facts.place.asn.map(u64::from),
            Kind::Pair => Some(mix([country_value(phone?.country?), country_value(facts.place.country?)])),
            Kind::Country => phone.and_then(|phone| phone.country).map(country_value),
            // Whether it is one is known by what was verified there.
            Kind::NewCountries => None,
            Kind::Endpoint => Some(text_value(&facts.endpoint)),
        };
        let keys = Kind::ALL.map(|kind| value(kind).map(|value| key(seed, kind, value)));
        Self { keys, carrier: phone.map(|phone| carriers::key(seed, phone)) }
    }

    /// The same of an attempt whose phone is of a new country.
    pub(super) fn with_new_country(mut self, seed: u64) -> Self {
        self.keys[Kind::NewCountries as usize] = Some(key(seed, Kind::NewCountries, 0));
        self
    }

    pub(super) fn key(&self, kind: Kind) -> Option<u64> {
        self.keys[kind as usize]
    }
}

fn key(seed: u64, kind: Kind, value: u64) -> u64 {
    mix([seed, kind as u64, value])
}

/// The cell of an endpoint.
pub(super) fn endpoint_key(seed: u64, endpoint: &str) -> u64 {
    key(seed, Kind::Endpoint, text_value(endpoint))
}

/// The cell of a country.
pub(super) fn country_key(seed: u64, of: Country) -> u64 {
    key(seed, Kind::Country, country_value(of))
}

/// The cell of a rung above the first, or of clients that verified before, beside the base cell of strangers.
pub(super) fn variant(key: u64, kind: Kind, trust: Trust, rung: Rung) -> u64 {
    let class = class(kind, trust);
    let rung = if kind == Kind::Phone { Rung::None } else { rung };
    match (class, rung) {
        (0, Rung::None) => key,
        (class, rung) => mix([key, 16 * class + rung as u64]),
    }
}

/// Whose cell it is: strangers' (0), that of numbers which were verified before, by whatever client (1), or that of
/// clients which verified before (2). What says where a request comes from is not split by numbers: a bomber mixes
/// known ones with others.
const fn class(kind: Kind, trust: Trust) -> u64 {
    match (kind, trust) {
        (Kind::Client, _) | (_, Trust::Unknown) | (Kind::Phone | Kind::Address | Kind::Network, Trust::KnownPhone) => 0,
        (_, Trust::KnownPhone) => 1,
        (_, Trust::KnownClient | Trust::Owner) => 2,
    }
}
