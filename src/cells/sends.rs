//! Sends that are evidence: which cells they were charged to, and what they said so far. Bounded; each is looked at
//! when it has been silent for the next step, so the queues of steps are in the order of time by themselves.

use std::collections::VecDeque;

use super::Kind;
use super::aspects::Aspects;
use super::cell::ALTERNATIVES;
use super::evidence::STEPS;
use crate::domain::{Rung, Span, Timestamp};

/// Names a send for as long as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SendRef {
    slot: u32,
    generation: u32,
}

/// How much of a send each cell bears, in 64ths, by kind.
pub(super) type Weights = [u8; Kind::ALL.len()];

/// A send.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(super) struct Charge {
    pub(super) at: Timestamp,
    pub(super) aspects: Aspects,
    pub(super) weights: Weights,
    pub(super) rung: Rung,
    /// Charged to the cells of clients that verified before.
    pub(super) known: bool,
    pub(super) verified: bool,
    pub(super) undelivered: bool,
    /// Past the horizon: what it said is in the matured evidence.
    pub(super) matured: bool,
    /// What it said so far, in 4096ths of a nat.
    pub(super) value: [i32; ALTERNATIVES],
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
    free: Vec<u32>,
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
        Self { capacity: capacity.max(1), slots: Vec::new(), free: Vec::new(), queues: Default::default(), keep }
    }

    /// Keeps a send. When full, the oldest goes if it is past the horizon; else `None`: the new one says nothing.
    pub(super) fn open(&mut self, charge: Charge) -> Option<SendRef> {
        if self.len() >= self.capacity {
            self.drop_oldest(charge.at);
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < self.capacity => {
                self.slots.push(Slot { generation: 0, charge: None });
                u32::try_from(self.slots.len() - 1).ok()?
            }
            None => return None,
        };
        let entry = self.slots.get_mut(slot as usize)?;
        entry.charge = Some(charge);
        let name = SendRef { slot, generation: entry.generation };
        self.queues[0].push_back((charge.at + STEPS[0], name));
        self.queues[STEPS.len()].push_back((charge.at + self.keep, name));
        Some(name)
    }

    pub(super) fn get_mut(&mut self, name: SendRef) -> Option<&mut Charge> {
        let slot = self.slots.get_mut(name.slot as usize)?;
        if slot.generation == name.generation { slot.charge.as_mut() } else { None }
    }

    /// What is due first, up to `now`.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        let first = |queue: &VecDeque<(Timestamp, SendRef)>| queue.front().map(|(at, _)| *at);
        let (index, at) = self
            .queues
            .iter()
            .enumerate()
            .filter_map(|(index, queue)| Some((index, first(queue)?)))
            .min_by_key(|(_, at)| *at)?;
        if at > now {
            return None;
        }
        let (_, name) = self.queues[index].pop_front()?;
        if index == STEPS.len() {
            return Some((at, Due::End(name)));
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
        self.free.push(name.slot);
        slot.charge.take()
    }

    fn drop_oldest(&mut self, now: Timestamp) {
        let horizon = STEPS[STEPS.len() - 1];
        if let Some((ends, name)) = self.queues[STEPS.len()].front().copied()
            && ends - self.keep + horizon < now
        {
            self.queues[STEPS.len()].pop_front();
            self.close(name);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
