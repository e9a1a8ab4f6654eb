//! The names for conditions over an attempt's facts: a limit's `when`, and the first part of what rules read.

use std::borrow::Cow;

use super::vocabulary::{Entry, EntryKind, Type, Values, Vocabulary};
use super::{Names, Value};
use crate::domain::{Country, Facts, Has, NumberKind, Phone, Program, Validity, Visit};

/// What an attempt says before any state is asked.
pub static FACTS: Vocabulary = Vocabulary { about: "a request for a code", entries: &ENTRIES };

/// A name of [`FACTS`]; its number is where the entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Endpoint,
    PhoneCountry,
    PhoneCallingCode,
    PhoneRange,
    PhoneType,
    PhoneValid,
    PhonePossible,
    PhonePrice,
    Ip,
    Network,
    IpCountry,
    IpAsn,
    IpOrg,
    IpHosting,
    IpAnonymous,
    KnownVisit,
    ForgedVisit,
    Source,
    Program,
    Major,
    Has(Has),
    Fingerprint,
    VisitAge,
    Agent,
}

/// Every fact in the order of [`ENTRIES`].
pub(super) const ORDER: [Fact; 30] = [
    Fact::Endpoint,
    Fact::PhoneCountry,
    Fact::PhoneCallingCode,
    Fact::PhoneRange,
    Fact::PhoneType,
    Fact::PhoneValid,
    Fact::PhonePossible,
    Fact::PhonePrice,
    Fact::Ip,
    Fact::Network,
    Fact::IpCountry,
    Fact::IpAsn,
    Fact::IpOrg,
    Fact::IpHosting,
    Fact::IpAnonymous,
    Fact::KnownVisit,
    Fact::ForgedVisit,
    Fact::Source,
    Fact::Program,
    Fact::Major,
    Fact::Has(Has::ACCEPT),
    Fact::Has(Has::LANGUAGE),
    Fact::Has(Has::ENCODING),
    Fact::Has(Has::FETCH),
    Fact::Has(Has::HINTS),
    Fact::Has(Has::OTHER_HINTS),
    Fact::Has(Has::ORIGIN),
    Fact::Fingerprint,
    Fact::VisitAge,
    Fact::Agent,
];

const PROGRAMS: &[&str] = &["chromium", "firefox", "safari", "app", "library", "fake", "none"];

const NUMBER_KINDS: [&str; NumberKind::ALL.len()] = {
    let mut names = [""; NumberKind::ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = NumberKind::ALL[index].name();
        index += 1;
    }
    names
};

/// What can be asked of facts, in the order of the documentation.
pub(super) const ENTRIES: [Entry; ORDER.len()] = [
    text_of(Values::Endpoint, "endpoint", "Name of the endpoint in the configuration."),
    country("phone.country", "Country of the phone, two letters; missing for numbers of no country."),
    within(1, 999, "phone.calling_code", Type::Int, "The phone's country calling code, such as 44."),
    text_of(Values::Range, "phone.range", "E.164 less its last four digits: \"+44740241\"."),
    one_of("phone.type", &NUMBER_KINDS, "mobile, fixed_line, fixed_or_mobile, voip, premium_rate and so on."),
    fact("phone.valid", Type::Bool, "Whether its country's plan assigns the number's range."),
    fact("phone.possible", Type::Bool, "Whether its length is possible in its country."),
    fact("phone.price", Type::Float, "What one SMS to it costs by the price table, in units of the currency."),
    private("ip", Values::Address, "The client's address behind trusted proxies: \"203.0.113.9\"."),
    private("network", Values::Network, "Its neighbourhood, IPv4 /24 or IPv6 /48: \"203.0.113.0/24\"."),
    country("ip.country", "Country of the address; missing without a database."),
    fact("ip.asn", Type::Int, "Autonomous system of the address; missing without a database."),
    fact("ip.org", Type::Text, "Who runs that system; missing without a database."),
    fact("ip.hosting", Type::Bool, "Whether the network belongs to a hosting provider; missing where unknown."),
    fact("ip.anonymous", Type::Bool, "Whether it is a known VPN, proxy or Tor exit; missing where unknown."),
    fact("client.known_visit", Type::Bool, "Whether the client loaded a page through sendwall and kept its cookie."),
    fact("client.forged_visit", Type::Bool, "Whether it sent a visit cookie that sendwall never signed."),
    fact(
        "client.source",
        Type::Text,
        "What identifies it: visit, cookie:NAME or header:NAME; missing if nothing does.",
    ),
    one_of("client.program", PROGRAMS, "What its agent says to be; fake says browser and can't be one."),
    fact("client.major", Type::Int, "Major version of the browser that it says to be; missing for anything else."),
    fact("client.accept", Type::Bool, "Whether it sent `accept`."),
    fact("client.language", Type::Bool, "Whether it sent `accept-language`."),
    fact("client.encoding", Type::Bool, "Whether it sent `accept-encoding`."),
    fact("client.fetch", Type::Bool, "Whether it sent `sec-fetch-...`, as browsers on a secure page do."),
    fact("client.hints", Type::Bool, "Whether it sent `sec-ch-ua`, as Chromium on a secure page does."),
    fact("client.other_hints", Type::Bool, "Whether `sec-ch-ua` names another version than the agent."),
    fact("client.origin", Type::Bool, "Whether it sent `origin` or `referer`."),
    fact("client.fingerprint", Type::Text, "Hash of header names in order and the agent, 16 hexadecimal digits."),
    fact("visit.age", Type::Int, "Seconds since the client's first page; missing without a visit."),
    text_of(
        Values::Agent,
        "agent",
        "Its user agent without versions, so without digits and slashes; missing where it sent none.",
    ),
];

pub(super) const fn fact(name: &'static str, ty: Type, doc: &'static str) -> Entry {
    Entry { name, kind: EntryKind::Variable, ty, private: false, values: Values::Any, doc }
}

pub(super) const fn one_of(name: &'static str, values: &'static [&'static str], doc: &'static str) -> Entry {
    Entry { values: Values::OneOf(values), ..fact(name, Type::Text, doc) }
}

pub(super) const fn within(from: i64, to: i64, name: &'static str, ty: Type, doc: &'static str) -> Entry {
    Entry { values: Values::Within(from, to), ..fact(name, ty, doc) }
}

const fn country(name: &'static str, doc: &'static str) -> Entry {
    text_of(Values::Country, name, doc)
}

const fn text_of(values: Values, name: &'static str, doc: &'static str) -> Entry {
    Entry { values, ..fact(name, Type::Text, doc) }
}

const fn private(name: &'static str, values: Values, doc: &'static str) -> Entry {
    Entry { private: true, values, ..fact(name, Type::Text, doc) }
}

impl Names for Facts {
    fn value(&self, name: &'static str, _argument: Option<&str>) -> Value<'_> {
        let fact = FACTS.position(name).and_then(|at| ORDER.get(at));
        fact.map_or(Value::Missing, |fact| fact.read(self))
    }
}

impl Fact {
    /// What `facts` say. Only addresses, ranges, fingerprints and sources have to be written out for that.
    pub(super) fn read(self, facts: &Facts) -> Value<'_> {
        let (client, place) = (&facts.client, &facts.place);
        let traits = client.fingerprint.traits;
        match self {
            Self::Endpoint => text(Some(&facts.endpoint)),
            Self::PhoneCountry => text(facts.phone().and_then(|phone| phone.country.as_ref().map(Country::as_str))),
            Self::PhoneCallingCode => of(facts, |phone| Value::Int(phone.calling_code.into())),
            Self::PhoneRange => of(facts, |phone| written(&phone.range)),
            Self::PhoneType => of(facts, |phone| text(Some(phone.kind.name()))),
            Self::PhoneValid => of(facts, |phone| Value::Bool(phone.validity == Validity::Valid)),
            Self::PhonePossible => of(facts, |phone| Value::Bool(phone.validity != Validity::Impossible)),
            Self::PhonePrice => of(facts, |phone| Value::Float(phone.price.as_units())),
            Self::Ip => written(&client.address.ip),
            Self::Network => written(&client.address.network),
            Self::IpCountry => text(place.country.as_ref().map(Country::as_str)),
            Self::IpAsn => place.asn.map_or(Value::Missing, |asn| Value::Int(asn.into())),
            Self::IpOrg => text(place.as_org.as_deref()),
            Self::IpHosting => place.hosting.map_or(Value::Missing, Value::Bool),
            Self::IpAnonymous => place.anonymous.map_or(Value::Missing, Value::Bool),
            Self::KnownVisit => Value::Bool(matches!(client.visit, Visit::Since(_))),
            Self::ForgedVisit => Value::Bool(client.visit == Visit::Forged),
            Self::Source => client.id.as_ref().map_or(Value::Missing, |id| written(&id.source)),
            Self::Program => text(Some(program(traits.program))),
            Self::Major if traits.major == 0 => Value::Missing,
            Self::Major => Value::Int(traits.major.into()),
            Self::Has(has) => Value::Bool(traits.has.holds(has)),
            Self::Fingerprint => written(&format_args!("{:016x}", client.fingerprint.hash)),
            Self::VisitAge => match client.visit {
                Visit::Since(first) => {
                    let seconds = facts.at.since(first).as_millis() / 1000;
                    Value::Int(i64::try_from(seconds).unwrap_or(i64::MAX))
                }
                Visit::None | Visit::Forged => Value::Missing,
            },
            Self::Agent => text(Some(&*client.fingerprint.agent).filter(|agent| !agent.is_empty())),
        }
    }
}

fn of<'a>(facts: &'a Facts, read: impl FnOnce(&'a Phone) -> Value<'a>) -> Value<'a> {
    facts.phone().map_or(Value::Missing, read)
}

fn text(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Missing, |value| Value::Text(Cow::Borrowed(value)))
}

fn written<'a>(value: &dyn std::fmt::Display) -> Value<'a> {
    Value::Text(Cow::Owned(value.to_string()))
}

const fn program(program: Program) -> &'static str {
    match program {
        Program::Chromium => "chromium",
        Program::Firefox => "firefox",
        Program::Safari => "safari",
        Program::App => "app",
        Program::Library => "library",
        Program::Fake => "fake",
        Program::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Address, Client, Fingerprint, PhoneFact, Place, Timestamp};

    fn bare() -> Facts {
        let ip = std::net::IpAddr::from([203, 0, 113, 9]);
        let id = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        let address = Address { ip, unit: ip.into(), network: "203.0.113.0/24".parse().unwrap(), id };
        Facts {
            at: Timestamp::from_unix_ms(1_000_000),
            endpoint: Arc::from("login"),
            phone: PhoneFact::Absent,
            client: Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() },
            place: Place::default(),
        }
    }

    #[test]
    fn every_name_of_the_vocabulary_has_its_type_where_it_is_there() {
        let mut full = bare();
        full.client.visit = Visit::Since(Timestamp::from_unix_ms(940_500));
        full.client.fingerprint.agent = Arc::from("Mozilla");
        full.client.fingerprint.traits.major = 120;
        full.client.id =
            Some(crate::domain::ClientId { id: full.client.address.id, source: crate::domain::ClientSource::Visit });
        full.place = Place {
            country: Country::new("GB"),
            asn: Some(64_500),
            as_org: Some(Arc::from("Example")),
            hosting: Some(false),
            anonymous: Some(true),
        };
        full.phone = PhoneFact::Present(Phone {
            id: full.client.address.id,
            country: Country::new("IE"),
            calling_code: 353,
            range: crate::domain::Range::new(35_385_012),
            last_two: 67,
            kind: NumberKind::Mobile,
            validity: Validity::Possible,
            price: crate::domain::Money::default(),
        });
        for entry in FACTS.entries {
            let value = full.value(entry.name, None);
            let ty = match value {
                Value::Bool(_) => Type::Bool,
                Value::Int(_) => Type::Int,
                Value::Float(_) => Type::Float,
                Value::Text(_) => Type::Text,
                other => panic!("{}: {other:?}", entry.name),
            };
            assert_eq!(ty, entry.ty, "{}", entry.name);
        }
        assert_eq!(full.value("visit.age", None), Value::Int(59));
        assert_eq!(full.value("phone.range", None), Value::Text("+35385012".into()));
    }

    #[test]
    fn what_an_attempt_lacks_is_missing() {
        let bare = bare();
        for entry in FACTS.entries {
            let lacks = ["phone.", "ip.", "client.source", "client.major", "visit.age", "agent"];
            let there = !lacks.iter().any(|lacks| entry.name.starts_with(lacks));
            assert_eq!(bare.value(entry.name, None) != Value::Missing, there, "{}", entry.name);
        }
    }
}
