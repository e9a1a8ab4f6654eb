//! Who asks: address, identifying cookie or device, visit, fingerprint.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use super::{Timestamp, Traits};
use crate::privacy::Pseudonym;

/// Who asks for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Where the request came from, behind the trusted proxies.
    pub address: Address,
    /// Cookie or device id, the first of the endpoint's sources that the request carries.
    pub id: Option<ClientId>,
    /// sendwall's own visit cookie.
    pub visit: Visit,
    /// What the headers look like.
    pub fingerprint: Fingerprint,
}

impl Client {
    /// Whether it has an app's own id, which no page gave it.
    pub fn is_device(&self) -> bool {
        self.id.is_some() && self.visit == Visit::None
    }
}

/// A client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address itself; IPv4 where it came mapped into IPv6 or through NAT64.
    pub ip: IpAddr,
    /// What counts as one address: IPv4 /32, IPv6 /64.
    pub unit: IpNet,
    /// Its neighbourhood: IPv4 /24, IPv6 /48.
    pub network: IpNet,
    /// Keyed name of `unit`.
    pub id: Pseudonym,
}

/// What identifies a client over several requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId {
    /// Keyed name of the value.
    pub id: Pseudonym,
    /// Where it was read.
    pub source: ClientSource,
}

/// Where a client id is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientSource {
    /// sendwall's visit cookie.
    Visit,
    /// A cookie of the app.
    Cookie(Arc<str>),
    /// A header of the app, such as a device id.
    Header(Arc<str>),
}

impl fmt::Display for ClientSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visit => f.write_str("visit"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

impl Serialize for ClientSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the visit cookie tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Visit {
    /// No visit cookie: the client loaded no page through sendwall, or keeps no cookies.
    #[default]
    None,
    /// A visit cookie that no key of ours signed.
    Forged,
    /// A page was first loaded at that time.
    Since(Timestamp),
}

/// What a client's headers look like, without anything that identifies a person.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// Hash of header names in order and the agent without its versions.
    pub hash: u64,
    /// The agent without versions: `Mozilla (Windows NT; Win; x) AppleWebKit Chrome Safari`, cut at 120 bytes.
    pub agent: Arc<str>,
    /// What the headers say of the program that sent them.
    pub traits: Traits,
}
