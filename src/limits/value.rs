//! What is counted by, as numbers: the same for limits and for evidence.

use std::net::IpAddr;

use super::mix;
use crate::domain::Country;

/// A country.
pub fn country_value(country: Country) -> u64 {
    text_value(country.as_str())
}

/// A name, such as an endpoint's.
pub fn text_value(text: &str) -> u64 {
    mix(text.bytes().map(u64::from))
}

/// The prefix of a network; its length is the same for all of a family.
pub fn network_value(prefix: IpAddr) -> u64 {
    match prefix {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => mix([6, u64::try_from(address.to_bits() >> 64).unwrap_or(0)]),
    }
}
