//! What every thread adds to and hardly anyone reads, in a part for each thread: where two threads write to the same line
//! of memory each waits for it, a tenth of a microsecond a time, and one decision counts a dozen things.
//!
//! Must not know: what is counted.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this share parts, which is slower and as right.
const PARTS: usize = 16;

/// A part for each thread.
#[derive(Debug, Default)]
pub struct Stripes<T>([Part<T>; PARTS]);

/// Alone in its lines of memory. The processor fetches them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Part<T>(T);

impl<T> Stripes<T> {
    /// The part of the thread that asks.
    pub fn own(&self) -> &T {
        let Self(parts) = self;
        &parts[number() % PARTS].0
    }

    /// Every part.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|Part(part)| part)
    }
}

/// The number of this thread, in the order in which threads asked.
fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.get().unwrap_or_else(|| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        OWN.set(Some(number));
        number
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn what_many_threads_add_is_all_there_also_where_they_share_parts() {
        let stripes = Stripes::<AtomicU64>::default();
        std::thread::scope(|scope| {
            for _ in 0..=2 * PARTS {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        stripes.own().fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let sums: Vec<_> = stripes.all().map(|part| part.load(Ordering::Relaxed)).collect();
        assert_eq!(sums.iter().sum::<u64>(), 1000 * (2 * PARTS as u64 + 1));
        assert!(sums.iter().filter(|sum| **sum > 0).count() > 1, "one part for all: {sums:?}");
    }

    #[test]
    fn a_thread_keeps_its_part() {
        let stripes = Stripes::<AtomicU64>::default();
        assert!(std::ptr::eq(stripes.own(), stripes.own()));
    }
}
