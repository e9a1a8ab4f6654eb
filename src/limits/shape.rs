//! Which of the two windows a limit's entries are, and what is common to both.

use super::buckets::{self, Buckets};
use super::limit::Limit;
use super::room::{Held, Rule};
use super::times::{self, Times};
use crate::domain::Span;

/// Up to this maximum the times are kept.
const EXACT: u32 = 32;

/// The layout of a table's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Times(times::Layout),
    Buckets(buckets::Layout),
}

/// One entry of a table, locked.
pub(super) enum Window<'a> {
    Times(Times<'a>),
    Buckets(Buckets<'a>),
}

impl Shape {
    /// For a limit that was checked.
    pub(super) fn of(limit: &Limit) -> Self {
        let distinct = limit.distinct.is_some();
        let slots = u16::try_from(limit.max).ok().filter(|max| distinct || u32::from(*max) <= EXACT);
        Self::with_slots(limit.per, distinct, slots)
    }

    /// With so many times kept; `None`: with buckets.
    pub(super) fn with_slots(per: Span, distinct: bool, slots: Option<u16>) -> Self {
        let per_ms = per.as_millis();
        match slots {
            Some(slots) => Self::Times(times::Layout::new(per_ms, slots, distinct)),
            None => Self::Buckets(buckets::Layout::new(per_ms)),
        }
    }

    /// Length of the window.
    pub(super) fn per_ms(self) -> u64 {
        match self {
            Self::Times(layout) => layout.per_ms(),
            Self::Buckets(layout) => layout.per_ms(),
        }
    }

    /// How many times it keeps, where it keeps times.
    pub(super) fn slots(self) -> Option<u16> {
        match self {
            Self::Times(layout) => Some(layout.slots()),
            Self::Buckets(_) => None,
        }
    }

    /// Length of an entry without its key.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Times(layout) => layout.bytes(),
            Self::Buckets(_) => buckets::Layout::bytes(),
        }
    }

    /// An entry's bytes as a window.
    pub(super) fn window(self, bytes: &mut [u8]) -> Window<'_> {
        match self {
            Self::Times(layout) => Window::Times(Times { bytes, layout }),
            Self::Buckets(layout) => Window::Buckets(Buckets { bytes, layout }),
        }
    }
}

impl Window<'_> {
    pub(super) fn full_until(&self, rule: Rule, item: Option<u64>, now_ms: u64) -> Option<u64> {
        match self {
            Self::Times(times) => times.full_until(rule, item, now_ms),
            Self::Buckets(buckets) => buckets.full_until(rule, now_ms),
        }
    }

    /// The first moment with room once an attempt at `now` that found none is counted all the same.
    pub(super) fn full_until_after_one_more(&self, rule: Rule, now_ms: u64) -> u64 {
        let (shape, bytes) = match self {
            Self::Times(Times { bytes, layout }) => (Shape::Times(*layout), bytes),
            Self::Buckets(Buckets { bytes, layout }) => (Shape::Buckets(*layout), bytes),
        };
        let mut copy = bytes.to_vec();
        let mut window = shape.window(&mut copy);
        window.add(None, now_ms);
        window.full_until(rule, None, now_ms).unwrap_or(now_ms)
    }

    pub(super) fn held(&self, now_ms: u64) -> Held {
        match self {
            Self::Times(times) => times.held(now_ms),
            Self::Buckets(buckets) => buckets.held(now_ms),
        }
    }

    /// Whether nothing of it counts any more.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        let held = self.held(now_ms);
        held.count == 0 && held.shut_until_ms <= now_ms
    }

    /// Whether these bytes can be those of such a window at all. Others must not be looked into.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Times(times) => times.is_sound(),
            Self::Buckets(_) => true,
        }
    }

    /// How many there would be with one more.
    pub(super) fn count_with(&self, item: Option<u64>, now_ms: u64) -> u32 {
        let count = self.held(now_ms).count;
        match self {
            Self::Times(times) if times.has(item, now_ms) => count,
            Self::Times(_) | Self::Buckets(_) => count + 1,
        }
    }

    pub(super) fn add(&mut self, item: Option<u64>, now_ms: u64) {
        match self {
            Self::Times(times) => times.add(item, now_ms),
            Self::Buckets(buckets) => buckets.add(now_ms),
        }
    }

    pub(super) fn release(&mut self, item: Option<u64>, at_ms: u64) {
        match self {
            Self::Times(times) => times.release(item, at_ms),
            Self::Buckets(buckets) => buckets.release(at_ms),
        }
    }

    /// Fills this empty window with what a window of the same limit held, under another maximum or of another length. What
    /// had to make room there isn't known any more, so as long as it would count this window is shut.
    pub(super) fn copy_from(&mut self, old: &Window<'_>, max: u32) {
        match (self, old) {
            (Self::Times(new), Window::Times(old)) => new.copy_from(old),
            (Self::Buckets(new), Window::Buckets(old)) => new.copy_from(old),
            (Self::Buckets(new), Window::Times(old)) => {
                if let Some(at_ms) = old.dropped_ms() {
                    new.add_many(at_ms, max);
                }
                for at_ms in old.all_ms() {
                    new.add(at_ms);
                }
            }
            (Self::Times(new), Window::Buckets(old)) => {
                for (at_ms, count) in old.all_ms() {
                    // More than the slots only push each other out.
                    for _ in 0..count.min(EXACT) {
                        new.add(None, at_ms);
                    }
                }
            }
        }
    }
}
