//! What was spent, over a restart.

use std::io;

use super::{Amount, Budgets, Spent, Window};
use crate::domain::{Country, Timestamp};
use crate::pack::{Malformed, Out, Pack, Restored, Section, Unfit, all};

/// One bucket: hour or day, its scope, its time, its messages, its money.
type Bucket = ((bool, Option<Country>), (Timestamp, (u64, u64)));

impl Section for Budgets {
    fn name(&self) -> &'static str {
        "budgets"
    }

    fn version(&self) -> u32 {
        1
    }

    fn changes(&self) -> u64 {
        self.spent.lock().changes
    }

    /// One chunk: 120 buckets of 30 bytes for each of at most some 250 countries, under 1 MiB.
    fn save(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        {
            let mut ledger = self.spent.lock();
            pack(&mut ledger.all, None, now, &mut bytes);
            for (country, spent) in &mut ledger.countries {
                pack(spent, Some(*country), now, &mut bytes);
            }
        }
        if bytes.is_empty() { Ok(()) } else { out(&bytes) }
    }

    fn restore(&self, now: Timestamp, chunk: &[u8]) -> Result<Restored, Unfit> {
        let buckets = all::<Bucket>(chunk).collect::<Result<Vec<_>, Malformed>>()?;
        let mut ledger = self.spent.lock();
        for ((is_day, country), (at, (messages, micros))) in &buckets {
            let spent = match country {
                Some(country) => ledger.countries.entry(*country).or_default(),
                None => &mut ledger.all,
            };
            let window = if *is_day { &mut spent.day } else { &mut spent.hour };
            // A window rolls to the time of its latest bucket; what was over before this start leaves at the first look.
            window.add((*at).min(now), &Amount { messages: *messages, micros: *micros });
        }
        Ok(Restored { taken: buckets.len() as u64, left_out: 0 })
    }
}

fn pack(spent: &mut Spent, country: Option<Country>, now: Timestamp, out: &mut Vec<u8>) {
    let mut write = |window: &mut Window<Amount>, is_day: bool| {
        window.held(now);
        for (at, Amount { messages, micros }) in window.saved() {
            let bucket: Bucket = ((is_day, country), (at, (messages, micros)));
            bucket.pack(out);
        }
    };
    write(&mut spent.hour, false);
    write(&mut spent.day, true);
}
