//! What a send says to the cells that it was charged to, while it is silent, when it is verified, and at its horizon.

use super::aspects::variant;
use super::cell::{self, WHOLE};
use super::evidence::STEPS;
use super::sends::Charge;
use super::{Cells, Kind, Kinds, fade, parts, trust};
use crate::domain::{Rung, Timestamp};

impl Cells {
    /// A send was verified, perhaps after its horizon.
    pub(super) fn verified(&self, kinds: &Kinds, charge: &mut Charge, now: Timestamp) {
        charge.verified = true;
        let real = self.learned.real_use(charge.aspects.key(Kind::Endpoint));
        let value = real.verified();
        let (old, at) = (charge.value, charge.at);
        for (kind, key, weight) in parts(&charge.aspects, &charge.weights) {
            let (base, own) =
                (variant(key, kind, charge.trust, Rung::None), variant(key, kind, charge.trust, charge.rung));
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
        if let (true, Some(endpoint)) = (charge.trust.is_known(), charge.aspects.key(Kind::Endpoint)) {
            self.learned.lag(endpoint, now.since(at));
            if !charge.matured {
                self.learned.session(endpoint, true);
            }
        }
    }

    /// A send has been silent, or verified, for a step longer.
    pub(super) fn step(&self, kinds: &Kinds, charge: &mut Charge, step: usize, at: Timestamp) {
        let endpoint = charge.aspects.key(Kind::Endpoint);
        let real = self.learned.real_use(endpoint);
        let outage = self.outage(kinds, charge, at);
        let (old, new) = if charge.verified || charge.missed {
            (charge.value, charge.value)
        } else {
            let silent = real.silent(STEPS[step], outage);
            (charge.value, if charge.undelivered { silent.map(|value| value / 2) } else { silent })
        };
        let come = |index: Option<usize>| index.map_or(0.0, |index| real.come_by(STEPS[index]));
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let due =
            if charge.missed { 0.0 } else { (real.conversion * (come(Some(step)) - come(step.checked_sub(1)))) as f32 };
        let horizon = step + 1 == STEPS.len();
        for (kind, key, weight) in parts(&charge.aspects, &charge.weights) {
            let (base, own) =
                (variant(key, kind, charge.trust, Rung::None), variant(key, kind, charge.trust, charge.rung));
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
            if !charge.verified && outage < 0.3 && !charge.undelivered && !charge.missed {
                trust::silent(&self.table, &charge.aspects, at);
                if let (true, Some(endpoint)) = (charge.trust.is_known(), endpoint) {
                    self.learned.session(endpoint, false);
                }
            }
        }
    }

    fn outage(&self, kinds: &Kinds, charge: &Charge, now: Timestamp) -> f32 {
        let Some(key) = charge.aspects.key(Kind::Country) else { return 0.0 };
        let cell = self.table.get(variant(key, Kind::Country, charge.trust, Rung::None));
        cell.map_or(0.0, |mut cell| {
            cell.fade_to(now, kinds.of(Kind::Country).half_life);
            cell.outage()
        })
    }
}

/// The part of a value that a weight gives. The same for taking back as for adding.
pub(super) const fn share(value: i32, weight: i32) -> i32 {
    value * weight / WHOLE
}
