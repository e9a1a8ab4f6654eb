//! Where an address is.

use std::sync::Arc;

use serde::Serialize;

use super::Country;

/// What the GeoIP databases say of an address. Every part may be missing, and missing is a value: no database, or no
/// entry in it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// Country of the address.
    pub country: Option<Country>,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Name of that system's owner.
    pub as_org: Option<Arc<str>>,
    /// Whether the network belongs to a hosting provider.
    pub hosting: Option<bool>,
    /// Whether it is a known VPN, proxy or Tor exit.
    pub anonymous: Option<bool>,
}
