//! Addresses: who they belong to, and what a GeoIP database would say of them.
//!
//! Systems have numbers of the range for private use (RFC 6996) and invented names. Every system has a /12 and a /32 of
//! its own, worked out from its place in the list of countries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::countries::{self, Country};
use crate::random::Random;
use crate::trace::Geo;

const FIRST_SYSTEM: u64 = 4_200_000_000;
const SYSTEMS_PER_COUNTRY: u64 = 12;
/// First octets in use on the internet.
const OCTETS: [u8; 64] = [
    2, 5, 14, 24, 27, 31, 36, 37, 41, 42, 45, 46, 49, 58, 59, 60, 61, 62, 66, 67, 68, 71, 73, 74, 76, 77, 78, 79, 80,
    81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 98, 99, 101, 102, 103, 105, 106, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120,
];
/// Addresses behind which a carrier hides its customers: four /24.
const NAT_ADDRESSES: u64 = 4 * 256;

/// An address, with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) ip: IpAddr,
    pub(super) geo: Geo<'static>,
}

/// What a system is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Homes, each with an address for weeks.
    Broadband,
    /// Phones behind carrier NAT.
    Carrier,
    /// Servers.
    Hosting,
    /// Known exits of VPN providers, in a hosting network.
    Vpn,
}

/// An autonomous system.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    country: &'static Country,
    kind: Kind,
    slot: u64,
}

impl Network {
    /// One of the three that a country has of this kind.
    pub(super) fn any(country: &'static Country, kind: Kind, random: &mut Random) -> Self {
        Self { country, kind, slot: random.below(3) }
    }

    /// Where somebody is who lives there: an address of their own, or of their carrier.
    pub(super) fn address(self, random: &mut Random) -> Origin {
        match self.kind {
            Kind::Carrier => self.v4(random.below(NAT_ADDRESSES)),
            Kind::Broadband | Kind::Hosting => self.v4(random.below(1 << 20)),
            Kind::Vpn => self.v4(random.below(512)),
        }
    }

    /// An IPv6 address: a /64 of the system, and a host in it.
    pub(super) fn v6(self, subnet: u64, host: u64) -> Origin {
        let high = (0x2a00 << 48) | (self.index() << 32) | (subnet & 0xffff_ffff);
        self.origin(IpAddr::V6(Ipv6Addr::from_bits((u128::from(high) << 64) | u128::from(host))))
    }

    /// An address by number.
    pub(super) fn v4(self, host: u64) -> Origin {
        let index = self.index();
        let octet = OCTETS[usize::try_from(index / 16).unwrap_or(0) % OCTETS.len()];
        let low = u32::try_from(((index % 16) << 20) | (host & 0xf_ffff)).unwrap_or(0);
        self.origin(IpAddr::V4(Ipv4Addr::from_bits((u32::from(octet) << 24) | low)))
    }

    fn index(self) -> u64 {
        let kind = match self.kind {
            Kind::Broadband => 0,
            Kind::Carrier => 3,
            Kind::Hosting => 6,
            Kind::Vpn => 9,
        };
        countries::place(self.country) * SYSTEMS_PER_COUNTRY + kind + self.slot
    }

    fn origin(self, ip: IpAddr) -> Origin {
        let name = match self.kind {
            Kind::Broadband => "Broadband",
            Kind::Carrier => "Mobile",
            Kind::Hosting => "Hosting",
            Kind::Vpn => "Privacy Networks",
        };
        let geo = Geo {
            country: Some(self.country.iso.into()),
            asn: u32::try_from(FIRST_SYSTEM + self.index()).ok(),
            as_org: Some(format!("{} {name} {}", self.country.iso, self.slot + 1).into()),
            hosting: Some(matches!(self.kind, Kind::Hosting | Kind::Vpn)),
            anonymous: Some(self.kind == Kind::Vpn),
        };
        Origin { ip, geo }
    }
}

/// A pool of residential proxies: other people's homes and phones.
#[derive(Clone, Debug)]
pub(super) struct Proxies {
    seed: u64,
    size: u64,
    countries: Vec<&'static Country>,
    /// Part of them that databases know.
    known: f64,
}

impl Proxies {
    /// So many addresses of these countries.
    pub(super) fn new(size: u64, countries: Vec<&'static Country>, random: &mut Random) -> Self {
        Self { seed: random.bits(), size, countries, known: random.uniform(0.0, 0.12) }
    }

    /// Any of them.
    pub(super) fn any(&self, random: &mut Random) -> Origin {
        self.get(random.below(self.size))
    }

    /// The one with this number.
    pub(super) fn get(&self, index: u64) -> Origin {
        let mut own = Random::of(&[self.seed, index]);
        let country = *own.one(&self.countries);
        let kind = if own.happens(0.75) { Kind::Broadband } else { Kind::Carrier };
        let mut origin = Network::any(country, kind, &mut own).address(&mut own);
        origin.geo.anonymous = Some(own.happens(self.known));
        origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::countries::COUNTRIES;

    #[test]
    fn systems_share_no_address_and_no_number() {
        let mut seen = std::collections::HashSet::new();
        for country in COUNTRIES {
            for kind in [Kind::Broadband, Kind::Carrier, Kind::Hosting, Kind::Vpn] {
                for slot in 0..3 {
                    let network = Network { country, kind, slot };
                    let origin = network.v4(0);
                    assert!(seen.insert((origin.ip.to_string(), 0)), "{origin:?}");
                    assert!(seen.insert((String::new(), origin.geo.asn.unwrap())), "{origin:?}");
                    assert!(seen.insert((network.v6(0, 0).ip.to_string(), 0)));
                }
            }
        }
    }
}
