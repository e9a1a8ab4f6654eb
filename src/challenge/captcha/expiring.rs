//! A bounded map whose entries expire, and never go before.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use parking_lot::Mutex;

use crate::domain::Timestamp;

/// The map. When it is full, what isn't there can't be entered.
#[derive(Debug)]
pub(super) struct Expiring<K, V> {
    inner: Mutex<Inner<K, V>>,
    capacity: usize,
}

#[derive(Debug)]
struct Inner<K, V> {
    entries: HashMap<K, (V, Timestamp)>,
    /// In the order of entering, which is nearly that of expiring: all live about as long.
    expiring: VecDeque<(Timestamp, K)>,
}

/// There is no room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl<K: Copy + Eq + Hash, V: Clone> Expiring<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let inner = Inner { entries: HashMap::new(), expiring: VecDeque::new() };
        Self { inner: Mutex::new(inner), capacity }
    }

    /// Changes what stands under `key`, or enters it until `until`, at one go: `change` gets what is there and gives what
    /// shall be, `None` for nothing.
    pub(super) fn change<R>(
        &self,
        key: K,
        (until, now): (Timestamp, Timestamp),
        change: impl FnOnce(Option<V>) -> (Option<V>, R),
    ) -> Result<R, Full> {
        let mut inner = self.inner.lock();
        inner.forget(now);
        let there = inner.entries.get(&key).filter(|(_, until)| *until > now).map(|(value, _)| value.clone());
        let is_new = !inner.entries.contains_key(&key);
        if is_new && inner.entries.len() >= self.capacity {
            return Err(Full);
        }
        let (value, result) = change(there);
        match value {
            Some(value) if is_new => {
                inner.entries.insert(key, (value, until));
                inner.expiring.push_back((until, key));
            }
            Some(value) => {
                if let Some((stored, _)) = inner.entries.get_mut(&key) {
                    *stored = value;
                }
            }
            // Its line in the queue stays until its time; an entry made anew meanwhile has a line of its own.
            None => drop(inner.entries.remove(&key)),
        }
        Ok(result)
    }

    /// What stands under `key`.
    pub(super) fn get(&self, key: K, now: Timestamp) -> Option<V> {
        let inner = self.inner.lock();
        inner.entries.get(&key).filter(|(_, until)| *until > now).map(|(value, _)| value.clone())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.inner.lock().entries.len()
    }
}

impl<K: Copy + Eq + Hash, V> Inner<K, V> {
    fn forget(&mut self, now: Timestamp) {
        while let Some((until, key)) = self.expiring.front().copied().filter(|(until, _)| *until <= now) {
            self.expiring.pop_front();
            if self.entries.get(&key).is_some_and(|(_, own)| *own <= until) {
                self.entries.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    fn count(map: &Expiring<u8, u32>, key: u8, until: u64, now: u64) -> Result<u32, Full> {
        map.change(key, (at(until), at(now)), |count| {
            let count = count.unwrap_or(0) + 1;
            (Some(count), count)
        })
    }

    #[test]
    fn entries_live_until_their_time_and_no_longer() {
        let map = Expiring::new(2);
        assert_eq!(count(&map, 1, 100, 0), Ok(1));
        assert_eq!(count(&map, 1, 900, 50), Ok(2), "the time of entering holds");
        assert_eq!((map.get(1, at(99)), map.get(1, at(100))), (Some(2), None));
        assert_eq!(count(&map, 1, 200, 100), Ok(1));
    }

    #[test]
    fn a_full_map_takes_no_new_one_and_loses_no_old_one() {
        let map = Expiring::new(2);
        for key in [1, 2] {
            assert_eq!(count(&map, key, 100, 0), Ok(1));
        }
        assert_eq!(count(&map, 3, 100, 99), Err(Full));
        assert_eq!(count(&map, 1, 100, 99), Ok(2));
        assert_eq!(count(&map, 3, 200, 100), Ok(1));
        assert_eq!(map.len(), 1);
    }

    #[test]
    fn one_that_was_taken_out_and_came_again_lives_its_own_time() {
        let map = Expiring::new(2);
        assert_eq!(count(&map, 1, 100, 0), Ok(1));
        assert_eq!(map.change(1, (at(0), at(1)), |_| (None, ())), Ok(()));
        assert_eq!(count(&map, 1, 200, 2), Ok(1));
        assert_eq!(count(&map, 2, 300, 150), Ok(1), "at 100 the first line of the queue takes nothing with it");
        assert_eq!(map.get(1, at(199)), Some(1));
    }
}
