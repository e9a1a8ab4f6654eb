//! What one limit is, as the configuration says it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::domain::{Facts, Mode, Span};
use crate::rules::Expression;

/// At most `max` of something in any window of length `per`.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Unique; in reasons, metrics and logs.
    pub name: Arc<str>,
    /// What is limited.
    pub on: On,
    /// Endpoints that it holds for, by name; empty means all.
    pub endpoints: Vec<Arc<str>>,
    /// Only attempts for which this holds (vocabulary: facts) are judged and counted.
    pub when: Option<Expression>,
    /// What it counts by, in this order. An attempt that lacks one of these isn't judged by the limit.
    pub key: Vec<KeyPart>,
    /// Counts how many different values of this there are, instead of how many attempts.
    pub distinct: Option<KeyPart>,
    /// The most that a window may hold. 0 refuses everything it applies to.
    pub max: u32,
    /// Length of the sliding window.
    pub per: Span,
    /// Whether refused attempts count too; those that are asked for a proof are none.
    pub count_rejected: bool,
    /// After each of the last attempts the next must wait this long, doubled for each one in the window; `None`: no wait.
    pub growing_wait: Option<Span>,
    /// Whether the limit refuses, or only tells.
    pub mode: Mode,
    /// What a new key gets when the table is full of entries worth keeping.
    pub when_full: WhenFull,
}

impl Limit {
    /// Whether it judges such an attempt at all. An attempt that lacks a part of the key isn't judged either.
    pub fn applies(&self, on: On, facts: &Facts) -> bool {
        self.on == on
            && (self.endpoints.is_empty() || self.endpoints.contains(&facts.endpoint))
            && self.when.as_ref().is_none_or(|when| when.holds(facts))
    }

    /// Whether it reads that fact, to count by it or in its condition.
    pub fn asks_for(&self, fact: &str) -> bool {
        let mut parts = self.key.iter().chain(&self.distinct);
        parts.any(|part| part.name() == fact) || self.when.as_ref().is_some_and(|when| when.uses(fact))
    }

    /// What it counts by, for people: `ip + phone.country`.
    pub fn key_text(&self) -> String {
        self.key.iter().map(|part| part.name()).collect::<Vec<_>>().join(" + ")
    }

    /// What it counts, for people: `sends`, `tries`, `different phones`.
    pub fn what(&self) -> String {
        match (self.distinct, self.on) {
            (Some(part), _) => format!("different values of {part}"),
            (None, On::Send) => "sends".to_owned(),
            (None, On::Verify) => "wrong tries".to_owned(),
        }
    }
}

/// What a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Requests for a code.
    Send,
    /// Wrong tries at the verify endpoint.
    Verify,
}

/// One part of a limit's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum KeyPart {
    /// The phone.
    #[serde(rename = "phone")]
    Phone,
    /// Country of the phone.
    #[serde(rename = "phone.country")]
    PhoneCountry,
    /// E.164 less four digits.
    #[serde(rename = "phone.range")]
    PhoneRange,
    /// Address: IPv4, IPv6 /64.
    #[serde(rename = "ip")]
    Ip,
    /// IPv4 /24, IPv6 /48.
    #[serde(rename = "network")]
    Network,
    /// Country of the address.
    #[serde(rename = "ip.country")]
    IpCountry,
    /// Autonomous system of the address.
    #[serde(rename = "ip.asn")]
    IpAsn,
    /// Cookie or device id, whichever the endpoint's `client` finds first.
    #[serde(rename = "cookie")]
    Cookie,
    /// Header fingerprint.
    #[serde(rename = "fingerprint")]
    Fingerprint,
    /// The endpoint.
    #[serde(rename = "endpoint")]
    Endpoint,
}

impl KeyPart {
    /// Every part, for configuration and documentation.
    pub const ALL: [Self; 10] = [
        Self::Phone,
        Self::PhoneCountry,
        Self::PhoneRange,
        Self::Ip,
        Self::Network,
        Self::IpCountry,
        Self::IpAsn,
        Self::Cookie,
        Self::Fingerprint,
        Self::Endpoint,
    ];

    /// The name in configuration and reasons.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::PhoneCountry => "phone.country",
            Self::PhoneRange => "phone.range",
            Self::Ip => "ip",
            Self::Network => "network",
            Self::IpCountry => "ip.country",
            Self::IpAsn => "ip.asn",
            Self::Cookie => "cookie",
            Self::Fingerprint => "fingerprint",
            Self::Endpoint => "endpoint",
        }
    }

    /// Reads a name; `device` and `client` are other names of `cookie`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "device" | "client" => Some(Self::Cookie),
            _ => Self::ALL.into_iter().find(|part| part.name() == name),
        }
    }
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a new key gets when the table is full of entries worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// It passes uncounted: a full table must not lock real users out.
    #[default]
    Pass,
    /// It is refused: nothing passes that isn't counted.
    Refuse,
}
