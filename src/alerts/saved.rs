//! What is usual, over a restart: without it an app would need days to have a baseline again.

use std::io;
use std::sync::Arc;

use super::baseline::History;
use super::key::Key;
use super::watch::Watch;
use crate::domain::{Country, Timestamp};
use crate::pack::{Out, Pack, Restored, Section, Unfit};

/// One key's history: endpoint and country, first and newest hour, and the hours that hold something.
type Packed = ((Option<Arc<str>>, Option<Country>), ((u64, u64), Vec<(u64, (u32, u64))>));

impl Section for Watch {
    fn name(&self) -> &'static str {
        "usual"
    }

    fn version(&self) -> u32 {
        1
    }

    fn changes(&self) -> u64 {
        self.counts().changes
    }

    /// A chunk a key: 14 KiB at most.
    fn save(&self, _now: Timestamp, out: &mut Out<'_>) -> io::Result<()> {
        let keys: Vec<Key> = self.counts().volumes.history.keys().cloned().collect();
        for key in keys {
            let saved = self.counts().volumes.history.get(&key).map(History::saved);
            let Some((first, newest, hours)) = saved else { continue };
            let mut bytes = Vec::new();
            let packed: Packed = ((key.endpoint, key.country), ((first, newest), hours));
            packed.pack(&mut bytes);
            out(&bytes)?;
        }
        Ok(())
    }

    fn restore(&self, _now: Timestamp, mut chunk: &[u8]) -> Result<Restored, Unfit> {
        let ((endpoint, country), ((first, newest), hours)) = Packed::unpack(&mut chunk)?;
        let key = Key { endpoint, country, ..Key::default() };
        self.counts().volumes.history.insert(key, History::restored(first, newest, hours));
        Ok(Restored { taken: 1, left_out: 0 })
    }
}
