//! A line of the decision log as it is read back: what `journal` wrote, as far as a replay needs it.

use std::borrow::Cow;
use std::sync::Arc;

use ipnet::IpNet;
use serde::Deserialize;

use crate::domain::{
    Address, Client, ClientId, ClientSource, Country, Facts, Fingerprint, Has, Language, MaskedPhone, Money,
    NumberKind, Phone, PhoneFact, Place, Program, Range, Timestamp, Traits, Unreadable, UnreadableCode, Validity,
    Visit,
};
use crate::privacy::Pseudonym;

/// A line, whatever it tells.
#[derive(Deserialize)]
pub(super) struct LogLine<'a> {
    pub(super) v: u32,
    #[serde(borrow)]
    pub(super) ts: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) event: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) decision: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) endpoint: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) mode: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) verdict: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) proven: Cow<'a, str>,
    #[serde(default)]
    pub(super) page_seen: bool,
    #[serde(borrow, default)]
    pub(super) reasons: Vec<ReasonPart<'a>>,
    #[serde(borrow, default)]
    pub(super) facts: Option<FactsPart<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ReasonPart<'a> {
    #[serde(borrow)]
    pub(super) text: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct FactsPart<'a> {
    #[serde(borrow)]
    phone_state: Cow<'a, str>,
    #[serde(borrow, default)]
    phone: Option<PhonePart<'a>>,
    #[serde(default)]
    unreadable: Option<UnreadablePart>,
    #[serde(borrow, default)]
    client: Option<ClientPart<'a>>,
    #[serde(borrow)]
    address: AddressPart<'a>,
    #[serde(borrow)]
    visit: VisitPart<'a>,
    #[serde(borrow)]
    fingerprint: FingerprintPart<'a>,
    #[serde(default)]
    price: Option<f64>,
}

#[derive(Deserialize)]
struct PhonePart<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default)]
    country: Option<String>,
    #[serde(borrow)]
    range: Cow<'a, str>,
    #[serde(borrow)]
    masked: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    validity: Cow<'a, str>,
}

#[derive(Deserialize)]
struct UnreadablePart {
    code: String,
    field: String,
}

#[derive(Deserialize)]
struct ClientPart<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
}

#[derive(Deserialize)]
struct AddressPart<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    network: IpNet,
    #[serde(default)]
    country: Option<String>,
    #[serde(default)]
    asn: Option<u32>,
    #[serde(default)]
    org: Option<String>,
    #[serde(default)]
    hosting: Option<bool>,
    #[serde(default)]
    anonymous: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum VisitPart<'a> {
    Age(u64),
    State(#[serde(borrow)] Cow<'a, str>),
}

#[derive(Deserialize)]
struct FingerprintPart<'a> {
    #[serde(borrow)]
    hash: Cow<'a, str>,
    #[serde(borrow)]
    agent: Cow<'a, str>,
    #[serde(default)]
    program: Program,
    #[serde(default)]
    major: u16,
    #[serde(borrow, default)]
    has: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    language: Option<Cow<'a, str>>,
}

impl FingerprintPart<'_> {
    fn fingerprint(&self) -> Option<Fingerprint> {
        let has = self.has.iter().filter_map(|name| Has::from_name(name));
        let has = has.fold(Has::default(), |all, has| all.with(has, true));
        let language = self.language.as_deref().and_then(Language::new);
        let traits = Traits { program: self.program, major: self.major, has, language };
        Some(Fingerprint { hash: u64::from_str_radix(&self.hash, 16).ok()?, agent: (&*self.agent).into(), traits })
    }
}

impl FactsPart<'_> {
    /// The facts; `None` where a part is not as the log writes it. The address is the first of its network: the log
    /// keeps no more of it than its name.
    pub(super) fn facts(&self, at: Timestamp, endpoint: Arc<str>) -> Option<Facts> {
        let network = self.address.network;
        let address = Address { ip: network.network(), unit: network, network, id: self.address.id.parse().ok()? };
        let id = match &self.client {
            Some(part) => Some(ClientId { id: part.id.parse().ok()?, source: source(&part.source)? }),
            None => None,
        };
        let visit = match &self.visit {
            VisitPart::Age(seconds) => {
                Visit::Since(Timestamp::from_unix_ms(at.unix_ms().saturating_sub(seconds.saturating_mul(1000))))
            }
            VisitPart::State(state) if *state == "forged" => Visit::Forged,
            VisitPart::State(_) => Visit::None,
        };
        let place = Place {
            country: self.address.country.as_deref().and_then(Country::new),
            asn: self.address.asn,
            as_org: self.address.org.as_deref().map(Arc::from),
            hosting: self.address.hosting,
            anonymous: self.address.anonymous,
        };
        let client = Client { address, id, visit, fingerprint: self.fingerprint.fingerprint()? };
        Some(Facts { at, endpoint, phone: self.phone()?, client, place })
    }

    /// What its SMS costs.
    pub(super) fn price(&self) -> Money {
        self.price.and_then(Money::from_units).unwrap_or_default()
    }

    fn phone(&self) -> Option<PhoneFact> {
        match (&*self.phone_state, &self.phone, &self.unreadable) {
            ("present", Some(part), _) => part.phone(self.price()).map(PhoneFact::Present),
            ("absent", ..) => Some(PhoneFact::Absent),
            ("unreadable", _, Some(why)) => {
                let code = UnreadableCode::ALL.into_iter().find(|code| code.name() == why.code)?;
                Some(PhoneFact::Unreadable(Unreadable { code, field: why.field.clone() }))
            }
            _ => None,
        }
    }
}

impl PhonePart<'_> {
    fn phone(&self, price: Money) -> Option<Phone> {
        let id: Pseudonym = self.id.parse().ok()?;
        let (calling_code, last_two) = MaskedPhone::parts(&self.masked)?;
        let range = Range::new(self.range.strip_prefix('+')?.parse().ok()?);
        let kind = NumberKind::ALL.into_iter().find(|kind| kind.name() == self.kind)?;
        let validity = match &*self.validity {
            "valid" => Validity::Valid,
            "possible" => Validity::Possible,
            "impossible" => Validity::Impossible,
            _ => return None,
        };
        let country = self.country.as_deref().and_then(Country::new);
        Some(Phone { id, country, calling_code, range, last_two, kind, validity, price })
    }
}

fn source(text: &str) -> Option<ClientSource> {
    match text.split_once(':') {
        None if text == "visit" => Some(ClientSource::Visit),
        Some(("cookie", name)) => Some(ClientSource::Cookie(name.into())),
        Some(("header", name)) => Some(ClientSource::Header(name.into())),
        _ => None,
    }
}
