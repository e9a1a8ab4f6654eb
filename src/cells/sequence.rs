//! Steps between the numbers that are asked for in a range, one after another: people's numbers come in no order, a
//! program's often do.
//!
//! Numbers are kept nowhere; their last two digits are all that is compared. Two steps are alike by chance once in a
//! hundred times.

use super::cell::Cell;
use super::table::Table;
use crate::domain::{Span, Timestamp};
use crate::limits::mix;

pub(super) const TAG: u8 = 49;
/// An older number is no number before this one.
const LATELY: Span = Span::hours(24);
/// The first to go in a full set, beside pages.
const WORTH: f32 = 0.1;
/// More steps alike say no more.
const MOST: f32 = 100.0;

/// What is lost if it goes: of a sequence that goes on, some.
pub(super) fn worth(cell: &Cell) -> f32 {
    WORTH + alike(cell).min(4.0) / 4.0
}

/// The next number's last two digits. The same number again is no step.
pub(super) fn asked(table: &Table, range: u64, last_two: u8, now: Timestamp) {
    let fresh = Cell { tag: TAG, matured: [f32::from(last_two), 0.0], ..Cell::default() };
    table.upsert(key(range), fresh, worth, |cell| {
        if now.since(Timestamp::from_unix_ms(cell.at)) > LATELY {
            *cell = fresh;
        } else if let Some((step, alike)) = step(cell, last_two) {
            cell.matured = [f32::from(last_two), f32::from(step)];
            cell.sent = alike;
        }
        cell.at = cell.at.max(now.unix_ms());
    });
}

/// How many steps alike this number would be the last of; 0 where its step is another.
pub(super) fn length(table: &Table, range: u64, last_two: u8, now: Timestamp) -> f32 {
    let cell = table.get(key(range)).filter(|cell| now.since(Timestamp::from_unix_ms(cell.at)) <= LATELY);
    cell.and_then(|cell| step(&cell, last_two)).map_or(0.0, |(_, alike)| alike)
}

/// The step to a number, and how many alike it ends. `None`: the same number again.
fn step(cell: &Cell, last_two: u8) -> Option<(u8, f32)> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "two digits")]
    let [last, before] = cell.matured.map(|digits| digits.clamp(0.0, 99.0) as u8);
    let step = (100 + last_two.min(99) - last) % 100;
    let alike = if step == before { (alike(cell) + 1.0).min(MOST) } else { 0.0 };
    (step != 0).then_some((step, alike))
}

const fn alike(cell: &Cell) -> f32 {
    cell.sent
}

pub(super) fn key(range: u64) -> u64 {
    mix([range, u64::from(TAG), 0])
}
