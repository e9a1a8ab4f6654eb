//! Facts as they are written: what cells, rules and people may read, and nothing that names a person.

use std::fmt;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use crate::domain::{
    ClientSource, Country, Facts, Fingerprint, Has, Language, MaskedPhone, Money, NumberKind, Phone, PhoneFact,
    Program, Range, Timestamp, Traits, Unreadable, Validity, Visit,
};
use crate::privacy::Pseudonym;

/// The facts of one attempt.
#[derive(Serialize)]
pub(super) struct FactsLine<'a> {
    /// `present`, `absent` or `unreadable`.
    phone_state: &'static str,
    phone: Option<PhoneLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a Unreadable>,
    client: Option<ClientLine<'a>>,
    address: AddressLine<'a>,
    visit: VisitLine,
    fingerprint: FingerprintLine<'a>,
    price: Option<Money>,
}

impl<'a> FactsLine<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        let (phone_state, phone, unreadable) = match &facts.phone {
            PhoneFact::Present(phone) => ("present", Some(phone), None),
            PhoneFact::Absent => ("absent", None, None),
            PhoneFact::Unreadable(why) => ("unreadable", None, Some(why)),
        };
        Self {
            phone_state,
            phone: phone.map(PhoneLine::of),
            unreadable,
            client: facts.client.id.as_ref().map(|id| ClientLine { id: id.id, source: &id.source }),
            address: AddressLine::of(facts),
            visit: VisitLine::of(facts.client.visit, facts.at),
            fingerprint: FingerprintLine::of(&facts.client.fingerprint),
            price: phone.map(|phone| phone.price),
        }
    }
}

#[derive(Serialize)]
struct PhoneLine {
    id: Pseudonym,
    country: Option<Country>,
    range: Range,
    masked: MaskedPhone,
    #[serde(rename = "type")]
    kind: NumberKind,
    validity: Validity,
}

impl PhoneLine {
    fn of(phone: &Phone) -> Self {
        let (kind, validity) = (phone.kind, phone.validity);
        Self { id: phone.id, country: phone.country, range: phone.range, masked: phone.masked(), kind, validity }
    }
}

#[derive(Serialize)]
struct ClientLine<'a> {
    id: Pseudonym,
    source: &'a ClientSource,
}

/// The address by its keyed name, its neighbourhood in clear (/24, /48): whole networks are judged, and a replay
/// needs them, while one address may be one person.
#[derive(Serialize)]
struct AddressLine<'a> {
    id: Pseudonym,
    network: IpNet,
    country: Option<Country>,
    asn: Option<u32>,
    org: Option<&'a str>,
    hosting: Option<bool>,
    anonymous: Option<bool>,
}

impl<'a> AddressLine<'a> {
    fn of(facts: &'a Facts) -> Self {
        let (address, place) = (&facts.client.address, &facts.place);
        Self {
            id: address.id,
            network: address.network.trunc(),
            country: place.country,
            asn: place.asn,
            org: place.as_org.as_deref(),
            hosting: place.hosting,
            anonymous: place.anonymous,
        }
    }
}

/// `"none"`, `"forged"`, or the visit's age in seconds.
#[derive(Serialize)]
#[serde(untagged)]
enum VisitLine {
    State(&'static str),
    Age(u64),
}

impl VisitLine {
    fn of(visit: Visit, now: Timestamp) -> Self {
        match visit {
            Visit::None => Self::State("none"),
            Visit::Forged => Self::State("forged"),
            Visit::Since(start) => Self::Age(now.since(start).as_millis() / 1000),
        }
    }
}

#[derive(Serialize)]
struct FingerprintLine<'a> {
    hash: Hex,
    agent: &'a str,
    program: Program,
    major: u16,
    has: Has,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
}

impl<'a> FingerprintLine<'a> {
    fn of(fingerprint: &'a Fingerprint) -> Self {
        let Traits { program, major, has, language } = fingerprint.traits;
        Self { hash: Hex(fingerprint.hash), agent: &fingerprint.agent, program, major, has, language }
    }
}

struct Hex(u64);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
