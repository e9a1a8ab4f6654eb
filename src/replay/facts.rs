//! A line of a trace to the facts that the gate would have read from the request.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::value::RawValue;

use crate::domain::{
    Client, ClientId, ClientSource, Country, Facts, Fingerprint, PhoneFact, Place, Timestamp, Unreadable, Visit,
};
use crate::extract::{self, PhoneSource};
use crate::gate::{Endpoint, Gate, Revision};
use crate::geo::Geo;
use crate::limits::{Handle, mix};
use crate::privacy::{Pseudonym, Pseudonyms};
use crate::trace::{self, Fault, Header, Line, SendPart};

/// Different header lists and places whose meaning is kept at the same time.
const KEPT: usize = 65_536;
/// Cookies whose first line is remembered; the oldest goes.
const COOKIES: usize = 1_000_000;

/// Reads lines under one configuration.
pub(super) struct FactsReader {
    names: Pseudonyms,
    revision: Arc<Revision>,
    geo: Arc<Geo>,
    /// What a client is known by where the endpoint has nothing of that kind.
    cookie: ClientSource,
    device: ClientSource,
    prints: HashMap<u64, Fingerprint, RandomState>,
    places: HashMap<u64, Place, RandomState>,
    first_seen: FirstSeen,
}

impl FactsReader {
    pub(super) fn new(gate: &Gate) -> Self {
        Self {
            names: gate.names().clone(),
            revision: gate.revision(),
            geo: Arc::clone(gate.geo()),
            cookie: ClientSource::Cookie("trace".into()),
            device: ClientSource::Header("device".into()),
            prints: HashMap::default(),
            places: HashMap::default(),
            first_seen: FirstSeen::default(),
        }
    }

    /// Who made the request.
    pub(super) fn client(&mut self, line: &Line<'_>) -> Result<Client, Fault> {
        let at = Timestamp::from_unix_ms(line.ts);
        let named = |value: &str, source: &ClientSource| ClientId {
            id: self.names.client(value.as_bytes()),
            source: source.clone(),
        };
        let (id, visit) = match (&line.cookie, &line.device) {
            (Some(cookie), _) => {
                let id = named(cookie, &self.cookie);
                let visit = Visit::Since(self.first_seen.of(id.id, at));
                (Some(id), visit)
            }
            (None, Some(device)) => (Some(named(device, &self.device)), Visit::None),
            (None, None) => (None, Visit::None),
        };
        let address = extract::address(line.ip, &self.names);
        Ok(Client { address, id, visit, fingerprint: self.fingerprint(line)? })
    }

    /// What a request for a code says, and the index of its endpoint.
    pub(super) fn send(
        &mut self,
        line: &Line<'_>,
        send: &SendPart<'_>,
        mut client: Client,
    ) -> Result<(usize, Facts), Fault> {
        let place = self.place(line, &client)?;
        let (index, endpoint) = self.endpoint(&send.endpoint)?;
        if let Some(id) = &mut client.id {
            let is_cookie = line.cookie.is_some();
            let of_its_kind = |source: &&ClientSource| matches!(source, ClientSource::Header(_)) != is_cookie;
            if let Some(source) = endpoint.extract.client.iter().find(of_its_kind) {
                id.source = source.clone();
            }
        }
        let phone = self.phone(endpoint, &send.phone);
        let at = Timestamp::from_unix_ms(line.ts);
        Ok((index, Facts { at, endpoint: Arc::clone(&endpoint.name), phone, client, place }))
    }

    /// The endpoint of that name, and its index.
    pub(super) fn endpoint(&self, name: &str) -> Result<(usize, &Endpoint), Fault> {
        let endpoints = &self.revision.endpoints;
        endpoints.iter().enumerate().find(|(_, endpoint)| *endpoint.name == *name).ok_or_else(|| {
            let known: Vec<_> = endpoints.iter().map(|endpoint| format!("{:?}", endpoint.name)).collect();
            let problem = format!("{name:?} is no endpoint of the configuration; it has {}", known.join(", "));
            Fault::of("endpoint", problem)
        })
    }

    fn phone(&self, endpoint: &Endpoint, text: &str) -> PhoneFact {
        if endpoint.extract.phone == PhoneSource::None {
            return PhoneFact::Absent;
        }
        match extract::phone_text(text, endpoint.extract.default_region, &self.revision.numbering) {
            Ok(Some(number)) => PhoneFact::Present(number.named(&self.names)),
            Ok(None) => PhoneFact::Absent,
            Err(code) => PhoneFact::Unreadable(Unreadable { code, field: "phone".to_owned() }),
        }
    }

    fn fingerprint(&mut self, line: &Line<'_>) -> Result<Fingerprint, Fault> {
        let headers = line.headers.map_or("", RawValue::get);
        let key = mix([key(headers), key(line.ja4.as_deref().unwrap_or_default())]);
        if let Some(known) = self.prints.get(&key) {
            return Ok(known.clone());
        }
        let headers = line.headers.map(trace::headers).transpose()?.unwrap_or_default();
        let print = fingerprint(&headers, line.ja4.as_deref())?;
        keep(&mut self.prints, key, print.clone());
        Ok(print)
    }

    /// Where it came from.
    pub(super) fn place(&mut self, line: &Line<'_>, client: &Client) -> Result<Place, Fault> {
        let Some(json) = line.geo else { return Ok(self.geo.place(client.address.ip)) };
        let key = key(json.get());
        if let Some(known) = self.places.get(&key) {
            return Ok(known.clone());
        }
        let place = place(&trace::geo(json)?)?;
        keep(&mut self.places, key, place.clone());
        Ok(place)
    }
}

/// What reads more than a decision log keeps: conditions on a whole address, and on lists of phones, whose names in a log
/// are under a key that a replay doesn't have.
pub(super) fn not_replayable(revision: &Revision) -> Vec<String> {
    let limits = revision.limits.handles().iter().map(Handle::limit);
    let reads = limits.filter(|limit| limit.when.as_ref().is_some_and(|when| when.uses("ip")));
    let limits = reads
        .map(|limit| format!("limit {}: its condition reads ip, of which a log keeps the network alone", limit.name));
    let rules = revision.rules.rules().filter_map(|rule| {
        let why = "ip, of which a log keeps the network alone";
        let why = rule.when.uses("ip").then_some(why).or_else(|| {
            let asks = rule.when.asks_list("phone");
            asks.then_some("a list of phones, whose names in a log are under another key")
        })?;
        Some(format!("rule {}: its condition reads {why}", rule.id))
    });
    limits.chain(rules).collect()
}

/// The fingerprint of a line's headers and of its TLS handshake.
pub(super) fn fingerprint(headers: &[Header<'_>], ja4: Option<&str>) -> Result<Fingerprint, Fault> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_no_name| Fault::of("headers", "has no header's name"))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_no_value| Fault::of("headers", format!("has no header's value under {name}")))?;
        map.append(name, value);
    }
    Ok(extract::fingerprint(&map, ja4))
}

fn place(geo: &trace::Geo<'_>) -> Result<Place, Fault> {
    let country = geo.country.as_deref().map(|code| {
        Country::new(code).ok_or_else(|| Fault::of("geo.country", "must be two letters, ISO 3166, or null"))
    });
    Ok(Place {
        country: country.transpose()?,
        asn: geo.asn,
        as_org: geo.as_org.as_deref().map(Arc::from),
        hosting: geo.hosting,
        anonymous: geo.anonymous,
    })
}

/// A text as a number: eight bytes at a time, because it is done for half of every line.
fn key(text: &str) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let step = |state: u64, word: u64| (state.rotate_left(26) ^ word).wrapping_mul(ODD);
    let state = words.iter().fold(text.len() as u64, |state, word| step(state, u64::from_le_bytes(*word)));
    mix([rest.iter().fold(state, |state, byte| step(state, u64::from(*byte)))])
}

/// Keeps a meaning; where too many are kept, all are read anew.
fn keep<T>(kept: &mut HashMap<u64, T, RandomState>, key: u64, value: T) {
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(key, value);
}

/// When cookies were first seen.
#[derive(Default)]
struct FirstSeen {
    times: HashMap<Pseudonym, Timestamp, RandomState>,
    order: VecDeque<Pseudonym>,
}

impl FirstSeen {
    fn of(&mut self, cookie: Pseudonym, at: Timestamp) -> Timestamp {
        if let Some(first) = self.times.get(&cookie) {
            return *first;
        }
        if self.order.len() == COOKIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.times.remove(&oldest);
        }
        self.times.insert(cookie, at);
        self.order.push_back(cookie);
        at
    }
}
