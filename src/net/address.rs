//! Which addresses an outgoing request may go to: public ones, and what the operator allows besides.
//!
//! A webhook's URL may come from somewhere less careful than the configuration, and a name may point anywhere: without
//! this check it could be aimed at what only this machine reaches (metadata services, admin addresses, databases).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The networks besides public addresses that may be connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    allowed: Vec<IpNet>,
}

impl Reach {
    /// Public addresses and those of `allowed`.
    pub fn and(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether a connection to `address` may be made.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }
}

/// Whether the address is one of the public internet, by IANA's registries of special addresses.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => match translated(address) {
            Some(inner) => is_public(IpAddr::V4(inner)),
            None => GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|network| network.contains(&address)),
        },
    }
}

/// The IPv4 address that a translator sends this on to: what hosts without IPv4 are given for every name (RFC 6052).
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96);
    let [.., a, b, c, d] = address.octets();
    NAT64.contains(&address).then(|| Ipv4Addr::new(a, b, c, d))
}

/// What is assigned for global unicast at all (`2000::/3`).
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

const SPECIAL_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0, 0], 23),     // protocol assignments: Teredo, ORCHID, benchmarking
    v6([0x2001, 0xdb8, 0, 0], 32), // documentation
    v6([0x2002, 0, 0, 0], 16),     // 6to4: an IPv4 address in disguise, of a way that no longer exists
    v6([0x3fff, 0, 0, 0], 20),     // documentation
];

const SPECIAL_V4: [Ipv4Net; 14] = [
    v4([0, 0, 0, 0], 8),       // this network
    v4([10, 0, 0, 0], 8),      // private
    v4([100, 64, 0, 0], 10),   // shared by carriers
    v4([127, 0, 0, 0], 8),     // loopback
    v4([169, 254, 0, 0], 16),  // link-local; metadata services
    v4([172, 16, 0, 0], 12),   // private
    v4([192, 0, 0, 0], 24),    // protocol assignments
    v4([192, 0, 2, 0], 24),    // documentation
    v4([192, 88, 99, 0], 24),  // 6to4 relays
    v4([192, 168, 0, 0], 16),  // private
    v4([198, 18, 0, 0], 15),   // benchmarking
    v4([198, 51, 100, 0], 24), // documentation
    v4([203, 0, 113, 0], 24),  // documentation
    v4([224, 0, 0, 0], 3),     // multicast, reserved, broadcast
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b, c, d]: [u16; 4], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_reached_unless_allowed() {
        let none = Reach::default();
        for public in ["1.1.1.1", "192.0.1.1", "172.32.0.1", "223.255.255.255", "2606:4700::1", "64:ff9b::101:101"] {
            assert!(none.allows(public.parse().unwrap()), "{public}");
        }
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
        ];
        let some = Reach::and(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        for address in private {
            let ip = address.parse().unwrap();
            assert!(!none.allows(ip), "{address}");
            assert_eq!(some.allows(ip), ["10.1.2.3", "::ffff:10.0.0.1", "::1"].contains(&address), "{address}");
        }
    }
}
