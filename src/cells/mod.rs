//! Evidence cells: what attempts share, and what became of the codes that were sent because of them.
//!
//! Each aspect that attempts share (phone, address, range, country, fingerprint, ...) is a *cell*. A send is evidence
//! in all cells that it shares: a verification speaks for real use, silence against it, the longer the more. Evidence
//! over the limit of its kind is *heat*; at 1 a rung of the ladder closes for whoever shares the cell. Every rung has
//! cells of its own, and so have clients that verified before.
//!
//! **In time.** A send is looked at 5, 15, 40 and 120 s after it went out; what it says while silent stands in
//! its cells' window, exactly, and is taken back when it is verified. At 120 s, the horizon, it moves to the matured
//! evidence, which fades with the half-life of the kind and never falls below 0.
//!
//! **Explaining away.** A send is charged in full up to its narrowest cell that is hot, and by a 32nd beyond, so that
//! one dirty range doesn't cost its whole country a captcha. So does a range under siege, before any silence is heard.
//!
//! **Outage.** Where verifications that history promised are missing, in a country, at a carrier or everywhere, silence says
//! less: abuse on top of real use takes none away, and what it adds to a history of its own making excuses little.
//!
//! **Memory.** One table, fixed in size; in a full set of seven the entry worth least goes. Open sends are bounded too.
//!
//! Must not know: verdicts, limits' counts, clocks. `now` is an argument.

mod asked;
mod aspects;
pub mod bound;
mod carriers;
mod cell;
mod charging;
mod countries;
mod evidence;
mod fade;
mod kind;
mod learned;
mod outage;
mod pages;
mod saved;
mod sends;
mod sequence;
mod table;
mod tag;
mod told;
mod trust;
mod unanswered;
mod usual;
mod view;
mod volume;
mod weights;

pub use aspects::Aspects;
pub use evidence::RealUse;
pub use kind::{Kind, KindSettings, Kinds};
pub use sends::SendRef;
pub use view::View;
pub use volume::Volume;

use parking_lot::Mutex;

use crate::domain::{Client, Facts, Oddities, Oddness, OutcomeKind, Rung, Span, Timestamp, Trust};
use asked::Asked;
use aspects::variant;
use cell::{ALTERNATIVES, Cell, WHOLE};
use learned::Learned;
use sends::{Charge, Due, Sends};
use table::Table;
use tag::worth;
use trust::Bonds;
use weights::{Weights, in_64ths, parts};

/// What an attempt's cells show at one rung, by kind.
pub type Views = [Option<View>; Kind::ALL.len()];

/// What they show at the rungs that were looked at: all, or the first ones.
pub type Looked = [Option<Views>; 3];

/// An attempt's place in the cells.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    aspects: Aspects,
    /// What is odd about it.
    oddities: Oddities,
    /// Whether its address loaded any page lately: people who keep no cookies load pages too.
    pub page_seen: bool,
    /// What its client has shown before.
    pub trust: Trust,
    /// What is known of real use at its endpoint.
    pub real: RealUse,
    weights: Weights,
    /// Whether its phone has a message on its way.
    is_repeated: bool,
    /// Whether its phone was stopped a moment ago.
    was_stopped: bool,
    /// Messages of the last day to its phone that nobody answered; 0 for a client that verified this phone.
    unanswered: u8,
    /// Of its phone.
    last_two: Option<u8>,
}

/// What is known of an attempt's like beside its cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Habits {
    /// Steps alike between the numbers of its range, the last one to its own.
    pub sequence: f32,
    /// How busy this hour of the day usually is at its endpoint; 1 is the average hour, and what is said before the day is
    /// known.
    pub hour: f32,
    /// How well its endpoint is known, 0 to 1, by the verifications that it saw over weeks: where nothing was seen yet,
    /// nothing is new. Abuse doesn't verify, so it can't hasten that.
    pub known: f32,
    /// How odd each of its oddities is at its endpoint.
    pub odd: Oddness,
}

/// All cells.
#[derive(Debug)]
pub struct Cells {
    seed: u64,
    table: Table,
    sends: Mutex<Sends>,
    asked: Mutex<Asked>,
    learned: Learned,
}

/// How large the cells may grow.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Bytes of the table; 73 an entry.
    pub memory: usize,
    /// Sends that are kept at the same time; some 200 bytes each.
    pub sends: usize,
    /// How long a verification may come after its send.
    pub keep: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self { memory: 64 << 20, sends: 200_000, keep: Span::minutes(10) }
    }
}

impl Cells {
    /// Empty cells. `seed` is secret.
    pub fn new(settings: &Settings, seed: u64) -> Self {
        Self {
            seed,
            table: Table::new(settings.memory),
            sends: Mutex::new(Sends::new(settings.sends, settings.keep)),
            asked: Mutex::default(),
            learned: Learned::default(),
        }
    }

    /// Finds an attempt's place. Counts nothing.
    pub fn attempt(&self, facts: &Facts) -> Attempt {
        let aspects = Aspects::of(facts, self.seed);
        let page = pages::key(facts.client.address.id, self.seed);
        let steps = aspects.key(Kind::Range).map(sequence::key);
        let others = [Some(page), unanswered::key(&aspects), steps, aspects.carrier, countries::key(&aspects)];
        let bonds = Bonds::of(&aspects);
        self.table.touch(bonds.keys().into_iter().chain(others).flatten());
        let is_new = countries::is_new(&self.table, &aspects, facts.at);
        let aspects = if is_new { aspects.with_new_country(self.seed) } else { aspects };
        let trust = bonds.trust(&self.table, facts.at);
        let is_own = bonds.is_own_phone(&self.table, facts.at);
        let unanswered = if is_own { 0 } else { unanswered::count(&self.table, &aspects, facts.at) };
        let cell = |kind| Some(variant(aspects.key(kind)?, kind, trust, Rung::None));
        self.table.touch(Kind::ALL.into_iter().filter_map(cell));
        let real = self.learned.real_use(aspects.key(Kind::Endpoint));
        let last_two = facts.phone().map(|phone| phone.last_two);
        let page_seen = pages::seen(&self.table, facts.client.address.id, self.seed, facts.at);
        let oddities = Oddities::of(facts, page_seen);
        let weights = [in_64ths(WHOLE); Kind::ALL.len()];
        let (is_repeated, was_stopped) = (false, false);
        Attempt { aspects, oddities, page_seen, trust, real, weights, is_repeated, was_stopped, unanswered, last_two }
    }

    /// What is known of an attempt's like beside its cells.
    pub fn habits(&self, attempt: &Attempt, now: Timestamp) -> Habits {
        let range = attempt.aspects.key(Kind::Range).zip(attempt.last_two);
        let sequence = range.map_or(0.0, |(range, last_two)| sequence::length(&self.table, range, last_two, now));
        let endpoint = attempt.aspects.key(Kind::Endpoint);
        Habits { sequence, ..self.learned.habits(endpoint, attempt.oddities, now) }
    }

    /// A client loaded a page.
    pub fn page(&self, kinds: &Kinds, client: &Client, now: Timestamp) {
        pages::loaded(&self.table, client.address.id, self.seed, now, |cell| worth(kinds, cell, now));
    }

    /// What the attempt's cells show at the first rung.
    pub fn look(&self, kinds: &Kinds, attempt: &Attempt, now: Timestamp) -> Views {
        Kind::ALL.map(|kind| {
            let key = attempt.aspects.key(kind)?;
            let cell = |rung| self.table.get(variant(key, kind, attempt.trust, rung));
            // Codes that stay silent after proofs of work speak against their address at its first rung too.
            let beyond = if kind == Kind::Address { cell(Rung::Pow) } else { None };
            let cells = (&cell(Rung::None).unwrap_or_default(), beyond.as_ref());
            let view = View::of(cells, kind, kinds.of(kind), (&attempt.real, now));
            let outage = || self.outage_of(kinds, &attempt.aspects, attempt.trust, now);
            Some(match kind {
                Kind::Country => View { outage: outage().missing, ..view },
                Kind::Phone => View { unanswered: attempt.unanswered.into(), ..view },
                _ => view,
            })
        })
    }

    /// What they show at a rung above, where they show `first` at the first. Of a phone it is the same cell.
    pub fn look_at(&self, kinds: &Kinds, attempt: &Attempt, first: &Views, rung: Rung, now: Timestamp) -> Views {
        Kind::ALL.map(|kind| {
            let (first, key) = (first[kind as usize].as_ref()?, attempt.aspects.key(kind)?);
            let own = || self.table.get(variant(key, kind, attempt.trust, rung)).unwrap_or_default();
            let view = first.at(rung, (kind != Kind::Phone).then(own).as_ref(), kinds.of(kind), now);
            // From captchas on unanswered messages turn nobody away.
            let unanswered = if rung < Rung::Captcha { view.unanswered } else { 0.0 };
            Some(View { unanswered, ..view })
        })
    }

    /// Counts an attempt, as `volume` says. With `through` it goes to the upstream at that rung and counts as an open
    /// send, until [`Cells::give_back`] says that none came of it.
    pub fn count(&self, kinds: &Kinds, attempt: &Attempt, volume: Volume, through: Option<Rung>, now: Timestamp) {
        let first = volume != Volume::None;
        if let (true, Some(range), Some(last_two)) = (first, attempt.aspects.key(Kind::Range), attempt.last_two) {
            sequence::asked(&self.table, range, last_two, now);
        }
        for (kind, key, weight) in parts(&attempt.aspects, &attempt.weights) {
            let trust = attempt.trust;
            if first || through.is_none() {
                self.upsert(kinds, kind, variant(key, kind, trust, Rung::None), now, |cell| {
                    if first {
                        cell.fast += volume.of(kind) * f32::from(in_64ths(weight)) / f32::from(in_64ths(WHOLE));
                    }
                    if through.is_none() {
                        cell.refused += attempt.counts_as_stopped(kind);
                    }
                    if through == Some(Rung::None) {
                        cell.open += weight;
                    }
                });
            }
            if let Some(rung) = through.filter(|rung| !first || *rung != Rung::None) {
                self.upsert(kinds, kind, variant(key, kind, trust, rung), now, |cell| cell.open += weight);
            }
        }
    }

    /// The upstream sent nothing.
    pub fn give_back(&self, attempt: &Attempt, rung: Rung) {
        for (kind, key, weight) in parts(&attempt.aspects, &attempt.weights) {
            self.table.change(variant(key, kind, attempt.trust, rung), |cell| cell.open -= weight);
        }
    }

    /// The message went out. `None`: there is no room for it, so it says nothing.
    pub fn sent(&self, kinds: &Kinds, attempt: &Attempt, rung: Rung, now: Timestamp) -> Option<SendRef> {
        let charge = Charge {
            at: now,
            aspects: attempt.aspects,
            oddities: attempt.oddities,
            weights: attempt.weights,
            is_repeated: attempt.is_repeated,
            rung,
            trust: attempt.trust,
            verified: false,
            undelivered: false,
            matured: false,
            missed: false,
            step: 0,
            value: [0; ALTERNATIVES],
        };
        let name = self.sends.lock().open(charge);
        if name.is_some() {
            unanswered::sent(&self.table, &attempt.aspects, now, |cell| worth(kinds, cell, now));
        } else {
            self.give_back(attempt, rung);
        }
        name
    }

    /// Something became of a send.
    pub fn outcome(&self, kinds: &Kinds, name: SendRef, outcome: OutcomeKind, now: Timestamp) {
        let mut sends = self.sends.lock();
        let Some(charge) = sends.get_mut(name) else { return };
        match outcome {
            OutcomeKind::Verified if !charge.verified => self.verified(kinds, charge, true, now),
            OutcomeKind::Undelivered if !charge.verified => self.undelivered(kinds, charge, now),
            OutcomeKind::Verified | OutcomeKind::Undelivered | OutcomeKind::Delivered => {}
        }
    }

    /// Another message of its session was verified: whoever asked for this one has shown nothing by that.
    pub fn settled(&self, kinds: &Kinds, name: SendRef, now: Timestamp) {
        let mut sends = self.sends.lock();
        if let Some(charge) = sends.get_mut(name).filter(|charge| !charge.verified) {
            self.verified(kinds, charge, false, now);
        }
    }

    /// Does everything that is due by `now`: sends that have been silent for longer, challenges that nobody solved.
    pub fn advance(&self, kinds: &Kinds, now: Timestamp) {
        self.advance_sends(kinds, now);
        self.advance_asked(kinds, now);
    }

    fn advance_sends(&self, kinds: &Kinds, now: Timestamp) {
        let mut sends = self.sends.lock();
        while let Some((at, due)) = sends.due(now) {
            match due {
                Due::Step(name, step) => {
                    if let Some(charge) = sends.get_mut(name) {
                        self.step(kinds, charge, step, at);
                    }
                }
                Due::End(name) => {
                    if let Some(charge) = sends.close(name) {
                        self.forgive(kinds, &charge, at);
                    }
                }
            }
        }
    }

    fn change(&self, kinds: &Kinds, kind: Kind, key: u64, now: Timestamp, act: impl FnOnce(&mut Cell)) {
        let settings = kinds.of(kind);
        self.table.change(key, |cell| {
            cell.fade_to(now, kind, settings);
            act(cell);
        });
    }

    fn upsert<T>(&self, kinds: &Kinds, kind: Kind, key: u64, now: Timestamp, act: impl FnOnce(&mut Cell) -> T) -> T {
        let settings = kinds.of(kind);
        let fresh = Cell::fresh(kind as u8, now);
        self.table.upsert(
            key,
            fresh,
            |cell| worth(kinds, cell, now),
            |cell| {
                cell.fade_to(now, kind, settings);
                act(cell)
            },
        )
    }

    /// Cells in use, the most there may be, and those that had to go.
    pub fn usage(&self) -> (usize, usize, u64) {
        (self.table.len(), self.table.capacity(), self.table.evicted())
    }

    /// Sends that are kept.
    pub fn sends(&self) -> usize {
        self.sends.lock().len()
    }
}

#[cfg(test)]
mod tests;
