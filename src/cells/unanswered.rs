//! Messages to a phone that nobody answered: after three in a day only a captcha helps, whoever asks.
//!
//! Evidence alone lets a bomber with a real browser have a fourth. It fades within the day, a proof of work buys a
//! higher bound, silence says less where few real users verify, and known clients have cells of their own, which
//! somebody in the victim's network with the victim's browser shares. So these messages are counted exactly, by phone
//! alone, for everyone but the very client that verified it. Verified and undelivered ones don't count, nor those of an
//! outage.

use super::Kind;
use super::aspects::Aspects;
use super::cell::Cell;
use super::table::Table;
use crate::domain::{Span, Timestamp};
use crate::limits::mix;

pub(super) const TAG: u8 = 56;
/// An entry has room for so many times; a higher bound is none.
const TIMES: usize = 8;
/// Times are kept to this, so that a number of 24 bits holds them.
const UNIT: Span = Span::minutes(5);
/// How long a message counts, in units: a day, and no less for the rounding.
const DAY: f32 = 24.0 * 12.0;
/// A little more than a stranger's cell.
const WORTH: f32 = 0.9;

/// The entry of an attempt's phone.
pub(super) fn key(aspects: &Aspects) -> Option<u64> {
    Some(mix([aspects.key(Kind::Phone)?, u64::from(TAG)]))
}

/// Messages of the last day.
pub(super) fn count(table: &Table, aspects: &Aspects, now: Timestamp) -> u8 {
    let cell = key(aspects).and_then(|key| table.get(key));
    cell.map_or(0, |mut cell| times(&mut cell).into_iter().map(|time| u8::from(counts(*time, now))).sum())
}

/// A message went out.
pub(super) fn sent(table: &Table, aspects: &Aspects, now: Timestamp, worth: impl Fn(&Cell) -> f32) {
    let Some(key) = key(aspects) else { return };
    let fresh = Cell { tag: TAG, ..Cell::default() };
    table.upsert(key, fresh, worth, |cell| {
        cell.at = cell.at.max(now.unix_ms());
        if let Some(oldest) = times(cell).into_iter().min_by(|a, b| a.total_cmp(b)) {
            *oldest = unit(now);
        }
    });
}

/// The message that went out at `sent` was answered, or never came.
pub(super) fn forget(table: &Table, aspects: &Aspects, sent: Timestamp) {
    let Some(key) = key(aspects) else { return };
    table.change(key, |cell| {
        if let Some(time) = times(cell).into_iter().find(|time| time.total_cmp(&unit(sent)).is_eq()) {
            *time = 0.0;
        }
    });
}

pub(super) fn worth(cell: &Cell, now: Timestamp) -> f32 {
    let mut cell = *cell;
    if times(&mut cell).into_iter().any(|time| counts(*time, now)) { WORTH } else { 0.0 }
}

/// The times that an entry holds in place of a cell's counts; 0 is none.
fn times(cell: &mut Cell) -> [&mut f32; TIMES] {
    let Cell { fast, slow, recent, came, due, sent, verified, refused, .. } = cell;
    [fast, slow, recent, came, due, sent, verified, refused]
}

fn counts(time: f32, now: Timestamp) -> bool {
    time > 0.0 && unit(now) - time <= DAY
}

/// Units since 1970; no time is 0.
#[expect(clippy::cast_precision_loss, reason = "exact for another century")]
fn unit(at: Timestamp) -> f32 {
    (at.unix_ms() / UNIT.as_millis()) as f32 + 1.0
}
