//! An attack's footprint: what was stopped because what it shares had turned hot, where it came from, where it went, and
//! what its ranges cost so far.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::volume::{Tally, Volumes};
use crate::budget::Window;
use crate::domain::{Country, DecidedBy, Decision, Facts, Phone, Range, Reason, Span, Timestamp, Verdict};

/// Rows of each table that are kept; what comes in later counts in the sums alone.
const ROWS: usize = 200;
/// Phones and addresses that are told apart.
const APART: usize = 10_000;
/// Decisions that are kept as examples: the first and the last so many.
const EXAMPLES: usize = 100;
/// Different phones that make an attack: one person who asks again is none.
const PHONES: usize = 8;
/// Footprints are kept at the same time: endpoints times countries.
const FOOTPRINTS: usize = 500;
/// After so long a silence an attack is another one.
const OVER: Span = Span::hours(1);
/// A look so wrong that it alone asks for a proof.
const WRONG: f32 = 0.9;

/// Where an attack goes: an endpoint, and the country of its phones.
pub(super) type Place = (Arc<str>, Option<Country>);

/// What one attack left, as evidence. Ranges, networks and countries in clear; phones and addresses only counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Requests that were refused.
    pub refused: u64,
    /// Requests that were asked for a proof.
    pub challenged: u64,
    /// Messages that went out to its ranges, since an hour before it was noticed.
    pub sent: u64,
    /// Of these, verified.
    pub verified: u64,
    /// What they cost, in millionths of the currency.
    pub cost_micros: u64,
    /// Different phones, up to 10,000.
    pub phones: usize,
    /// Different addresses, up to 10,000.
    pub addresses: usize,
    /// By endpoint.
    pub endpoints: BTreeMap<String, u64>,
    /// By country of the phones.
    pub countries: BTreeMap<String, u64>,
    /// By range of the phones.
    pub ranges: BTreeMap<String, RangeRow>,
    /// By network of the addresses (IPv4 /24, IPv6 /48).
    pub networks: BTreeMap<String, u64>,
    /// By autonomous system of the addresses.
    pub systems: BTreeMap<String, u64>,
    /// What was hot, with the requests that it stopped.
    pub cells: BTreeMap<String, u64>,
    /// Examples: the first ones and the last ones.
    pub decisions: Vec<Example>,
}

/// One range of an attack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeRow {
    /// Requests that were stopped.
    pub stopped: u64,
    /// Messages that went out.
    pub sent: u64,
    /// Of these, verified.
    pub verified: u64,
    /// What they cost, in millionths.
    pub cost_micros: u64,
}

/// One stopped request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The decision, as in the decision log.
    pub decision: String,
    /// When.
    pub at: Timestamp,
    /// What was decided.
    pub verdict: String,
    /// Country code, range and last two digits.
    pub phone: Option<String>,
    /// Network of the address.
    pub network: String,
    /// What spoke first.
    pub reason: String,
}

/// An attack under way, or what may become one.
#[derive(Debug)]
pub(super) struct Footprint {
    stopped: Window<u64>,
    pub(super) evidence: Evidence,
    phones: HashSet<u64>,
    addresses: HashSet<u64>,
    first: Vec<Example>,
    latest: VecDeque<Example>,
    last: Timestamp,
}

/// Every footprint.
#[derive(Debug, Default)]
pub(super) struct Footprints(BTreeMap<Place, Footprint>);

impl Footprints {
    /// A request was judged.
    pub(super) fn judged(&mut self, facts: &Facts, decision: &Decision, volumes: &mut Volumes) {
        if !is_stopped_as_attack(decision) {
            return;
        }
        let now = facts.at;
        let place = (Arc::clone(&facts.endpoint), facts.phone().and_then(|phone| phone.country));
        if !self.0.contains_key(&place) && self.0.len() >= FOOTPRINTS {
            self.0.retain(|_, footprint| now.since(footprint.last) < OVER);
            if self.0.len() >= FOOTPRINTS {
                return;
            }
        }
        let footprint = self.0.entry(place).or_insert_with(Footprint::new);
        if now.since(footprint.last) >= OVER {
            *footprint = Footprint::new();
        }
        footprint.stopped(facts, decision, volumes);
    }

    /// A message went out, or was verified.
    pub(super) fn counted(&mut self, endpoint: &Arc<str>, phone: Option<&Phone>, what: &Tally) {
        let Some(phone) = phone else { return };
        if let Some(footprint) = self.0.get_mut(&(Arc::clone(endpoint), phone.country)) {
            footprint.add(phone.range, what);
        }
    }

    /// Requests of a place that were stopped within `per`, where they are of enough different phones.
    pub(super) fn size(&mut self, endpoint: &Arc<str>, country: Option<Country>, per: Span, now: Timestamp) -> u64 {
        let Some(footprint) = self.0.get_mut(&(Arc::clone(endpoint), country)) else { return 0 };
        if footprint.phones.len() < PHONES { 0 } else { footprint.stopped.held_between(now, per, Span::default()) }
    }

    /// Places that something was stopped at lately.
    pub(super) fn places(&self, now: Timestamp) -> Vec<Place> {
        let recent = self.0.iter().filter(|(_, footprint)| now.since(footprint.last) < OVER);
        recent.map(|(place, _)| place.clone()).collect()
    }

    /// What is known of the places that `fits` says yes to, together.
    pub(super) fn evidence(&self, now: Timestamp, fits: impl Fn(&Place) -> bool) -> Evidence {
        let mut all = Evidence::default();
        for (_, footprint) in self.0.iter().filter(|(place, one)| fits(place) && now.since(one.last) < OVER) {
            all.add(&footprint.told());
        }
        all
    }
}

impl Footprint {
    fn new() -> Self {
        Self {
            stopped: Window::new(Span::hours(1), 120),
            evidence: Evidence::default(),
            phones: HashSet::new(),
            addresses: HashSet::new(),
            first: Vec::new(),
            latest: VecDeque::new(),
            last: Timestamp::default(),
        }
    }

    fn stopped(&mut self, facts: &Facts, decision: &Decision, volumes: &mut Volumes) {
        let evidence = &mut self.evidence;
        self.stopped.add(facts.at, &1);
        self.last = self.last.max(facts.at);
        if matches!(decision.verdict, Verdict::Challenge(_)) {
            evidence.challenged += 1;
        } else {
            evidence.refused += 1;
        }
        *evidence.endpoints.entry(facts.endpoint.to_string()).or_default() += 1;
        let network = facts.client.address.network.trunc().to_string();
        count(&mut evidence.networks, || network.clone());
        if let Some(asn) = facts.place.asn {
            count(&mut evidence.systems, || format!("AS{asn}"));
        }
        for reason in &decision.reasons {
            if let Some((kind, value)) = shared(reason) {
                count(&mut evidence.cells, || format!("{kind} {value}"));
            }
        }
        if self.addresses.len() < APART {
            self.addresses.insert(facts.client.address.id.short());
        }
        if let Some(phone) = facts.phone() {
            if self.phones.len() < APART {
                self.phones.insert(phone.id.short());
            }
            if let Some(country) = phone.country {
                count(&mut evidence.countries, || country.to_string());
            }
            self.of_range(phone, volumes, facts.at);
        }
        let example = Example {
            decision: decision.id.to_string(),
            at: facts.at,
            verdict: decision.verdict.name().to_owned(),
            phone: facts.phone().map(|phone| phone.masked().to_string()),
            network,
            reason: decision.reasons.first().map(ToString::to_string).unwrap_or_default(),
        };
        if self.first.len() < EXAMPLES {
            self.first.push(example);
        } else {
            self.latest.push_back(example);
            if self.latest.len() > EXAMPLES {
                self.latest.pop_front();
            }
        }
    }

    /// A range that is new brings what its last hour holds: messages that went out before anything was noticed.
    fn of_range(&mut self, phone: &Phone, volumes: &mut Volumes, now: Timestamp) {
        let name = phone.range.to_string();
        if !self.evidence.ranges.contains_key(&name) {
            if self.evidence.ranges.len() >= ROWS {
                return;
            }
            let key = super::volume::Key::range(phone);
            let before = volumes.tally(&key, Span::hours(1), Span::default(), now);
            self.evidence.ranges.insert(name.clone(), RangeRow::default());
            self.add(phone.range, &before);
        }
        if let Some(row) = self.evidence.ranges.get_mut(&name) {
            row.stopped += 1;
        }
    }

    fn add(&mut self, range: Range, what: &Tally) {
        let Some(row) = self.evidence.ranges.get_mut(&range.to_string()) else { return };
        let (sent, verified) = (u64::from(what.sent), u64::from(what.verified));
        row.sent += sent;
        row.verified += verified;
        row.cost_micros += what.micros;
        self.evidence.sent += sent;
        self.evidence.verified += verified;
        self.evidence.cost_micros += what.micros;
    }

    fn told(&self) -> Evidence {
        let decisions = self.first.iter().chain(&self.latest).cloned().collect();
        Evidence { phones: self.phones.len(), addresses: self.addresses.len(), decisions, ..self.evidence.clone() }
    }
}

impl Evidence {
    /// Requests that were stopped, and messages that went out.
    pub fn size(&self) -> u64 {
        self.refused + self.challenged + self.sent
    }

    /// Puts two places' together.
    fn add(&mut self, other: &Self) {
        self.refused += other.refused;
        self.challenged += other.challenged;
        self.sent += other.sent;
        self.verified += other.verified;
        self.cost_micros += other.cost_micros;
        self.phones += other.phones;
        self.addresses += other.addresses;
        for (mine, theirs) in [
            (&mut self.endpoints, &other.endpoints),
            (&mut self.countries, &other.countries),
            (&mut self.networks, &other.networks),
            (&mut self.systems, &other.systems),
            (&mut self.cells, &other.cells),
        ] {
            for (name, number) in theirs {
                if mine.len() < ROWS || mine.contains_key(name) {
                    *mine.entry(name.clone()).or_default() += number;
                }
            }
        }
        for (range, row) in &other.ranges {
            if self.ranges.len() < ROWS || self.ranges.contains_key(range) {
                let mine = self.ranges.entry(range.clone()).or_default();
                mine.stopped += row.stopped;
                mine.sent += row.sent;
                mine.verified += row.verified;
                mine.cost_micros += row.cost_micros;
            }
        }
        let room = (2 * EXAMPLES).saturating_sub(self.decisions.len());
        self.decisions.extend(other.decisions.iter().take(room).cloned());
    }
}

fn count(rows: &mut BTreeMap<String, u64>, name: impl Fn() -> String) {
    let name = name();
    if rows.len() < ROWS || rows.contains_key(&name) {
        *rows.entry(name).or_default() += 1;
    }
}

/// Whether the ladder stopped it for what it shares with others, or for a look that nobody real has. A phone or a client
/// that is hot by itself may be a person.
fn is_stopped_as_attack(decision: &Decision) -> bool {
    let looks_wrong = |reason: &Reason| matches!(reason, Reason::Look { prior, .. } if *prior >= WRONG);
    decision.verdict != Verdict::Forward
        && decision.decided_by == DecidedBy::Engine
        && decision.reasons.iter().any(|reason| shared(reason).is_some() || looks_wrong(reason))
}

fn shared(reason: &Reason) -> Option<(&'static str, &str)> {
    let (kind, value) = match reason {
        Reason::Hot { kind, value, heat, .. } if *heat >= 1.0 => (*kind, value),
        Reason::Surge { kind, value, .. } | Reason::Waiting { kind, value, .. } => (*kind, value),
        _ => return None,
    };
    (!matches!(kind, "phone" | "client")).then_some((kind, value))
}
