//! Evidence cells: what attempts share, and what became of the codes that were sent because of them.
//!
//! Each aspect that attempts share (phone, address, range, country, fingerprint, ...) is a *cell*. A send is evidence
//! in all cells that it shares: a verification speaks for real use, silence against it, the longer the more. Evidence
//! over the limit of its kind is *heat*; at 1 a rung of the ladder closes for whoever shares the cell. Every rung has
//! cells of its own, and so have clients that verified before.
//!
//! **In time.** A send is looked at 3, 8, 15, 30, 60 and 120 s after it went out; what it says while silent stands in
//! its cells' window, exactly, and is taken back when it is verified. At 120 s, the horizon, it moves to the matured
//! evidence, which fades with the half-life of the kind and never falls below 0.
//!
//! **Explaining away.** A send is charged in full up to its narrowest cell that is hot, and by a tenth beyond, so that
//! one dirty range doesn't cost its whole country a captcha.
//!
//! **Outage.** Where verifications that history promised are missing, silence says less: abuse on top of real use takes
//! none away.
//!
//! **Memory.** One table, fixed in size; in a full set of eight the entry worth least goes. Open sends are bounded too.
//!
//! Must not know: verdicts, limits' counts, clocks. `now` is an argument.

mod aspects;
mod cell;
mod evidence;
mod fade;
mod kind;
mod learned;
mod pages;
mod sends;
mod table;
mod trust;
mod view;

pub use aspects::Aspects;
pub use evidence::RealUse;
pub use kind::{Kind, KindSettings, Kinds};
pub use sends::SendRef;
pub use view::View;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{Address, Client, DecisionId, Facts, OutcomeKind, Rung, Span, Timestamp, Trust};
use aspects::variant;
use cell::{ALTERNATIVES, Cell, WHOLE};
use evidence::STEPS;
use learned::Learned;
use sends::{Charge, Due, Sends, Weights};
use table::Table;

/// What an attempt's cells show at one rung, by kind.
pub type Views = [Option<View>; Kind::ALL.len()];

/// An attempt's place in the cells.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    aspects: Aspects,
    /// What its client has shown before.
    pub trust: Trust,
    /// What is known of real use at its endpoint.
    pub real: RealUse,
    weights: Weights,
}

/// Weight of a send in cells wider than its narrowest hot one.
const EXPLAINED: i32 = WHOLE / 10;
/// Weight in shared cells of a second message to a phone that has an open one: the same person's silence.
const REPEATED: i32 = WHOLE / 4;
/// An attempt that hasn't come back by then has not solved its challenge.
const UNSOLVED: Span = Span::seconds(120);
/// What an unsolved challenge adds to the cells that asked for it, in nats. Some 3 % of real users don't solve an
/// invisible one, and no script does: it would be worth 3.
const UNSOLVED_SAYS: f32 = 0.5;
/// What a solved one takes back of that.
const SOLVED_SAYS: f32 = 0.05;
/// A cell has a part in closing a rung from this heat on.
const WARM: f32 = 0.4;
/// What a refused attempt adds to the cells that refused it.
const REFUSED: f32 = 0.1;
/// The most that a cell is heated so, over its limit.
const HELD: f32 = 2.0;
/// Challenges that are waited for at the same time.
const ASKED: usize = 65_536;

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
    /// Bytes of the table; 72 an entry.
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

/// A cell that closed a rung: kind, key, and the limit that it was held against.
type Closed = (Kind, u64, f32);

/// Challenges that nobody has answered yet, with the cells that asked for them.
#[derive(Debug, Default)]
struct Asked {
    open: HashMap<DecisionId, Vec<Closed>>,
    queue: VecDeque<(Timestamp, DecisionId)>,
}

impl Cells {
    /// Empty cells. `seed` is secret.
    pub fn new(settings: Settings, seed: u64) -> Self {
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
        let trust = trust::of(&self.table, &aspects, facts.at);
        let real = self.learned.real_use(aspects.key(Kind::Endpoint));
        Attempt { aspects, trust, real, weights: [WHOLE as u8; Kind::ALL.len()] }
    }

    /// A client loaded a page.
    pub fn page(&self, kinds: &Kinds, client: &Client, now: Timestamp) {
        pages::loaded(&self.table, client.address.id, self.seed, now, |cell| self.worth(kinds, cell, now));
    }

    /// Whether a page was loaded from the attempt's address lately: people who keep no cookies load pages too.
    pub fn page_seen(&self, address: &Address, now: Timestamp) -> bool {
        pages::seen(&self.table, address.id, self.seed, now)
    }

    /// What the attempt's cells show at `rung`.
    pub fn look(&self, kinds: &Kinds, attempt: &Attempt, rung: Rung, now: Timestamp) -> Views {
        Kind::ALL.map(|kind| {
            let key = attempt.aspects.key(kind)?;
            let base = self.table.get(variant(key, kind, attempt.trust.is_known(), Rung::None)).unwrap_or_default();
            let own_key = variant(key, kind, attempt.trust.is_known(), rung);
            let own = match rung {
                Rung::None => base,
                _ if kind == Kind::Phone => base,
                _ => self.table.get(own_key).unwrap_or_default(),
            };
            Some(View::of((&base, &own), (kind, rung), kinds.of(kind), (&attempt.real, now)))
        })
    }

    /// Says how much of the attempt each of its cells bears, by what they show at the rungs that it went through.
    pub fn weigh(&self, attempt: &mut Attempt, looked: &[Views]) {
        let hot = |kind: Kind| {
            let views = looked.iter().filter_map(|views| views[kind as usize].as_ref());
            views.into_iter().any(|view| view.heat.max(view.pressure) >= 1.0 || view.open >= view.bound)
        };
        let repeated =
            looked.first().and_then(|views| views[Kind::Phone as usize]).is_some_and(|view| view.open >= 1.0);
        let mut weight = WHOLE;
        for kind in Kind::ALL {
            let shared = !matches!(kind, Kind::Phone | Kind::Client | Kind::Address);
            let own = if repeated && shared { weight.min(REPEATED) } else { weight };
            attempt.weights[kind as usize] = own as u8;
            if hot(kind) {
                weight = EXPLAINED;
            }
        }
    }

    /// Counts an attempt. `first` is false for one that continues after a challenge: it was counted before. With
    /// `through` it goes to the upstream at that rung and counts as an open send, until [`Cells::give_back`] says
    /// that none came of it.
    pub fn count(&self, kinds: &Kinds, attempt: &Attempt, first: bool, through: Option<Rung>, now: Timestamp) {
        for (kind, key, weight) in parts(&attempt.aspects, &attempt.weights) {
            let known = attempt.trust.is_known();
            if first || through.is_none() {
                self.upsert(kinds, kind, variant(key, kind, known, Rung::None), now, |cell| {
                    if first {
                        cell.fast += weight as f32 / WHOLE as f32;
                    }
                    if through.is_none() {
                        cell.refused += 1.0;
                    }
                    if through == Some(Rung::None) {
                        cell.open += weight;
                    }
                });
            }
            if let Some(rung) = through.filter(|rung| !first || *rung != Rung::None) {
                self.upsert(kinds, kind, variant(key, kind, known, rung), now, |cell| cell.open += weight);
            }
        }
    }

    /// The upstream sent nothing.
    pub fn give_back(&self, attempt: &Attempt, rung: Rung) {
        for (kind, key, weight) in parts(&attempt.aspects, &attempt.weights) {
            self.table.change(variant(key, kind, attempt.trust.is_known(), rung), |cell| cell.open -= weight);
        }
    }

    /// The message went out. `None`: there is no room for it, so it says nothing.
    pub fn sent(&self, attempt: &Attempt, rung: Rung, now: Timestamp) -> Option<SendRef> {
        let charge = Charge {
            at: now,
            aspects: attempt.aspects,
            weights: attempt.weights,
            rung,
            known: attempt.trust.is_known(),
            verified: false,
            undelivered: false,
            matured: false,
            value: [0; ALTERNATIVES],
        };
        let name = lock(&self.sends).open(charge);
        if name.is_none() {
            self.give_back(attempt, rung);
        }
        name
    }

    /// Something became of a send.
    pub fn outcome(&self, kinds: &Kinds, name: SendRef, outcome: OutcomeKind, now: Timestamp) {
        let mut sends = lock(&self.sends);
        let Some(charge) = sends.get_mut(name) else { return };
        match outcome {
            OutcomeKind::Verified if !charge.verified => self.verified(kinds, charge, now),
            OutcomeKind::Undelivered if !charge.verified => charge.undelivered = true,
            OutcomeKind::Verified | OutcomeKind::Undelivered | OutcomeKind::Delivered => {}
        }
    }

    fn verified(&self, kinds: &Kinds, charge: &mut Charge, now: Timestamp) {
        charge.verified = true;
        let real = self.learned.real_use(charge.aspects.key(Kind::Endpoint));
        let value = real.verified();
        let (old, at) = (charge.value, charge.at);
        for (kind, key, weight) in parts(&charge.aspects, &charge.weights) {
            let (base, own) =
                (variant(key, kind, charge.known, Rung::None), variant(key, kind, charge.known, charge.rung));
            if charge.matured {
                let age = now.since(at + STEPS[STEPS.len() - 1]);
                let left = fade::half(age.as_millis(), kinds.of(kind).half_life);
                self.change(kinds, kind, own, now, |cell| {
                    for (matured, old) in cell.matured.iter_mut().zip(old) {
                        *matured = (*matured - left * cell::nats(share(old, weight))).max(0.0);
                    }
                });
            } else {
                self.change(kinds, kind, own, now, |cell| {
                    cell.open -= weight;
                    for (window, (new, old)) in cell.window.iter_mut().zip(value.iter().zip(old)) {
                        *window += share(*new, weight) - share(old, weight);
                    }
                });
            }
            self.upsert(kinds, kind, base, now, |cell| {
                cell.slow += 1.0;
                cell.recent += 1.0;
                cell.came += 1.0;
                cell.verified += 1.0;
            });
        }
        charge.value = value;
        trust::verified(&self.table, &charge.aspects, now);
        if let (true, Some(endpoint)) = (charge.known, charge.aspects.key(Kind::Endpoint)) {
            self.learned.lag(endpoint, now.since(at));
            if !charge.matured {
                self.learned.session(endpoint, true);
            }
        }
    }

    /// A challenge was asked for, or the attempt was refused, because of what `looked` shows at each rung. A refusal, and
    /// a challenge that nobody solves, says that abuse goes on: its hot cells get a little hotter, up to a bound, so
    /// they don't open while it does.
    pub fn closed(
        &self,
        kinds: &Kinds,
        decision: DecisionId,
        attempt: &Attempt,
        asked: Rung,
        looked: &[Views],
        now: Timestamp,
    ) {
        let known = attempt.trust.is_known();
        let rungs = [Rung::None, Rung::Pow, Rung::Captcha].into_iter().zip(looked);
        let cells = rungs.take_while(|(rung, _)| *rung < asked).flat_map(|(rung, views)| {
            // The narrowest explains it; it is not to spread to all that it is part of.
            let hot = views.iter().flatten().find(|view| view.heat >= WARM);
            hot.into_iter().filter_map(move |view| {
                let key = variant(attempt.aspects.key(view.kind)?, view.kind, known, rung);
                Some((view.kind, key, view.evidence / view.heat))
            })
        });
        let cells: Vec<_> = cells.collect();
        if asked == Rung::Block {
            self.goes_on(kinds, &cells, REFUSED, now);
            return;
        }
        let mut open = lock(&self.asked);
        if open.queue.len() < ASKED && !cells.is_empty() {
            open.queue.push_back((now + UNSOLVED, decision));
            open.open.insert(decision, cells);
        }
    }

    /// Heats cells whose closed rungs are met again, up to twice the limit; never cools them.
    fn goes_on(&self, kinds: &Kinds, cells: &[Closed], by: f32, now: Timestamp) {
        for (kind, key, limit) in cells {
            self.change(kinds, *kind, *key, now, |cell| {
                for matured in &mut cell.matured {
                    *matured = (*matured + by).min((limit * HELD).max(*matured));
                }
            });
        }
    }

    /// The challenge of this decision was solved: real people share its cells. Takes back what unsolved ones added.
    pub fn solved(&self, kinds: &Kinds, decision: DecisionId, now: Timestamp) {
        let cells = lock(&self.asked).open.remove(&decision);
        for (kind, key, limit) in cells.into_iter().flatten() {
            self.change(kinds, kind, key, now, |cell| {
                for matured in &mut cell.matured {
                    *matured = (*matured - SOLVED_SAYS).max(limit.min(*matured));
                }
            });
        }
    }

    /// Does everything that is due by `now`: sends that have been silent for longer, challenges that nobody solved.
    pub fn advance(&self, kinds: &Kinds, now: Timestamp) {
        self.advance_sends(kinds, now);
        self.advance_asked(kinds, now);
    }

    fn advance_sends(&self, kinds: &Kinds, now: Timestamp) {
        let mut sends = lock(&self.sends);
        while let Some((at, due)) = sends.due(now) {
            match due {
                Due::Step(name, step) => {
                    if let Some(charge) = sends.get_mut(name) {
                        self.step(kinds, charge, step, at);
                    }
                }
                Due::End(name) => {
                    sends.close(name);
                }
            }
        }
    }

    fn advance_asked(&self, kinds: &Kinds, now: Timestamp) {
        let mut asked = lock(&self.asked);
        while let Some((at, decision)) = asked.queue.front().copied().filter(|(at, _)| *at <= now) {
            asked.queue.pop_front();
            if let Some(cells) = asked.open.remove(&decision) {
                self.goes_on(kinds, &cells, UNSOLVED_SAYS, at);
            }
        }
    }

    /// A send has been silent, or verified, for a step longer.
    fn step(&self, kinds: &Kinds, charge: &mut Charge, step: usize, at: Timestamp) {
        let endpoint = charge.aspects.key(Kind::Endpoint);
        let real = self.learned.real_use(endpoint);
        let outage = self.outage(kinds, charge, at);
        let (old, new) = if charge.verified {
            (charge.value, charge.value)
        } else {
            let silent = real.silent(STEPS[step], outage);
            (charge.value, if charge.undelivered { silent.map(|value| value / 2) } else { silent })
        };
        let come = |index: Option<usize>| index.map_or(0.0, |index| real.come_by(STEPS[index]));
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let due = (real.conversion * (come(Some(step)) - come(step.checked_sub(1)))) as f32;
        let horizon = step + 1 == STEPS.len();
        for (kind, key, weight) in parts(&charge.aspects, &charge.weights) {
            let (base, own) =
                (variant(key, kind, charge.known, Rung::None), variant(key, kind, charge.known, charge.rung));
            self.change(kinds, kind, base, at, |cell| {
                cell.due += due;
                if step == 0 {
                    cell.sent += 1.0;
                }
            });
            if old == new && !horizon {
                continue;
            }
            self.upsert(kinds, kind, own, at, |cell| {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    if horizon {
                        cell.window[index] -= share(*old, weight);
                        cell.matured[index] = (cell.matured[index] + cell::nats(share(new, weight))).max(0.0);
                    } else {
                        cell.window[index] += share(new, weight) - share(*old, weight);
                    }
                }
                if horizon && !charge.verified {
                    cell.open -= weight;
                }
            });
        }
        charge.value = new;
        if horizon {
            charge.matured = true;
            if !charge.verified && outage < 0.3 && !charge.undelivered {
                trust::silent(&self.table, &charge.aspects, at);
                if let (true, Some(endpoint)) = (charge.known, endpoint) {
                    self.learned.session(endpoint, false);
                }
            }
        }
    }

    fn outage(&self, kinds: &Kinds, charge: &Charge, now: Timestamp) -> f32 {
        let Some(key) = charge.aspects.key(Kind::Country) else { return 0.0 };
        let cell = self.table.get(variant(key, Kind::Country, charge.known, Rung::None));
        cell.map_or(0.0, |mut cell| {
            cell.fade_to(now, kinds.of(Kind::Country).half_life);
            cell.outage()
        })
    }

    fn change(&self, kinds: &Kinds, kind: Kind, key: u64, now: Timestamp, act: impl FnOnce(&mut Cell)) {
        let half_life = kinds.of(kind).half_life;
        self.table.change(key, |cell| {
            cell.fade_to(now, half_life);
            act(cell);
        });
    }

    fn upsert(&self, kinds: &Kinds, kind: Kind, key: u64, now: Timestamp, act: impl FnOnce(&mut Cell)) {
        let half_life = kinds.of(kind).half_life;
        let fresh = Cell { tag: kind as u8, at: now.unix_ms(), ..Cell::default() };
        self.table.upsert(
            key,
            fresh,
            |cell| self.worth(kinds, cell, now),
            |cell| {
                cell.fade_to(now, half_life);
                act(cell);
            },
        );
    }

    fn worth(&self, kinds: &Kinds, cell: &Cell, now: Timestamp) -> f32 {
        if pages::is_page(cell) {
            return pages::WORTH;
        }
        if trust::is_trust(cell) {
            return trust::worth(cell, now);
        }
        let kind = Kind::ALL.get(usize::from(cell.tag)).copied().unwrap_or(Kind::Phone);
        let settings = kinds.of(kind);
        cell.worth(kind, settings.limit, settings.half_life, now)
    }

    /// Cells in use, the most there may be, and those that had to go.
    pub fn usage(&self) -> (usize, usize, u64) {
        (self.table.len(), self.table.capacity(), self.table.evicted())
    }

    /// Sends that are kept.
    pub fn sends(&self) -> usize {
        lock(&self.sends).len()
    }
}

/// The cells of an attempt that it has a share in, with their weights in 64ths.
fn parts<'a>(aspects: &'a Aspects, weights: &'a Weights) -> impl Iterator<Item = (Kind, u64, i32)> + use<'a> {
    Kind::ALL.into_iter().filter_map(|kind| {
        let weight = i32::from(weights[kind as usize]);
        Some((kind, aspects.key(kind)?, weight))
    })
}

/// The part of a value that a weight gives. The same for taking back as for adding.
const fn share(value: i32, weight: i32) -> i32 {
    value * weight / WHOLE
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
