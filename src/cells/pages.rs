//! Pages that were loaded from an address: who keeps no cookies loads pages all the same.

use super::cell::Cell;
use super::table::Table;
use crate::domain::{Span, Timestamp};
use crate::limits::mix;
use crate::privacy::Pseudonym;

pub(super) const TAG: u8 = 48;
/// A page speaks for attempts from its address for so long.
const LATELY: Span = Span::minutes(30);
/// The first to go in a full set.
pub(super) const WORTH: f32 = 0.1;

/// Whether an entry is about pages.
const fn is_page(cell: &Cell) -> bool {
    cell.tag == TAG
}

/// Whether an entry is about pages that say nothing any more.
pub(super) fn is_over(cell: &Cell, now: Timestamp) -> bool {
    is_page(cell) && now.since(Timestamp::from_unix_ms(cell.at)) >= LATELY
}

pub(super) fn loaded(table: &Table, address: Pseudonym, seed: u64, now: Timestamp, worth: impl Fn(&Cell) -> f32) {
    let fresh = Cell { tag: TAG, ..Cell::default() };
    table.upsert(key(address, seed), fresh, worth, |cell| cell.at = cell.at.max(now.unix_ms()));
}

pub(super) fn seen(table: &Table, address: Pseudonym, seed: u64, now: Timestamp) -> bool {
    let last = table.get(key(address, seed)).map(|cell| Timestamp::from_unix_ms(cell.at));
    last.is_some_and(|last| now.since(last) < LATELY)
}

pub(super) fn key(address: Pseudonym, seed: u64) -> u64 {
    mix([seed, u64::from(TAG), address.short()])
}
