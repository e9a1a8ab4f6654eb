//! The counters of all limits in a snapshot.
//!
//! A chunk: what makes the limit the same limit (its name, on, key, distinct), its window's length and how many times its
//! entries keep (nothing: they are buckets), then entries, each the hash of its key (8 bytes) before its bytes as the table
//! has them. Under another `max` or `per` entries are laid out anew, as a reload does.
//!
//! A place that is held for a request under way is saved as one that is taken. After a crash nobody gives it back; it
//! leaves with its window.

use std::io;
use std::sync::Arc;

use super::limit::{KeyPart, On};
use super::room::Rule;
use super::shape::Shape;
use super::store::{Identity, PER, Store, within};
use super::table::{SHARDS, Table, mix};
use crate::domain::{Span, Timestamp};
use crate::pack::{CHUNK, Malformed, Out, Pack, Restored, Section, Unfit};

impl Section for Store {
    fn name(&self) -> &'static str {
        "limits"
    }

    fn version(&self) -> u32 {
        1
    }

    fn changes(&self) -> u64 {
        mix(self.tables.lock().values().map(|(table, _)| table.changes()))
    }

    fn save(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let tables: Vec<_> =
            self.tables.lock().iter().map(|(identity, (table, _))| (identity.clone(), Arc::clone(table))).collect();
        for (identity, table) in tables {
            (0..SHARDS).try_for_each(|shard| save_shard(&identity, &table, shard, within(now), out))?;
        }
        Ok(())
    }

    fn restore(&self, now: Timestamp, mut chunk: &[u8]) -> Result<Restored, Unfit> {
        let saved = Identity::unpack(&mut chunk)?;
        let per = Span::millis(u64::unpack(&mut chunk)?);
        if !PER.contains(&per) {
            return Err(Unfit::Malformed);
        }
        let slots = Option::unpack(&mut chunk)?;
        let shape = Shape::with_slots(per, saved.distinct.is_some(), slots);
        let found = self.tables.lock().get(&saved).map(|(table, rule)| (Arc::clone(table), *rule));
        let (table, rule) = found.ok_or_else(|| Unfit::Gone { what: format!("limit {:?}", saved.name) })?;
        restore_entries(&table, rule, within(now), (shape, chunk))
    }
}

/// Copies a few sets at a time, so that nobody waits long for the shard's lock. Where a reload lays the shard out anew
/// meanwhile it begins again; what was given twice is put in place twice.
fn save_shard(identity: &Identity, table: &Table, shard: usize, now_ms: u64, out: &mut Out<'_>) -> io::Result<()> {
    let (mut first, mut seen) = (0, None);
    let (mut copied, mut chunk) = (Vec::new(), Vec::new());
    loop {
        copied.clear();
        let Some(part) = table.copy(shard, first, CHUNK, &mut copied) else { return Ok(()) };
        if *seen.get_or_insert(part.geometry) != part.geometry {
            (first, seen) = (0, None);
            continue;
        }
        let shape = part.geometry.0;
        chunk.clear();
        identity.pack(&mut chunk);
        shape.per_ms().pack(&mut chunk);
        shape.slots().pack(&mut chunk);
        let head = chunk.len();
        for entry in copied.chunks_exact_mut(size_of::<u64>() + shape.bytes()) {
            let (_, bytes) = entry.split_at_mut(size_of::<u64>());
            if !shape.window(bytes).is_over(now_ms) {
                chunk.extend_from_slice(entry);
            }
        }
        if chunk.len() > head {
            out(&chunk)?;
        }
        match part.next {
            Some(next) => first = next,
            None => return Ok(()),
        }
    }
}

fn restore_entries(table: &Table, rule: Rule, now_ms: u64, saved: (Shape, &[u8])) -> Result<Restored, Unfit> {
    let (shape, entries) = saved;
    let mut restored = Restored::default();
    let mut bytes = vec![0; shape.bytes()];
    let entries = entries.chunks_exact(size_of::<u64>() + shape.bytes());
    if !entries.remainder().is_empty() {
        return Err(Unfit::Malformed);
    }
    for mut entry in entries {
        let hash = u64::unpack(&mut entry)?;
        bytes.copy_from_slice(entry);
        let window = shape.window(&mut bytes);
        if hash == 0 || !window.is_sound() {
            return Err(Unfit::Malformed);
        }
        if window.is_over(now_ms) {
            continue;
        }
        let is_taken = table.put(hash, &window, rule, now_ms);
        restored.add(Restored { taken: u64::from(is_taken), left_out: u64::from(!is_taken) });
    }
    Ok(restored)
}

impl Pack for Identity {
    fn pack(&self, out: &mut Vec<u8>) {
        let Self { name, on, key, distinct } = self;
        name.pack(out);
        (*on == On::Verify).pack(out);
        key.pack(out);
        distinct.pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            name: Pack::unpack(from)?,
            on: if bool::unpack(from)? { On::Verify } else { On::Send },
            key: Pack::unpack(from)?,
            distinct: Pack::unpack(from)?,
        })
    }
}

impl Pack for KeyPart {
    fn pack(&self, out: &mut Vec<u8>) {
        Arc::<str>::from(self.name()).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Self::from_name(&Arc::<str>::unpack(from)?).ok_or(Malformed)
    }
}
