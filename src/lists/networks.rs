//! Networks of both families, found by an address in them.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::joint::JointPrefixMap;

/// What is known of networks; a network may lie in another.
#[derive(Clone, Debug)]
pub struct Networks<T>(JointPrefixMap<IpNet, T>);

impl<T> Default for Networks<T> {
    fn default() -> Self {
        Self(JointPrefixMap::new())
    }
}

impl<T> Networks<T> {
    /// Adds a network, or gives it another value; what it had before comes back. IPv4 that is written as IPv6 is IPv4.
    pub fn insert(&mut self, network: IpNet, value: T) -> Option<T> {
        self.0.insert(as_ipv4(network).trunc(), value)
    }

    /// Takes exactly this network out.
    pub fn remove(&mut self, network: IpNet) -> Option<T> {
        self.0.remove(&as_ipv4(network).trunc())
    }

    /// Exactly this network.
    pub fn get(&self, network: IpNet) -> Option<&T> {
        self.0.get(&as_ipv4(network).trunc())
    }

    /// Whether any of the networks holds the address, as [`Address::ip`](crate::domain::Address) has it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.get_spm(&address.into()).is_some()
    }

    /// The values of all networks that hold the address, the widest first.
    pub fn around(&self, address: IpAddr) -> impl Iterator<Item = &T> {
        self.0.cover_values(&address.into())
    }

    /// How many networks.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Default> FromIterator<IpNet> for Networks<T> {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let mut all = Self::default();
        for network in networks {
            all.insert(network, T::default());
        }
        all
    }
}

/// Reads a network, `192.0.2.0/24`, or an address. An IPv6 address alone stands for its /64: whoever has one has all of
/// them. `None` for anything else, and for a network with bits behind its length, which may mean another.
pub fn network_of(text: &str) -> Option<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            let whole = as_ipv4(IpNet::V6(address.into()));
            match whole {
                IpNet::V4(_) => Some(whole),
                IpNet::V6(_) => Ipv6Net::new(address, 64).ok().map(|unit| IpNet::V6(unit.trunc())),
            }
        }
        Ok(address) => Some(address.into()),
        Err(_no_address) => {
            let network: IpNet = text.parse().ok()?;
            (network.trunc() == network).then(|| as_ipv4(network))
        }
    }
}

/// IPv4 where it is mapped into IPv6 (`::ffff:0:0/96`) or goes through NAT64 (`64:ff9b::/96`), as for addresses.
fn as_ipv4(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else { return network };
    let Some(length) = six.prefix_len().checked_sub(96) else { return network };
    match six.addr().segments() {
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
            let [.., a, b, c, d] = six.addr().octets();
            Ipv4Net::new(Ipv4Addr::new(a, b, c, d), length).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn net(text: &str) -> IpNet {
        network_of(text).unwrap()
    }

    #[test]
    fn an_address_is_found_in_every_network_around_it() {
        let mut all = Networks::default();
        for text in ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "2001:db8::/32", "::ffff:192.0.2.0/120"] {
            assert_eq!(all.insert(net(text), text), None);
        }
        let around = |address: &str| all.around(address.parse().unwrap()).copied().collect::<Vec<_>>();
        assert_eq!(around("10.1.2.3"), ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]);
        assert_eq!(around("10.1.2.4"), ["10.0.0.0/8", "10.1.0.0/16"]);
        assert_eq!(around("192.0.2.77"), ["::ffff:192.0.2.0/120"]);
        assert_eq!(around("2001:db8::1"), ["2001:db8::/32"]);
        assert_eq!(around("11.0.0.1"), [""; 0]);
        assert!(all.contains("10.255.0.1".parse().unwrap()) && !all.contains("2001:db9::1".parse().unwrap()));
        assert_eq!(all.remove(net("10.0.0.0/8")), Some("10.0.0.0/8"));
        assert!(!all.contains("10.255.0.1".parse().unwrap()));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn networks_are_read_strictly() {
        for (text, read) in [
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("2001:db8::7", "2001:db8::/64"),
            ("2001:db8::7/128", "2001:db8::7/128"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("64:ff9b::192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(net(text).to_string(), read, "{text}");
        }
        for bad in ["192.0.2.1/24", "192.0.2.0/33", "192.0.2", "", "example.com", "2001:db8::1/64"] {
            assert_eq!(network_of(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_tree_agrees_with_asking_every_network(
            networks in prop::collection::vec((any::<[u8; 4]>(), 0_u8..=32, any::<bool>()), 0..40),
            asked in prop::collection::vec(any::<[u8; 4]>(), 1..20),
        ) {
            // Few different bits, so that networks lie in each other and are met.
            let narrow = |bytes: [u8; 4]| bytes.map(|byte| byte & 3);
            let networks: Vec<IpNet> = networks.into_iter().map(|(bytes, length, six)| {
                let four = Ipv4Net::new(narrow(bytes).into(), length).unwrap();
                let mapped = Ipv6Net::new(four.addr().to_ipv6_mapped(), 96 + length).unwrap();
                if six { mapped.into() } else { four.into() }
            }).collect();
            let mut all = Networks::default();
            for network in &networks {
                all.insert(*network, as_ipv4(*network).trunc());
            }
            for bytes in asked {
                let address = IpAddr::from(narrow(bytes));
                let mut expected: Vec<_> = networks.iter().map(|network| as_ipv4(*network).trunc()).collect();
                expected.retain(|network| network.contains(&address));
                expected.sort_by_key(IpNet::prefix_len);
                expected.dedup();
                prop_assert_eq!(all.around(address).copied().collect::<Vec<_>>(), expected.clone());
                prop_assert_eq!(all.contains(address), !expected.is_empty());
            }
        }
    }
}
