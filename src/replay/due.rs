//! What falls due, in the order of time; at the same time in the order in which it was put in.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::domain::Timestamp;

/// Things that fall due.
#[derive(Debug)]
pub(super) struct Due<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    next: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Timestamp,
    order: u64,
    what: T,
}

impl<T> Due<T> {
    pub(super) fn new() -> Self {
        Self { heap: BinaryHeap::new(), next: 0 }
    }

    pub(super) fn put(&mut self, at: Timestamp, what: T) {
        self.heap.push(Reverse(Entry { at, order: self.next, what }));
        self.next += 1;
    }

    /// The next thing that is due at `now`, with its time.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, T)> {
        if self.heap.peek().is_none_or(|Reverse(entry)| entry.at > now) {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.what))
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl<T> Entry<T> {
    fn key(&self) -> (Timestamp, u64) {
        (self.at, self.order)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_by_time_and_at_one_time_in_the_order_they_were_put() {
        let mut due = Due::new();
        for (at, what) in [(5, "c"), (3, "a"), (5, "d"), (4, "b"), (5, "e")] {
            due.put(Timestamp::from_unix_ms(at), what);
        }
        let mut take = |now| due.take(Timestamp::from_unix_ms(now)).map(|(at, what)| (at.unix_ms(), what));
        assert_eq!(take(2), None);
        assert_eq!([take(4), take(4), take(4)], [Some((3, "a")), Some((4, "b")), None]);
        assert_eq!([take(9), take(9), take(9), take(9)], [Some((5, "c")), Some((5, "d")), Some((5, "e")), None]);
    }
}
