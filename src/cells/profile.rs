//! The hours of the day at which an endpoint's codes are verified: its own day, whatever time zones its users live in.
//!
//! By what was verified alone, so that nobody draws it who only asks.

use super::cell::Cell;
use super::table::Table;
use crate::domain::{Span, Timestamp};
use crate::limits::mix;

const TAG: u8 = 50;
const HALF_LIFE: Span = Span::hours(14 * 24);
/// An endpoint has 25 entries, and they are worth more than any stranger's.
pub(super) const WORTH: f32 = 10.0;
/// Fewer verifications than these are no day yet.
const ENOUGH: f32 = 200.0;
/// Where the sum of all hours stands.
const SUM: u64 = 24;

/// Whether an entry is about hours.
pub(super) const fn is_profile(cell: &Cell) -> bool {
    cell.tag == TAG
}

/// A code of the endpoint was verified.
pub(super) fn verified(table: &Table, endpoint: u64, now: Timestamp) {
    let fresh = Cell { tag: TAG, at: now.unix_ms(), ..Cell::default() };
    for hour in [hour(now), SUM] {
        table.upsert(
            key(endpoint, hour),
            fresh,
            |_| WORTH,
            |cell| {
                cell.fade_to(now, HALF_LIFE);
                cell.sent += 1.0;
            },
        );
    }
}

/// How busy this hour of the day usually is at the endpoint: 1 is the average hour, and what is said before its day is
/// known.
pub(super) fn usual(table: &Table, endpoint: u64, now: Timestamp) -> f32 {
    let count = |hour| {
        table.get(key(endpoint, hour)).map_or(0.0, |mut cell| {
            cell.fade_to(now, HALF_LIFE);
            cell.sent
        })
    };
    let sum = count(SUM);
    if sum < ENOUGH {
        return 1.0;
    }
    (24.0 * count(hour(now)) / sum).clamp(0.0, 24.0)
}

/// The hour of the day in UTC; which time zone it is makes no difference to a profile.
const fn hour(now: Timestamp) -> u64 {
    now.unix_ms() / 3_600_000 % 24
}

/// The keys that an attempt of now asks.
pub(super) fn keys(endpoint: u64, now: Timestamp) -> [u64; 2] {
    [key(endpoint, hour(now)), key(endpoint, SUM)]
}

fn key(endpoint: u64, hour: u64) -> u64 {
    mix([endpoint, u64::from(TAG), hour])
}
