//! The names for conditions over an attempt's facts: a limit's `when`, later the rules.

use std::borrow::Cow;

use super::vocabulary::{Entry, EntryKind, Type, Vocabulary};
use super::{Names, Value};
use crate::domain::{Country, Facts, Validity, Visit};

/// What an attempt says before any state is asked.
pub static FACTS: Vocabulary = Vocabulary {
    about: "a request for a code",
    entries: &[
        fact("endpoint", Type::Text, "Name of the endpoint in the configuration."),
        fact("phone.country", Type::Text, "Country of the phone, two letters; missing for numbers of no country."),
        fact("phone.calling_code", Type::Int, "The phone's country calling code, such as 44."),
        fact("phone.range", Type::Text, "E.164 less its last four digits: \"+44740241\"."),
        fact("phone.type", Type::Text, "mobile, fixed_line, fixed_or_mobile, voip, premium_rate and so on."),
        fact("phone.valid", Type::Bool, "Whether its country's plan assigns the number's range."),
        fact("phone.possible", Type::Bool, "Whether its length is possible in its country."),
        private("ip", "The client's address behind trusted proxies: \"203.0.113.9\"."),
        private("network", "Its neighbourhood, IPv4 /24 or IPv6 /48: \"203.0.113.0/24\"."),
        fact("ip.country", Type::Text, "Country of the address; missing without a database."),
        fact("ip.asn", Type::Int, "Autonomous system of the address; missing without a database."),
        fact("ip.org", Type::Text, "Who runs that system; missing without a database."),
        fact("ip.hosting", Type::Bool, "Whether the network belongs to a hosting provider; missing where unknown."),
        fact("ip.anonymous", Type::Bool, "Whether it is a known VPN, proxy or Tor exit; missing where unknown."),
        fact(
            "client.known_visit",
            Type::Bool,
            "Whether the client loaded a page through sendwall and kept its cookie.",
        ),
        fact("client.forged_visit", Type::Bool, "Whether it sent a visit cookie that sendwall never signed."),
        fact(
            "client.source",
            Type::Text,
            "What identifies it: visit, cookie:NAME or header:NAME; missing if nothing does.",
        ),
        fact("visit.age", Type::Int, "Seconds since the client's first page; missing without a visit."),
        fact("agent", Type::Text, "Its user agent without versions; missing where it sent none."),
    ],
};

const fn fact(name: &'static str, ty: Type, doc: &'static str) -> Entry {
    Entry { name, kind: EntryKind::Variable, ty, private: false, doc }
}

const fn private(name: &'static str, doc: &'static str) -> Entry {
    Entry { name, kind: EntryKind::Variable, ty: Type::Text, private: true, doc }
}

impl Names for Facts {
    fn value(&self, name: &'static str, _argument: Option<&str>) -> Value<'_> {
        let visit = self.client.visit;
        match name {
            "endpoint" => text(Some(&self.endpoint)),
            "ip" => Value::Text(Cow::Owned(self.client.address.ip.to_string())),
            "network" => Value::Text(Cow::Owned(self.client.address.network.to_string())),
            "ip.country" => text(self.place.country.as_ref().map(Country::as_str)),
            "ip.asn" => self.place.asn.map_or(Value::Missing, |asn| Value::Int(asn.into())),
            "ip.org" => text(self.place.as_org.as_deref()),
            "ip.hosting" => self.place.hosting.map_or(Value::Missing, Value::Bool),
            "ip.anonymous" => self.place.anonymous.map_or(Value::Missing, Value::Bool),
            "client.known_visit" => Value::Bool(matches!(visit, Visit::Since(_))),
            "client.forged_visit" => Value::Bool(visit == Visit::Forged),
            "client.source" => match &self.client.id {
                Some(id) => Value::Text(Cow::Owned(id.source.to_string())),
                None => Value::Missing,
            },
            "visit.age" => match visit {
                Visit::Since(first) => {
                    let seconds = self.at.since(first).as_millis() / 1000;
                    Value::Int(i64::try_from(seconds).unwrap_or(i64::MAX))
                }
                Visit::None | Visit::Forged => Value::Missing,
            },
            "agent" => text(Some(&*self.client.fingerprint.agent).filter(|agent| !agent.is_empty())),
            _ => self.phone_value(name),
        }
    }
}

impl Facts {
    fn phone_value(&self, name: &'static str) -> Value<'_> {
        let Some(phone) = self.phone() else { return Value::Missing };
        match name {
            "phone.country" => text(phone.country.as_ref().map(Country::as_str)),
            "phone.calling_code" => Value::Int(phone.calling_code.into()),
            "phone.range" => Value::Text(Cow::Owned(phone.range.to_string())),
            "phone.type" => text(Some(phone.kind.name())),
            "phone.valid" => Value::Bool(phone.validity == Validity::Valid),
            "phone.possible" => Value::Bool(phone.validity != Validity::Impossible),
            _ => Value::Missing,
        }
    }
}

fn text(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Missing, |value| Value::Text(Cow::Borrowed(value)))
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
        full.client.id =
            Some(crate::domain::ClientId { id: full.client.address.id, source: crate::domain::ClientSource::Visit });
        full.place = Place {
            country: Country::new("GB"),
            asn: Some(64_500),
            as_org: Some(Arc::from("Example")),
            hosting: Some(false),
            anonymous: Some(true),
        };
        full.phone = PhoneFact::Present(crate::domain::Phone {
            id: full.client.address.id,
            country: Country::new("IE"),
            calling_code: 353,
            range: crate::domain::Range::new(35_385_012),
            last_two: 67,
            kind: crate::domain::NumberKind::Mobile,
            validity: Validity::Possible,
            price: crate::domain::Money::default(),
        });
        for entry in FACTS.entries {
            let value = full.value(entry.name, None);
            let ty = match value {
                Value::Bool(_) => Type::Bool,
                Value::Int(_) => Type::Int,
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
            let there = ["endpoint", "ip", "network", "client.known_visit", "client.forged_visit"];
            assert_eq!(bare.value(entry.name, None) != Value::Missing, there.contains(&entry.name), "{}", entry.name);
        }
    }
}
