//! Which attempts are learned from, which calibrate, and which only measure: whole stretches of time of a trace, so that
//! no attack is measured by its own neighbours.

use std::fmt;

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

/// Too few of a kind in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    part: &'static str,
    is_abuse: bool,
    count: usize,
}

impl fmt::Display for Lack {
    /// `measuring has 3 of abuse`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, is_abuse, count } = self;
        write!(f, "{part} has {count} of {}", if *is_abuse { "abuse" } else { "real use" })
    }
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

    /// The parts that have fewer of a kind than `least`.
    pub(super) fn lacks(&self, least: usize) -> Vec<Lack> {
        let parts = [("learning", &self.learn), ("calibrating", &self.calibrate), ("measuring", &self.measure)];
        let each = parts.into_iter().flat_map(|part| [(part, false), (part, true)]);
        each.map(|((part, rows), is_abuse)| {
            let count = rows.iter().filter(|row| row.verdict.is_abuse == is_abuse).count();
            Lack { part, is_abuse, count }
        })
        .filter(|lack| lack.count < least)
        .collect()
    }
}
