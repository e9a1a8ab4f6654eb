//! How many challenges are issued: to one address, to all together in a second, and open at the same time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Settings;
use crate::domain::{Span, Timestamp};
use crate::privacy::Pseudonym;

/// Why no challenge is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// The address has asked for too many.
    #[error("too many challenges were asked for from this address; try again later")]
    FromAddress {
        /// When it gets the next.
        wait: Span,
    },
    /// All together have asked for too many, or as many are open as are remembered.
    #[error("too many challenges were asked for; try again shortly")]
    InAll,
}

impl TooMany {
    /// The name in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FromAddress { .. } => "address",
            Self::InAll => "all",
        }
    }

    /// When to try again.
    pub const fn wait(self) -> Span {
        match self {
            Self::FromAddress { wait } => wait,
            Self::InAll => Span::seconds(1),
        }
    }
}

/// Counts what is issued.
#[derive(Debug)]
pub(super) struct Issuing {
    addresses: Addresses,
    in_all: Mutex<InAll>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct InAll {
    /// Seconds with the number issued in each, as far back as one of them may still be open.
    seconds: VecDeque<(u64, u32)>,
    /// The sum.
    open: usize,
}

impl Issuing {
    /// At most `capacity` are open at the same time.
    pub(super) fn new(capacity: usize) -> Self {
        Self { addresses: Addresses::new(), in_all: Mutex::default(), capacity }
    }

    /// Counts one more that may be open, or its pass, for `open_for`.
    pub(super) fn admit(
        &self,
        settings: &Settings,
        address: Pseudonym,
        open_for: Span,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        self.addresses.admit(address, settings.issue_per_address, now)?;
        let mut in_all = self.in_all.lock();
        let (second, kept) = (now.unix_s(), open_for.as_seconds_up() + 1);
        while let Some((_, count)) = in_all.seconds.front().copied().filter(|(at, _)| *at + kept <= second) {
            in_all.seconds.pop_front();
            in_all.open -= count as usize;
        }
        let this = in_all.seconds.back().filter(|(at, _)| *at >= second).map_or(0, |(_, count)| *count);
        if this >= settings.issue_rate || in_all.open >= self.capacity {
            return Err(TooMany::InAll);
        }
        match in_all.seconds.back_mut().filter(|(at, _)| *at >= second) {
            Some((_, count)) => *count += 1,
            None => in_all.seconds.push_back((second, 1)),
        }
        in_all.open += 1;
        Ok(())
    }
}

/// A bucket for each address: the time at which it will be empty again. An address has one of a few slots; where all of
/// them are others' and in use, it isn't counted, and the sum of all holds it.
#[derive(Debug)]
struct Addresses {
    slots: Box<[AtomicU64]>,
}

/// 512 KiB. A power of two.
const SLOTS: usize = 1 << 16;
const WAYS: usize = 8;
/// A slot is 16 bits of the address' name and 48 of time.
const TIME_BITS: u32 = 48;
const TIME: u64 = (1 << TIME_BITS) - 1;

impl Addresses {
    fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect() }
    }

    fn admit(&self, address: Pseudonym, per_minute: u32, now: Timestamp) -> Result<(), TooMany> {
        let (name, now) = (address.short(), now.unix_ms() & TIME);
        let own = |slot: u64| slot >> TIME_BITS == name >> TIME_BITS;
        let free = |slot: u64| slot & TIME <= now;
        let first = usize::try_from(name % SLOTS as u64).unwrap_or_default() & !(WAYS - 1);
        let Some(ways) = self.slots.get(first..first + WAYS) else { return Ok(()) };
        let read = |slot: &&AtomicU64| slot.load(Ordering::Relaxed);
        let mine = ways.iter().find(|slot| own(read(slot)) && !free(read(slot)));
        let Some(slot) = mine.or_else(|| ways.iter().find(|slot| free(read(slot)))) else { return Ok(()) };
        let step = 60_000 / u64::from(per_minute.max(1));
        let mut until = 0;
        let taken = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |found| {
            until = if own(found) { found & TIME } else { 0 }.max(now) + step;
            (until - now <= 60_000.max(step)).then_some(name >> TIME_BITS << TIME_BITS | until & TIME)
        });
        match taken {
            Ok(_before) => Ok(()),
            Err(_full) => Err(TooMany::FromAddress { wait: Span::millis((until - now).saturating_sub(60_000).max(1)) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(1_795_197_600_000 + ms)
    }

    fn settings(issue_rate: u32, issue_per_address: u32) -> Settings {
        Settings { issue_rate, issue_per_address, ..Settings::default() }
    }

    #[test]
    fn an_address_gets_as_many_at_once_as_in_a_minute() {
        let issuing = Issuing::new(1000);
        let settings = settings(1000, 6);
        let ask = |address: u128, ms| {
            issuing.admit(&settings, Pseudonym::from_bits(address << 48), Span::minutes(10), at(ms))
        };
        for _ in 0..6 {
            assert_eq!(ask(1, 0), Ok(()));
        }
        assert_eq!(ask(1, 0), Err(TooMany::FromAddress { wait: Span::seconds(10) }));
        assert_eq!(ask(2, 0), Ok(()), "others are not held");
        assert_eq!(ask(1, 9_999), Err(TooMany::FromAddress { wait: Span::millis(1) }));
        assert_eq!(ask(1, 10_000), Ok(()));
        assert!(ask(1, 10_000).is_err());
    }

    #[test]
    fn all_together_get_so_many_in_a_second_and_so_many_open() {
        let issuing = Issuing::new(5);
        let settings = settings(3, 1000);
        let ask = |ms| issuing.admit(&settings, Pseudonym::from_bits(1), Span::seconds(10), at(ms)).is_ok();
        assert_eq!([0, 1, 2, 3, 999].map(ask), [true, true, true, false, false]);
        assert_eq!([1000, 1001, 1002].map(ask), [true, true, false], "as many are open as are remembered");
        assert_eq!([10_999, 11_000].map(ask), [false, true], "the first three are no longer open");
    }
}
