//! An attack's footprint: what was stopped because what it shares had turned hot, where it came from, where it went, and
//! what its ranges cost so far.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use ipnet::IpNet;

use super::evidence::{EXAMPLES, Evidence, Example, ROWS, RangeRow, Sums};
use super::key::Key;
use super::volume::{Tally, Volumes};
use crate::budget::Window;
use crate::domain::{
    Country, DecidedBy, Decision, DecisionId, Facts, MaskedPhone, Mode, Phone, Range, Reason, Span, Timestamp, Verdict,
};

/// Phones and addresses that are told apart.
const APART: usize = 10_000;
/// Different phones that make an attack: one person who asks again is none.
const PHONES: usize = 8;
/// Footprints are kept at the same time: endpoints times countries.
const FOOTPRINTS: usize = 500;
/// After so long a silence it is another attack, where nobody was told of it.
const OVER: Span = Span::hours(1);
/// A look so wrong that it alone asks for a proof.
const WRONG: f32 = 0.9;
/// A smaller pressure is told where it closes a rung together with a look, and is no attack by itself.
const SURGING: f32 = 0.5;

/// Where an attack goes: an endpoint, and the country of its phones.
pub(super) type Place = (Arc<str>, Option<Country>);

/// An attack under way, or what may become one. Names are made of it when it is told: it is counted a thousand times
/// as often, while every decision waits for it.
#[derive(Debug)]
pub(super) struct Footprint {
    stopped: Window<u64>,
    sums: Sums,
    ranges: BTreeMap<Range, RangeRow>,
    networks: BTreeMap<IpNet, u64>,
    systems: BTreeMap<u32, u64>,
    cells: BTreeMap<String, u64>,
    phones: HashSet<u64>,
    addresses: HashSet<u64>,
    first: Vec<Seen>,
    latest: VecDeque<Seen>,
    last: Timestamp,
    /// When the incident before it was over: what went out by then was told with that one.
    since: Timestamp,
}

/// An [`Example`] before it is told.
#[derive(Debug)]
struct Seen {
    decision: DecisionId,
    at: Timestamp,
    verdict: Verdict,
    phone: Option<MaskedPhone>,
    network: IpNet,
    reason: Option<Reason>,
}

/// Every footprint.
#[derive(Debug, Default)]
pub(super) struct Footprints(BTreeMap<Place, Footprint>);

impl Footprints {
    /// A request was stopped as part of an attack: [`is_stopped_as_attack`].
    pub(super) fn stopped(&mut self, facts: &Facts, decision: &Decision, volumes: &mut Volumes) {
        let now = facts.at;
        let place = (Arc::clone(&facts.endpoint), facts.phone().and_then(|phone| phone.country));
        if !self.0.contains_key(&place) && self.0.len() >= FOOTPRINTS {
            self.0.retain(|_, footprint| now.since(footprint.last) < OVER);
            if self.0.len() >= FOOTPRINTS {
                return;
            }
        }
        self.0.entry(place).or_insert_with(Footprint::new).stopped(facts, decision, volumes);
    }

    /// A message went out, or was verified.
    pub(super) fn counted(&mut self, endpoint: &Arc<str>, phone: Option<&Phone>, what: &Tally) {
        let Some(phone) = phone else { return };
        if let Some(footprint) = self.0.get_mut(&(Arc::clone(endpoint), phone.country)) {
            footprint.add(phone.range, what);
        }
    }

    /// Requests that were stopped within `per` at the places that `fits` says yes to, where they are of enough different
    /// phones.
    pub(super) fn size(&mut self, fits: impl Fn(&Place) -> bool, per: Span, now: Timestamp) -> u64 {
        let attacks = self.0.iter_mut().filter(|(place, footprint)| {
            now.since(footprint.last) < OVER && footprint.phones.len() >= PHONES && fits(place)
        });
        attacks.map(|(_, footprint)| footprint.stopped.held_between(now, per, Span::default())).sum()
    }

    /// Places that something was stopped at lately.
    pub(super) fn places(&self, now: Timestamp) -> Vec<Place> {
        let recent = self.0.iter().filter(|(_, footprint)| now.since(footprint.last) < OVER);
        recent.map(|(place, _)| place.clone()).collect()
    }

    /// An attack goes on for as long as its incident is `open`, however quiet it is meanwhile. Where the last one is `over`,
    /// the next begins with nothing, and where none was made of it, it is forgotten.
    pub(super) fn settle(&mut self, open: &[Key], over: &[Key], now: Timestamp) {
        self.0.retain(|(endpoint, country), footprint| {
            let is_of = |keys: &[Key]| keys.iter().any(|key| key.covers_place(endpoint, *country));
            if is_of(open) {
                return true;
            }
            if is_of(over) {
                footprint.begin_anew(now);
            }
            now.since(footprint.last) < OVER
        });
    }

    /// The sums of the places that are part of `key`.
    pub(super) fn sums(&self, key: &Key) -> Sums {
        let mut all = Sums::default();
        self.parts(key).for_each(|(_, footprint)| all.add(&footprint.sums));
        all
    }

    /// What is known of the places that are part of `key`, together.
    pub(super) fn evidence(&self, key: &Key) -> Evidence {
        let mut all = Evidence::default();
        for (place, footprint) in self.parts(key) {
            let room = (2 * EXAMPLES).saturating_sub(all.decisions.len());
            all.add(&footprint.told(place, room));
        }
        all
    }

    fn parts(&self, key: &Key) -> impl Iterator<Item = (&Place, &Footprint)> {
        self.0.iter().filter(|((endpoint, country), _)| key.covers_place(endpoint, *country))
    }
}

impl Footprint {
    fn new() -> Self {
        Self {
            stopped: hour(),
            sums: Sums::default(),
            ranges: BTreeMap::new(),
            networks: BTreeMap::new(),
            systems: BTreeMap::new(),
            cells: BTreeMap::new(),
            phones: HashSet::new(),
            addresses: HashSet::new(),
            first: Vec::new(),
            latest: VecDeque::new(),
            last: Timestamp::default(),
            since: Timestamp::default(),
        }
    }

    /// Leaves nothing but how much is stopped.
    fn begin_anew(&mut self, now: Timestamp) {
        let stopped = std::mem::replace(&mut self.stopped, hour());
        *self = Self { stopped, last: self.last, since: now, ..Self::new() };
    }

    fn stopped(&mut self, facts: &Facts, decision: &Decision, volumes: &mut Volumes) {
        self.stopped.add(facts.at, &1);
        self.last = self.last.max(facts.at);
        if matches!(decision.verdict, Verdict::Challenge(_)) {
            self.sums.challenged += 1;
        } else {
            self.sums.refused += 1;
        }
        self.sums.let_through += u64::from(decision.mode == Mode::Monitor);
        let network = facts.client.address.network.trunc();
        count(&mut self.networks, network);
        if let Some(asn) = facts.place.asn {
            count(&mut self.systems, asn);
        }
        let cells = || decision.reasons.iter().filter_map(shared);
        for (index, (kind, value)) in cells().enumerate() {
            // Several reasons may be of one cell: what waits there, and that it surges.
            if !cells().take(index).any(|before| before == (kind, value)) {
                count_cell(&mut self.cells, kind, value);
            }
        }
        if self.addresses.len() < APART {
            self.addresses.insert(facts.client.address.id.short());
        }
        if let Some(phone) = facts.phone() {
            if self.phones.len() < APART {
                self.phones.insert(phone.id.short());
            }
            self.of_range(phone, volumes, facts.at);
        }
        (self.sums.phones, self.sums.addresses) = (self.phones.len(), self.addresses.len());
        self.keep(Seen {
            decision: decision.id,
            at: facts.at,
            verdict: decision.verdict,
            phone: facts.phone().map(Phone::masked),
            network,
            reason: decision.reasons.first().cloned(),
        });
    }

    fn keep(&mut self, example: Seen) {
        if self.first.len() < EXAMPLES {
            self.first.push(example);
            return;
        }
        if self.latest.len() >= EXAMPLES {
            self.latest.pop_front();
        }
        self.latest.push_back(example);
    }

    /// A range that is new brings what its last hour holds: messages that went out before anything was noticed, and that no
    /// incident before was told with.
    fn of_range(&mut self, phone: &Phone, volumes: &mut Volumes, now: Timestamp) {
        if !self.ranges.contains_key(&phone.range) {
            if self.ranges.len() >= ROWS {
                return;
            }
            let before =
                volumes.tally(&Key::range(phone), Span::hours(1).min(now.since(self.since)), Span::default(), now);
            self.ranges.insert(phone.range, RangeRow::default());
            self.add(phone.range, &before);
        }
        if let Some(row) = self.ranges.get_mut(&phone.range) {
            row.stopped += 1;
        }
    }

    fn add(&mut self, range: Range, what: &Tally) {
        let Some(row) = self.ranges.get_mut(&range) else { return };
        let (sent, verified) = (u64::from(what.sent), u64::from(what.verified));
        row.sent += sent;
        row.verified += verified;
        row.cost_micros += what.micros;
        self.sums.sent += sent;
        self.sums.verified += verified;
        self.sums.cost_micros += what.micros;
    }

    /// With at most so many examples.
    fn told(&self, (endpoint, country): &Place, examples: usize) -> Evidence {
        fn named<K: ToString, V: Copy>(rows: &BTreeMap<K, V>) -> BTreeMap<String, V> {
            rows.iter().map(|(name, row)| (name.to_string(), *row)).collect()
        }
        let stopped = self.sums.refused + self.sums.challenged;
        let systems = self.systems.iter().map(|(asn, count)| (format!("AS{asn}"), *count));
        let mut told = Evidence {
            endpoints: BTreeMap::from([(endpoint.to_string(), stopped)]),
            countries: country.iter().map(|country| (country.to_string(), stopped)).collect(),
            ranges: named(&self.ranges),
            networks: named(&self.networks),
            systems: systems.collect(),
            cells: self.cells.clone(),
            decisions: self.first.iter().chain(&self.latest).take(examples).map(Seen::told).collect(),
            ..Evidence::default()
        };
        told.set_sums(&self.sums);
        told
    }
}

impl Seen {
    fn told(&self) -> Example {
        Example {
            decision: self.decision.to_string(),
            at: self.at,
            verdict: self.verdict.name().to_owned(),
            phone: self.phone.map(|phone| phone.to_string()),
            network: self.network.to_string(),
            reason: self.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// To half a minute.
fn hour() -> Window<u64> {
    Window::new(Span::hours(1), 120)
}

fn count<K: Ord>(rows: &mut BTreeMap<K, u64>, name: K) {
    if rows.len() < ROWS || rows.contains_key(&name) {
        *rows.entry(name).or_default() += 1;
    }
}

/// Counts `kind value`.
fn count_cell(rows: &mut BTreeMap<String, u64>, kind: &str, value: &str) {
    let mut name = String::with_capacity(kind.len() + 1 + value.len());
    _ = write!(name, "{kind} {value}");
    count(rows, name);
}

/// Whether the ladder stopped it for what it shares with others, or for a look that nobody real has. A phone or a client
/// that is hot by itself may be a person.
pub(super) fn is_stopped_as_attack(decision: &Decision) -> bool {
    let looks_wrong = |reason: &Reason| matches!(reason, Reason::Look { prior, .. } if *prior >= WRONG);
    decision.verdict != Verdict::Forward
        && decision.decided_by == DecidedBy::Engine
        && decision.reasons.iter().any(|reason| shared(reason).is_some() || looks_wrong(reason))
}

fn shared(reason: &Reason) -> Option<(&'static str, &str)> {
    let (kind, value) = match reason {
        Reason::Hot { kind, value, heat, .. } if *heat >= 1.0 => (*kind, value),
        Reason::Surge { kind, value, pressure, .. } if *pressure >= SURGING => (*kind, value),
        Reason::Siege { kind, value, .. } | Reason::Waiting { kind, value, .. } => (*kind, value),
        _ => return None,
    };
    (!matches!(kind, "phone" | "client")).then_some((kind, value))
}
