//! Which attempts are learned from, which calibrate, and which only measure: whole stretches of time of a trace, so that
//! no attack is measured by its own neighbours.

use super::sample::{Row, Sample};

/// Tenths of the stretches of time that only measure, and that calibrate.
const MEASURE: u64 = 2;
const CALIBRATE: u64 = 2;

/// The parts.
#[derive(Debug)]
pub(super) struct Split<'a> {
    pub(super) learn: Vec<&'a Row>,
    pub(super) calibrate: Vec<&'a Row>,
    pub(super) measure: Vec<&'a Row>,
}

impl<'a> Split<'a> {
    pub(super) fn of(sample: &'a Sample) -> Self {
        let mut split = Self { learn: Vec::new(), calibrate: Vec::new(), measure: Vec::new() };
        for row in sample.rows() {
            let tenth = row.block % 10;
            let part = if tenth < MEASURE {
                &mut split.measure
            } else if tenth < MEASURE + CALIBRATE {
                &mut split.calibrate
            } else {
                &mut split.learn
            };
            part.push(row);
        }
        split
    }

    /// Everything that was not learned from.
    pub(super) fn judged(&self) -> Vec<&'a Row> {
        self.calibrate.iter().chain(&self.measure).copied().collect()
    }

    /// Real use and abuse in the smallest part.
    pub(super) fn least(&self) -> usize {
        let count = |rows: &[&Row], is_abuse| rows.iter().filter(|row| row.verdict.is_abuse == is_abuse).count();
        let parts = [&self.learn, &self.calibrate, &self.measure];
        parts.into_iter().flat_map(|part| [count(part, false), count(part, true)]).min().unwrap_or(0)
    }
}
