//! What a send says to the cells that it was charged to, while it is silent, when it is verified, and at its horizon.

use super::cell::{self, ALTERNATIVES, Cell, WHOLE};
use super::evidence::STEPS;
use super::sends::Charge;
use super::tag::worth;
use super::weights::EXPLAINED;
use super::{Cells, Kind, Kinds, countries, fade, trust, unanswered};
use crate::domain::{Rung, Timestamp};

/// Where so much of the verifications is missing for everyone, silence is nobody's fault.
const LOST: f32 = 0.3;

impl Cells {
    /// A send was verified, or another of its session (not `itself`), perhaps after its horizon.
    pub(super) fn verified(&self, kinds: &Kinds, charge: &mut Charge, itself: bool, now: Timestamp) {
        charge.verified = true;
        let cells = self.cells_of(charge);
        let real = self.learned.real_use(charge.aspects.key(Kind::Endpoint));
        let value = real.verified();
        let (old, at) = (charge.value, charge.at);
        for (kind, (base, own)) in Kind::ALL.into_iter().zip(cells).filter_map(|(kind, cells)| Some((kind, cells?))) {
            let weight = i32::from(charge.weights[kind as usize]);
            let hear = |cell: &mut Cell| {
                if !cell.was_there(at) {
                    return;
                }
                cell.open -= weight;
                for (window, (new, old)) in cell.window.iter_mut().zip(value.iter().zip(old)) {
                    *window = window.wrapping_add(share(*new, weight) - share(old, weight));
                }
            };
            // At the first rung both are one cell, which is written once.
            let heard_by_base = own == base && !charge.matured;
            if charge.matured {
                self.take_back(kinds, charge, (kind, own, weight), now);
            } else if !heard_by_base {
                self.change(kinds, kind, own, now, hear);
            }
            // Abuse keeps what it closed hot while it goes on, and everybody real comes by the rung above: without this what
            // they verify would never be heard where it is asked for.
            let below = [Rung::None, Rung::Pow].into_iter().filter(|rung| own != base && *rung < charge.rung);
            for below in below.filter_map(|rung| charge.cell(kind, rung)) {
                self.change(kinds, kind, below, now, |cell| ripen(cell, value, weight, 1.0));
            }
            self.upsert(kinds, kind, base, now, |cell| {
                if heard_by_base {
                    hear(cell);
                }
                let counts = charge.counts(kind);
                cell.slow += counts;
                cell.recent += counts;
                cell.came += counts;
                cell.verified += 1.0;
            });
        }
        charge.value = value;
        let outage = self.outage_of(kinds, &charge.aspects, charge.trust, now);
        self.count_at_carrier(kinds, charge, (0.0, charge.counts(Kind::Country)), outage, now);
        if itself {
            unanswered::forget(&self.table, &charge.aspects, charge.at);
            trust::verified(&self.table, &charge.aspects, now);
            countries::verified(&self.table, &charge.aspects, now, |cell| worth(kinds, cell, now));
        }
        if let Some(endpoint) = charge.aspects.key(Kind::Endpoint) {
            let known = charge.trust.is_known().then(|| (now.since(at), !charge.matured));
            self.learned.verified(endpoint, itself.then_some(charge.oddities), known, now);
        }
    }

    /// A send never reached its phone: it says nothing, also where its silence was heard before that was known.
    pub(super) fn undelivered(&self, kinds: &Kinds, charge: &mut Charge, now: Timestamp) {
        charge.undelivered = true;
        unanswered::forget(&self.table, &charge.aspects, charge.at);
        if charge.matured {
            charge.cells().for_each(|part| self.take_back(kinds, charge, part, now));
            charge.value = [0; ALTERNATIVES];
        }
    }

    /// A silent send is about to be forgotten. An outage shows some minutes after it began: by now it may be known that the
    /// silence before that was its doing too, or the cells which that heated would stay closed when it is over.
    pub(super) fn forgive(&self, kinds: &Kinds, charge: &Charge, now: Timestamp) {
        if charge.verified || charge.undelivered || charge.missed || !charge.matured {
            return;
        }
        let outage = self.outage_of(kinds, &charge.aspects, charge.trust, now);
        if outage.missing <= 0.0 {
            return;
        }
        let real = self.learned.timetable(charge.aspects.key(Kind::Endpoint));
        let meant = real.silent(STEPS.len() - 1, outage.missing);
        let mut too_much = *charge;
        for (said, meant) in too_much.value.iter_mut().zip(meant) {
            *said = (*said - meant).max(0);
        }
        charge.cells().for_each(|part| self.take_back(kinds, &too_much, part, now));
    }

    /// Takes what is left of what a send said at its horizon out of a cell.
    fn take_back(&self, kinds: &Kinds, charge: &Charge, (kind, own, weight): (Kind, u64, i32), now: Timestamp) {
        let age = now.since(charge.at + STEPS[STEPS.len() - 1]);
        self.change(kinds, kind, own, now, |cell| {
            let left = fade::half(age.as_millis(), cell.half_life(kind, kinds.of(kind)));
            ripen(cell, charge.value, weight, -left);
        });
    }

    /// A send's cells by kind, that of the first rung and that of its own, whose memory is on its way.
    fn cells_of(&self, charge: &Charge) -> [Option<(u64, u64)>; Kind::ALL.len()] {
        let is_first = charge.rung == Rung::None;
        let cells = Kind::ALL.map(|kind| {
            let base = charge.cell(kind, Rung::None)?;
            Some((base, if is_first { base } else { charge.cell(kind, charge.rung)? }))
        });
        self.table.touch(cells.iter().flatten().map(|(base, _)| *base));
        if !is_first {
            self.table.touch(cells.iter().flatten().map(|(_, own)| *own));
        }
        cells
    }

    /// A send has been silent, or verified, for a step longer.
    pub(super) fn step(&self, kinds: &Kinds, charge: &mut Charge, step: usize, at: Timestamp) {
        let cells = self.cells_of(charge);
        let endpoint = charge.aspects.key(Kind::Endpoint);
        let real = self.learned.timetable(endpoint);
        let outage = self.outage_of(kinds, &charge.aspects, charge.trust, at);
        let old = charge.value;
        let new = if charge.verified || charge.missed {
            old
        } else if charge.undelivered {
            // Nobody could have answered, nobody was harassed, and nobody earned a share.
            [0; ALTERNATIVES]
        } else {
            real.silent(step, outage.missing)
        };
        let due = if charge.missed { 0.0 } else { real.due(step) };
        self.count_at_carrier(kinds, charge, (due * charge.counts(Kind::Country), 0.0), outage, at);
        self.hold_history(kinds, charge, outage, at);
        let horizon = step + 1 == STEPS.len();
        // What a narrower cell explains by now is taken out of the wider ones.
        let mut most = WHOLE;
        for (kind, cells) in Kind::ALL.into_iter().zip(cells) {
            let Some((base, own)) = cells else { continue };
            let old_weight = i32::from(charge.weights[kind as usize]);
            let weight = old_weight.min(most);
            let sent = charge.at;
            let said = Said { sent, old: (old, old_weight), new: (new, weight), horizon, verified: charge.verified };
            let speaks = old != new || old_weight != weight || horizon;
            let count = |cell: &mut Cell| {
                cell.due += due * charge.counts(kind);
                cell.sent += f32::from(u8::from(step == 0));
            };
            // At the first rung both are one cell, which is written once.
            let evidence = if base == own {
                self.upsert(kinds, kind, own, at, |cell| {
                    count(cell);
                    if speaks { said.to(cell) } else { 0.0 }
                })
            } else {
                self.change(kinds, kind, base, at, count);
                if speaks { self.upsert(kinds, kind, own, at, |cell| said.to(cell)) } else { 0.0 }
            };
            if evidence >= kinds.of(kind).limit {
                most = EXPLAINED;
            }
            charge.weights[kind as usize] = u8::try_from(weight).unwrap_or(u8::MAX);
        }
        charge.value = new;
        if outage.missing >= LOST {
            unanswered::forget(&self.table, &charge.aspects, charge.at);
        }
        if horizon {
            charge.matured = true;
            if !charge.verified && outage.missing < LOST && !charge.undelivered && !charge.missed {
                trust::silent(&self.table, &charge.aspects, at);
                if let (true, Some(endpoint)) = (charge.trust.is_known(), endpoint) {
                    self.learned.silent(endpoint);
                }
            }
        }
    }
}

/// What a send said until now, and what it says from now on.
struct Said {
    sent: Timestamp,
    old: ([i32; ALTERNATIVES], i32),
    new: ([i32; ALTERNATIVES], i32),
    horizon: bool,
    verified: bool,
}

impl Said {
    /// Writes it into a cell, and gives the cell's evidence.
    fn to(&self, cell: &mut Cell) -> f32 {
        let ((old, old_weight), (new, weight)) = (self.old, self.new);
        if cell.was_there(self.sent) {
            for (window, (old, new)) in cell.window.iter_mut().zip(old.into_iter().zip(new)) {
                // What is added is taken back: a sum that wraps (1,500 verifications a second) is right again after it.
                let change = if self.horizon { 0 } else { share(new, weight) } - share(old, old_weight);
                *window = window.wrapping_add(change);
            }
            if !self.verified {
                cell.open -= if self.horizon { old_weight } else { old_weight - weight };
            }
        }
        if self.horizon {
            ripen(cell, new, weight, 1.0);
        }
        cell.evidence()
    }
}

/// Adds so many times what a send says to a cell's matured evidence, which never falls below 0.
fn ripen(cell: &mut Cell, said: [i32; ALTERNATIVES], weight: i32, times: f32) {
    for (matured, said) in cell.matured.iter_mut().zip(said) {
        *matured = (*matured + times * cell::nats(share(said, weight))).max(0.0);
    }
}

/// The part of a value that a weight gives. The same for taking back as for adding.
pub(super) const fn share(value: i32, weight: i32) -> i32 {
    value * weight / WHOLE
}
