//! Sends that are evidence: which cells they were charged to, and what they said so far. Bounded; each is looked at
//! when it has been silent for the next step, so the queues of steps are in the order of time by themselves.

use std::collections::VecDeque;

use super::Kind;
use super::aspects::{Aspects, variant};
use super::cell::{ALTERNATIVES, WHOLE};
use super::evidence::STEPS;
use super::weights::{REPEATED, Weights};
use crate::domain::{Oddities, Rung, Span, Timestamp, Trust};

/// Names a send for as long as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SendRef {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// A send.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(super) struct Charge {
    pub(super) at: Timestamp,
    pub(super) aspects: Aspects,
    pub(super) oddities: Oddities,
    pub(super) weights: Weights,
    /// Another message to its phone was on its way.
    pub(super) is_repeated: bool,
    pub(super) rung: Rung,
    /// Whose cells it is charged to.
    pub(super) trust: Trust,
    pub(super) verified: bool,
    pub(super) undelivered: bool,
    /// Past the horizon: what it said is in the matured evidence.
    pub(super) matured: bool,
    /// A verification may have been missed while the process was down: its silence says nothing more.
    pub(super) missed: bool,
    /// The step that it waits for.
    pub(super) step: u8,
    /// What it said so far, in 4096ths of a nat.
    pub(super) value: [i32; ALTERNATIVES],
}

impl Charge {
    /// Its cell of that kind at `rung`; `None` where it has no such aspect.
    pub(super) fn cell(&self, kind: Kind, rung: Rung) -> Option<u64> {
        Some(variant(self.aspects.key(kind)?, kind, self.trust, rung))
    }

    /// The message that it is in the count of those that went out and were verified, 0 to 1. What one person asks for again
    /// in an outage would look like a crowd.
    #[expect(clippy::cast_precision_loss, reason = "64ths")]
    pub(super) const fn counts(&self, kind: Kind) -> f32 {
        if self.is_repeated && !kind.is_personal() { REPEATED as f32 / WHOLE as f32 } else { 1.0 }
    }

    /// Its cells at its own rung, with how much of it each bears, in 64ths.
    pub(super) fn cells(&self) -> impl Iterator<Item = (Kind, u64, i32)> {
        Kind::ALL.into_iter().filter_map(|kind| {
            let weight = i32::from(self.weights[kind as usize]);
            Some((kind, self.cell(kind, self.rung)?, weight))
        })
    }
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    charge: Option<Charge>,
}

/// The sends.
#[derive(Debug)]
pub(super) struct Sends {
    capacity: usize,
    slots: Vec<Slot>,
    /// Every slot without a send, and perhaps some that were put to use by a restored one.
    free: Vec<u32>,
    used: usize,
    /// The first generation of a slot: another one in each process, so that names of before find nothing.
    first: u32,
    /// How many have left the last queue at its front, so that a place in it has a number that stays.
    left: u64,
    changes: u64,
    /// Nothing is due before.
    next: Timestamp,
    /// One queue a step, and the last for those that are forgotten.
    queues: [VecDeque<(Timestamp, SendRef)>; STEPS.len() + 1],
    keep: Span,
}

/// Something that is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// A send reached this step.
    Step(SendRef, usize),
    /// A send is forgotten.
    End(SendRef),
}

impl Sends {
    /// Room for `capacity` sends, some 200 bytes each, kept for `keep`.
    pub(super) fn new(capacity: usize, keep: Span) -> Self {
        let (slots, free, queues) = (Vec::new(), Vec::new(), Default::default());
        Self {
            capacity: capacity.max(1),
            slots,
            free,
            used: 0,
            first: 0,
            left: 0,
            changes: 0,
            next: Timestamp::MAX,
            queues,
            keep,
        }
    }

    /// Slots that are made from now on begin with this generation.
    pub(super) fn begin_at(&mut self, first: u32) {
        self.first = first;
    }

    /// Keeps a send. When full, the oldest goes if it is past the horizon; else `None`: the new one says nothing.
    pub(super) fn open(&mut self, charge: Charge) -> Option<SendRef> {
        if self.len() >= self.capacity {
            self.drop_oldest(charge.at);
        }
        let slot = match self.pop_free() {
            Some(slot) => slot,
            None if self.slots.len() < self.capacity => {
                self.slots.push(Slot { generation: self.first, charge: None });
                u32::try_from(self.slots.len() - 1).ok()?
            }
            None => return None,
        };
        let generation = self.slots.get(slot as usize)?.generation;
        let name = SendRef { slot, generation };
        self.enter(name, charge);
        Some(name)
    }

    fn pop_free(&mut self) -> Option<u32> {
        while let Some(slot) = self.free.pop() {
            if self.slots.get(slot as usize).is_some_and(|slot| slot.charge.is_none()) {
                return Some(slot);
            }
        }
        None
    }

    /// Puts a send into its slot, which is free, and into the queues.
    fn enter(&mut self, name: SendRef, charge: Charge) {
        let Some(slot) = self.slots.get_mut(name.slot as usize) else { return };
        *slot = Slot { generation: name.generation, charge: Some(charge) };
        self.used += 1;
        self.changes += 1;
        if let Some(step) = STEPS.get(usize::from(charge.step)) {
            self.queues[usize::from(charge.step)].push_back((charge.at + *step, name));
            self.next = self.next.min(charge.at + *step);
        }
        self.queues[STEPS.len()].push_back((charge.at + self.keep, name));
        self.next = self.next.min(charge.at + self.keep);
    }

    /// Puts a send back under its name. It must come after those that went out before it. False where there is no room
    /// for it, or it is there already.
    pub(super) fn put(&mut self, name: SendRef, charge: Charge) -> bool {
        let slot = name.slot as usize;
        if slot >= self.capacity {
            return false;
        }
        while self.slots.len() <= slot {
            self.free.extend(u32::try_from(self.slots.len()));
            self.slots.push(Slot { generation: self.first, charge: None });
        }
        let is_free = self.slots.get(slot).is_some_and(|slot| slot.charge.is_none());
        if is_free {
            self.enter(name, charge);
        }
        is_free
    }

    /// Some sends in the order in which they went out, from a place in it on, and the place to go on with; `None` at
    /// the end.
    pub(super) fn some_from(&self, place: u64, most: usize) -> Option<(Vec<(SendRef, Charge)>, u64)> {
        let queue = &self.queues[STEPS.len()];
        let place = place.max(self.left);
        let first = usize::try_from(place - self.left).ok()?.min(queue.len());
        let names: Vec<_> = queue.range(first..).take(most).map(|(_, name)| *name).collect();
        let next = place + names.len() as u64;
        let with_charge = |name: SendRef| {
            let slot = self.slots.get(name.slot as usize).filter(|slot| slot.generation == name.generation)?;
            Some((name, slot.charge?))
        };
        (!names.is_empty()).then(|| (names.into_iter().filter_map(with_charge).collect(), next))
    }

    /// Another number whenever something may have become of a send.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn get_mut(&mut self, name: SendRef) -> Option<&mut Charge> {
        self.changes += 1;
        let slot = self.slots.get_mut(name.slot as usize)?;
        if slot.generation == name.generation { slot.charge.as_mut() } else { None }
    }

    /// What is due first, up to `now`.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        if self.next > now {
            return None;
        }
        let first = |queue: &VecDeque<(Timestamp, SendRef)>| queue.front().map(|(at, _)| *at);
        let fronts = self.queues.iter().enumerate().filter_map(|(index, queue)| Some((index, first(queue)?)));
        let Some((index, at)) = fronts.min_by_key(|(_, at)| *at).filter(|(_, at)| *at <= now) else {
            self.next = self.queues.iter().filter_map(first).min().unwrap_or(Timestamp::MAX);
            return None;
        };
        let (_, name) = self.queues[index].pop_front()?;
        if index == STEPS.len() {
            self.left += 1;
            return Some((at, Due::End(name)));
        }
        if let (Some(charge), Ok(next)) = (self.get_mut(name), u8::try_from(index + 1)) {
            charge.step = next;
        }
        if index + 1 < STEPS.len() {
            let sent = at - STEPS[index];
            self.queues[index + 1].push_back((sent + STEPS[index + 1], name));
        }
        Some((at, Due::Step(name, index)))
    }

    /// Forgets a send.
    pub(super) fn close(&mut self, name: SendRef) -> Option<Charge> {
        let slot = self.slots.get_mut(name.slot as usize)?;
        if slot.generation != name.generation {
            return None;
        }
        slot.generation = slot.generation.wrapping_add(1);
        let charge = slot.charge.take();
        self.free.push(name.slot);
        self.used -= usize::from(charge.is_some());
        charge
    }

    fn drop_oldest(&mut self, now: Timestamp) {
        let horizon = STEPS[STEPS.len() - 1];
        if let Some((ends, name)) = self.queues[STEPS.len()].front().copied()
            && ends - self.keep + horizon < now
        {
            self.queues[STEPS.len()].pop_front();
            self.left += 1;
            self.close(name);
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.used
    }
}
