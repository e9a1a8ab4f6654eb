//! What is verified of a carrier's customers, so that an outage of its own shows while the rest of the country verifies.
//!
//! Nobody tells which number is whose; so a carrier is what begins alike: the calling code and two digits. Where these are
//! shared by several carriers the outage of one shows as a part. An entry holds what a country's cell does: one of
//! everyone together, for of a part few are left, and one of known clients alone, whom abuse doesn't touch.

use super::cell::Cell;
use crate::domain::Phone;
use crate::limits::mix;

pub(super) const TAG: u8 = 57;
/// Digits after the calling code. With three, an outage of one carrier was seen too late, for too few ask in six minutes.
const DIGITS: u32 = 2;
/// A little more than a stranger's cell.
const WORTH: f32 = 0.9;

/// What an entry is made from.
pub(super) fn fresh() -> Cell {
    Cell { tag: TAG, ..Cell::default() }
}

/// The entry of a phone's carrier.
pub(super) fn key(seed: u64, phone: &Phone) -> u64 {
    mix([seed, u64::from(TAG), carrier(phone.calling_code, phone.range.digits())])
}

/// That of its known clients.
pub(super) fn known(key: u64) -> u64 {
    mix([key, u64::from(TAG)])
}

pub(super) fn worth(cell: &Cell) -> f32 {
    WORTH * cell.slow.min(1.0)
}

fn carrier(calling_code: u16, mut digits: u64) -> u64 {
    let length = calling_code.max(1).ilog10() + 1 + DIGITS;
    while digits >= 10_u64.pow(length) {
        digits /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_the_calling_code_and_two_digits() {
        for (calling_code, range, expected) in [
            (44, 44_740_241, 4474),
            (1, 1_212_555, 121),
            (998, 99_890_123, 99890),
            // A number may be shorter than that with its last four digits off.
            (44, 447, 447),
        ] {
            assert_eq!(carrier(calling_code, range), expected);
        }
    }
}
