//! Open sends, conversion and where outcomes were seen in a snapshot.
//!
//! Each chunk holds whole entries: a session with its number, its end, the names that find it and its sends; a key of the
//! conversion with its hours; the name of an endpoint.

use std::io;
use std::sync::Arc;

use super::conversion::{Conversion, ConversionKey, Scope, Tally};
use super::open::{OpenSend, Outcomes, Session, Sessions};
use super::sighted::Sighted;
use crate::domain::Timestamp;
use crate::pack::{self, CHUNK, Malformed, Out, Pack, Restored, Section, Unfit};

/// Sessions that are looked up between two looks at the queue.
const STEP: usize = 256;

impl Section for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn version(&self) -> u32 {
        2
    }

    fn changes(&self) -> u64 {
        self.change_count()
    }

    fn save(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let (mut place, mut chunk) = (0, Vec::new());
        while let Some((ids, next)) = self.some_from(place, STEP) {
            place = next;
            for id in ids {
                if let Some(session) = self.copy(id).filter(|session| session.ends > now) {
                    (id, session).pack(&mut chunk);
                    give_if_full(&mut chunk, out)?;
                }
            }
        }
        give(&mut chunk, out)
    }

    fn restore(&self, now: Timestamp, chunk: &[u8]) -> Result<Restored, Unfit> {
        let mut restored = Restored::default();
        let mut endpoints = Vec::new();
        for entry in pack::all::<(u64, Session)>(chunk) {
            let (id, mut session) = entry?;
            if session.sends.is_empty() {
                return Err(Unfit::Malformed);
            }
            for (send, _) in &mut session.sends {
                send.endpoint = shared(&mut endpoints, &send.endpoint);
            }
            if session.ends > now && self.put(id, session, now) {
                restored.taken += 1;
            }
        }
        Ok(restored)
    }
}

impl Section for Conversion {
    fn name(&self) -> &'static str {
        "conversion"
    }

    fn version(&self) -> u32 {
        1
    }

    fn changes(&self) -> u64 {
        self.change_count()
    }

    fn save(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let mut chunk = Vec::new();
        for key in self.all_keys() {
            let hours = self.hours_of(&key, now);
            if !hours.is_empty() {
                (key, hours).pack(&mut chunk);
                give_if_full(&mut chunk, out)?;
            }
        }
        give(&mut chunk, out)
    }

    fn restore(&self, now: Timestamp, chunk: &[u8]) -> Result<Restored, Unfit> {
        let mut restored = Restored::default();
        let mut endpoints = Vec::new();
        for entry in pack::all::<(ConversionKey, Vec<(u64, Tally)>)>(chunk) {
            let (mut key, hours) = entry?;
            key.endpoint = shared(&mut endpoints, &key.endpoint);
            let is_taken = self.put(key, &hours, now);
            restored.add(Restored { taken: u64::from(is_taken), left_out: u64::from(!is_taken) });
        }
        Ok(restored)
    }
}

impl Section for Sighted {
    fn name(&self) -> &'static str {
        "sighted"
    }

    fn version(&self) -> u32 {
        1
    }

    fn changes(&self) -> u64 {
        self.all().len() as u64
    }

    fn save(&self, _now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let mut chunk = Vec::new();
        for endpoint in self.all() {
            endpoint.pack(&mut chunk);
            give_if_full(&mut chunk, out)?;
        }
        give(&mut chunk, out)
    }

    fn restore(&self, _now: Timestamp, chunk: &[u8]) -> Result<Restored, Unfit> {
        let mut restored = Restored::default();
        for endpoint in pack::all::<Arc<str>>(chunk) {
            self.insert(&endpoint?);
            restored.taken += 1;
        }
        Ok(restored)
    }
}

fn give_if_full(chunk: &mut Vec<u8>, out: &mut Out<'_>) -> io::Result<()> {
    if chunk.len() >= CHUNK { give(chunk, out) } else { Ok(()) }
}

fn give(chunk: &mut Vec<u8>, out: &mut Out<'_>) -> io::Result<()> {
    if !chunk.is_empty() {
        out(chunk)?;
        chunk.clear();
    }
    Ok(())
}

/// The same name as one that was met before, where there is one: a name a chunk, not one a send.
fn shared(known: &mut Vec<Arc<str>>, name: &Arc<str>) -> Arc<str> {
    if let Some(known) = known.iter().find(|known| *known == name) {
        return Arc::clone(known);
    }
    known.push(Arc::clone(name));
    Arc::clone(name)
}

impl Pack for Session {
    fn pack(&self, out: &mut Vec<u8>) {
        let Self { ends, aliases, sends } = self;
        ends.pack(out);
        aliases.pack(out);
        sends.pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { ends: Pack::unpack(from)?, aliases: Pack::unpack(from)?, sends: Pack::unpack(from)? })
    }
}

impl Pack for OpenSend {
    fn pack(&self, out: &mut Vec<u8>) {
        let Self { decision, endpoint, at, phone, charge } = self;
        decision.pack(out);
        endpoint.pack(out);
        at.pack(out);
        phone.pack(out);
        charge.pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            decision: Pack::unpack(from)?,
            endpoint: Pack::unpack(from)?,
            at: Pack::unpack(from)?,
            phone: Pack::unpack(from)?,
            charge: Pack::unpack(from)?,
        })
    }
}

impl Pack for Outcomes {
    fn pack(&self, out: &mut Vec<u8>) {
        (self.verified, self.delivery).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (verified, delivery) = Pack::unpack(from)?;
        Ok(Self { verified, delivery })
    }
}

impl Pack for ConversionKey {
    fn pack(&self, out: &mut Vec<u8>) {
        self.endpoint.pack(out);
        match self.scope {
            Scope::All => 0_u8.pack(out),
            Scope::Country(country) => (1_u8, country).pack(out),
            Scope::Range(range) => (2_u8, range).pack(out),
        }
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        let endpoint = Pack::unpack(from)?;
        let scope = match u8::unpack(from)? {
            0 => Scope::All,
            1 => Scope::Country(Pack::unpack(from)?),
            2 => Scope::Range(Pack::unpack(from)?),
            _ => return Err(Malformed),
        };
        Ok(Self { endpoint, scope })
    }
}

impl Pack for Tally {
    fn pack(&self, out: &mut Vec<u8>) {
        let Self { sent, verified, delivered, undelivered } = self;
        for count in [sent, verified, delivered, undelivered] {
            count.pack(out);
        }
    }

    fn unpack(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            sent: Pack::unpack(from)?,
            verified: Pack::unpack(from)?,
            delivered: Pack::unpack(from)?,
            undelivered: Pack::unpack(from)?,
        })
    }
}
