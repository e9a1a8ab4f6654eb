//! The evidence in a snapshot: cells, open sends, and what was learned of real use.
//!
//! A chunk begins with the kind of what it holds. The table comes first, then the sends, so that evidence that is still
//! open is never lost or counted twice: it is saved with its send and put into its cells again from there, while a cell
//! is saved without it. A send that passes the horizon while the snapshot is written may be lost.
//!
//! **What was missed.** A verification that came after the snapshot, or would have come while nothing listened, is not
//! silence. After a gap of more than [`MISSED`] open sends say nothing more than they had said by then; they still count
//! as open, and a verification still takes everything back.
//!
//! Challenges that nobody has answered are not saved: unsolved, they say nothing after a restart.

use std::io;

use super::aspects::Aspects;
use super::cell::{ALTERNATIVES, Cell, WHOLE};
use super::charging::share;
use super::evidence::STEPS;
use super::learned::Record;
use super::sends::{Charge, SendRef};
use super::tag::{self, Tag};
use super::weights::in_64ths;
use super::{Cells, Kind, Kinds, pages};
use crate::domain::{Oddities, Rung, Span, Timestamp, Trust};
use crate::limits::mix;
use crate::pack::{self, CHUNK, Malformed, Out, Pack, Restored, Section, Unfit};

/// After a longer gap between snapshot and start, verifications may have been missed.
const MISSED: Span = Span::seconds(2);
/// Sets of the table that are walked at once, and sends that are copied between two looks under the lock.
const WALKED: usize = 128;
const COPIED: usize = 256;

const TABLE: u8 = 0;
const SENDS: u8 = 1;
const LEARNED: u8 = 2;

/// No send says more than this, in 4096ths of a nat.
const MOST_SAID: i32 = 64 * 4096;

impl Cells {
    /// Names of sends begin elsewhere in each process, so that a name of before finds its own send or none. `started`
    /// is when the process started.
    #[must_use]
    pub fn named_from(self, started: Timestamp) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
        self.sends.lock().begin_at(mix([started.unix_ms()]) as u32);
        self
    }
}

impl Section for Cells {
    fn name(&self) -> &'static str {
        "cells"
    }

    fn version(&self) -> u32 {
        5
    }

    fn changes(&self) -> u64 {
        mix([self.table.changes(), self.sends.lock().changes()])
    }

    fn save(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        self.save_learned(out)?;
        self.save_table(now, out)?;
        self.save_sends(now, out)
    }

    fn restore(&self, now: Timestamp, mut chunk: &[u8]) -> Result<Restored, Unfit> {
        match u8::unpack(&mut chunk)? {
            TABLE => self.restore_table(now, chunk),
            SENDS => self.restore_sends(now, chunk),
            LEARNED => self.restore_learned(chunk),
            _ => Err(Unfit::Malformed),
        }
    }
}

impl Cells {
    fn save_table(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let (mut set, mut chunk) = (0, vec![TABLE]);
        while let Some((entries, next)) = self.table.some_from(set, WALKED) {
            set = next;
            for (key, words) in entries {
                let cell = Cell { open: 0, born: 0, window: [0; ALTERNATIVES], ..Cell::from_words(&words) };
                if !pages::is_over(&cell, now) {
                    Entry { key, cell }.pack(&mut chunk);
                }
            }
            give_if(chunk.len() >= CHUNK, &mut chunk, 1, out)?;
        }
        give_if(true, &mut chunk, 1, out)
    }

    fn save_sends(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let mut chunk = vec![SENDS];
        now.pack(&mut chunk);
        let (mut place, head) = (0, chunk.len());
        loop {
            let Some((sends, next)) = self.sends.lock().some_from(place, COPIED) else { break };
            place = next;
            for send in &sends {
                send.pack(&mut chunk);
            }
            give_if(chunk.len() >= CHUNK, &mut chunk, head, out)?;
        }
        give_if(true, &mut chunk, head, out)
    }

    fn save_learned(&self, out: &mut Out<'_>) -> io::Result<()> {
        let mut chunk = vec![LEARNED];
        self.learned.all().iter().for_each(|record| record.pack(&mut chunk));
        give_if(true, &mut chunk, 1, out)
    }

    fn restore_table(&self, now: Timestamp, chunk: &[u8]) -> Result<Restored, Unfit> {
        let (kinds, mut restored) = (Kinds::default(), Restored::default());
        for entry in pack::all::<Entry>(chunk) {
            let Entry { key, mut cell } = entry?;
            // Else it would not fade until the clock is there again.
            cell.at = cell.at.min(now.unix_ms());
            // What is worth keeping is judged by the usual kinds: it only matters where room is short.
            let is_taken = self.table.put((key, cell.to_words()), |cell| tag::worth(&kinds, cell, now));
            restored.add(Restored { taken: u64::from(is_taken), left_out: u64::from(!is_taken) });
        }
        Ok(restored)
    }

    fn restore_sends(&self, now: Timestamp, mut chunk: &[u8]) -> Result<Restored, Unfit> {
        let saved = Timestamp::unpack(&mut chunk)?;
        let (kinds, mut restored) = (Kinds::default(), Restored::default());
        for entry in pack::all::<(SendRef, Charge)>(chunk) {
            let (name, mut charge) = entry?;
            charge.at = charge.at.min(now);
            charge.missed |= !charge.verified && !charge.matured && now.since(saved) > MISSED;
            let is_taken = self.sends.lock().put(name, charge);
            if is_taken && !charge.matured {
                self.charge_again(&kinds, &charge, now);
            }
            restored.add(Restored { taken: u64::from(is_taken), left_out: u64::from(!is_taken) });
        }
        Ok(restored)
    }

    /// Puts what an open send said into its cells, which were saved without.
    fn charge_again(&self, kinds: &Kinds, charge: &Charge, now: Timestamp) {
        for (kind, own, weight) in charge.cells() {
            let fresh = Cell { tag: kind as u8, at: charge.at.unix_ms(), ..Cell::default() };
            let worth = |cell: &Cell| tag::worth(kinds, cell, now);
            self.table.upsert(own, fresh, worth, |cell| {
                if !charge.verified {
                    cell.open = cell.open.saturating_add(weight);
                }
                for (window, value) in cell.window.iter_mut().zip(charge.value) {
                    *window = window.saturating_add(share(value, weight));
                }
            });
        }
    }

    fn restore_learned(&self, chunk: &[u8]) -> Result<Restored, Unfit> {
        let mut restored = Restored::default();
        for entry in pack::all::<(u64, Record)>(chunk) {
            let (endpoint, record) = entry?;
            let is_taken = self.learned.put(endpoint, &record);
            restored.add(Restored { taken: u64::from(is_taken), left_out: u64::from(!is_taken) });
        }
        Ok(restored)
    }
}

/// Gives the chunk away, if it holds more than its head and `is_time`.
fn give_if(is_time: bool, chunk: &mut Vec<u8>, head: usize, out: &mut Out<'_>) -> io::Result<()> {
    if is_time && chunk.len() > head {
        out(chunk)?;
        chunk.truncate(head);
    }
    Ok(())
}

/// An entry of the table without what is open.
struct Entry {
    key: u64,
    cell: Cell,
}

impl Pack for Entry {
    fn pack(&self, out: &mut Vec<u8>) {
        self.key.pack(out);
        self.cell.to_words().iter().for_each(|word| word.pack(out));
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let key = u64::unpack(from)?;
        let mut words = Cell::default().to_words();
        for word in &mut words {
            *word = u64::unpack(from)?;
        }
        let cell = Cell::from_words(&words);
        if key == 0 || !is_sound(&cell) {
            return Err(Malformed);
        }
        Ok(Self { key, cell })
    }
}

fn is_sound(cell: &Cell) -> bool {
    let Cell { tag: _, born, open, at: _, window, matured, fast, slow, recent, came, due, sent, verified, refused } =
        *cell;
    let counts = [fast, slow, recent, came, due, sent, verified, refused];
    let is_count = |value: &f32| value.is_finite() && *value >= 0.0;
    Tag::of(cell).is_some()
        && born == 0
        && open == 0
        && window == [0; ALTERNATIVES]
        && matured.iter().chain(&counts).all(is_count)
}

impl Pack for SendRef {
    fn pack(&self, out: &mut Vec<u8>) {
        (self.slot, self.generation).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (slot, generation) = Pack::unpack(from)?;
        Ok(Self { slot, generation })
    }
}

impl Pack for Charge {
    fn pack(&self, out: &mut Vec<u8>) {
        let Self {
            at,
            aspects,
            oddities,
            weights,
            is_repeated,
            rung,
            trust,
            verified,
            undelivered,
            matured: _,
            missed,
            step,
            value,
        } = self;
        at.pack(out);
        aspects.keys.iter().chain([&aspects.carrier]).for_each(|key| key.pack(out));
        oddities.bits().pack(out);
        for weight in weights {
            weight.pack(out);
        }
        (*rung as u8).pack(out);
        (*trust as u8).pack(out);
        for flag in [is_repeated, verified, undelivered, missed] {
            flag.pack(out);
        }
        step.pack(out);
        for value in value {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let at = Timestamp::unpack(from)?;
        let mut keys = [None; Kind::ALL.len()];
        for key in &mut keys {
            *key = Pack::unpack(from)?;
        }
        let carrier = Pack::unpack(from)?;
        let oddities = Oddities::from_bits(u32::unpack(from)?).ok_or(Malformed)?;
        let mut weights = [0; Kind::ALL.len()];
        for weight in &mut weights {
            *weight = within(u8::unpack(from)?, 0..=in_64ths(WHOLE))?;
        }
        let rung = match u8::unpack(from)? {
            0 => Rung::None,
            1 => Rung::Pow,
            2 => Rung::Captcha,
            _ => return Err(Malformed),
        };
        let trust = match u8::unpack(from)? {
            0 => Trust::Unknown,
            1 => Trust::KnownPhone,
            2 => Trust::KnownClient,
            3 => Trust::Owner,
            _ => return Err(Malformed),
        };
        let mut flag = || bool::unpack(from);
        let (is_repeated, verified, undelivered, missed) = (flag()?, flag()?, flag()?, flag()?);
        let step = u8::unpack(from)?;
        let step = if usize::from(step) <= STEPS.len() { step } else { return Err(Malformed) };
        let mut value = [0; ALTERNATIVES];
        for value in &mut value {
            let bits = u32::unpack(from)?;
            *value = within(i32::from_le_bytes(bits.to_le_bytes()), -MOST_SAID..=MOST_SAID)?;
        }
        let matured = usize::from(step) == STEPS.len();
        let aspects = Aspects { keys, carrier };
        Ok(Self {
            at,
            aspects,
            oddities,
            weights,
            is_repeated,
            rung,
            trust,
            verified,
            undelivered,
            matured,
            missed,
            step,
            value,
        })
    }
}

fn within<T: PartialOrd>(value: T, range: std::ops::RangeInclusive<T>) -> Result<T, Malformed> {
    if range.contains(&value) { Ok(value) } else { Err(Malformed) }
}

impl Pack for Record {
    fn pack(&self, out: &mut Vec<u8>) {
        let (at, numbers) = self.to_numbers();
        at.pack(out);
        numbers.for_each(|number| number.to_bits().pack(out));
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let at = Timestamp::unpack(from)?;
        Self::from_numbers(at, || u64::unpack(from).ok().map(f64::from_bits)).ok_or(Malformed)
    }
}
