//! What happened when, by scenario: counts in buckets that grow with the length of the trace, and what spoke.

use std::collections::BTreeMap;

use super::course::Answer;
use super::names::Name;
use super::rows::Row;
use crate::domain::{Decision, Reason, Timestamp};
use crate::trace::Label;

/// Most buckets of a scenario.
const BUCKETS: usize = 240;
/// Lengths of buckets, in milliseconds. Each holds a whole number of the one before.
const WIDTHS: [u64; 17] = [
    1_000,
    2_000,
    10_000,
    30_000,
    60_000,
    120_000,
    600_000,
    1_800_000,
    3_600_000,
    7_200_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    864_000_000,
    8_640_000_000,
    86_400_000_000,
];
/// Different things that speak in a scenario. One more, and the one that spoke least goes to the others.
const VOICES: usize = 200;
/// The others, counted together.
pub(super) const OTHERS: &str = "others";

/// Scenarios in time.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub(super) tracks: BTreeMap<Name, Track>,
}

/// One scenario.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) start: Timestamp,
    width: usize,
    pub(super) buckets: Vec<Bucket>,
    /// How often each thing spoke against an attempt, by bucket.
    pub(super) voices: BTreeMap<Box<str>, Voice>,
}

/// How often something spoke.
#[derive(Clone, Debug, Default)]
pub(super) struct Voice {
    pub(super) total: u64,
    /// By bucket, up to the last one in which it spoke.
    pub(super) counts: Vec<u32>,
}

/// What became of the requests of some time: of real users, of attacks, of those of whom nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) sides: [Ends; 3],
}

/// What became of requests: an SMS, an SMS after a proof, none for want of a proof, none, none soon after another one.
pub(super) type Ends = [u32; 5];

impl Timeline {
    /// `lost`: a real user got nothing.
    pub(super) fn add(&mut self, row: &Row, answer: &Answer, lost: bool) {
        self.tracks.entry(row.scenario).or_insert_with(|| Track::new(row.at)).add(row, answer, lost);
    }
}

impl Track {
    fn new(start: Timestamp) -> Self {
        let start = Timestamp::from_unix_ms(start.unix_ms() / WIDTHS[0] * WIDTHS[0]);
        Self { start, width: 0, buckets: Vec::new(), voices: BTreeMap::new() }
    }

    /// Length of a bucket, in milliseconds.
    pub(super) fn width_ms(&self) -> u64 {
        WIDTHS.get(self.width).or(WIDTHS.last()).copied().unwrap_or(1)
    }

    fn add(&mut self, row: &Row, answer: &Answer, lost: bool) {
        let index = self.bucket(row.at);
        let side = match row.label {
            Some(Label::Legit) => 0,
            Some(Label::Attack) => 1,
            None => 2,
        };
        let end = match (answer.sms, answer.challenge) {
            (true, None) => 0,
            (true, Some(_)) => 1,
            (false, _) if row.label == Some(Label::Legit) && !lost => 4,
            (false, Some(_)) if !answer.solved => 2,
            (false, _) => 3,
        };
        if let Some(bucket) = self.buckets.get_mut(index) {
            bucket.sides[side][end] += 1;
        }
        if !(answer.sms && answer.challenge.is_none()) {
            self.hear(index, &answer.first);
        }
    }

    /// The bucket of a time, which is made.
    fn bucket(&mut self, at: Timestamp) -> usize {
        let since = at.since(self.start).as_millis();
        let place = |width| usize::try_from(since / width).unwrap_or(usize::MAX);
        while place(self.width_ms()) >= BUCKETS && self.width + 1 < WIDTHS.len() {
            self.widen();
        }
        let index = place(self.width_ms()).min(BUCKETS - 1);
        if self.buckets.len() <= index {
            self.buckets.resize(index + 1, Bucket::default());
        }
        index
    }

    fn widen(&mut self) {
        let before = self.width_ms();
        self.width += 1;
        // The start moves back to a round time, so that a bucket of an hour begins at the hour.
        let width = self.width_ms();
        let round = self.start.unix_ms() / width * width;
        let shift = (self.start.unix_ms() - round) / before;
        self.start = Timestamp::from_unix_ms(round);
        let (shift, many) = (usize::try_from(shift).unwrap_or(0), usize::try_from(width / before).unwrap_or(1));
        let mut buckets = vec![Bucket::default(); (self.buckets.len() + shift).div_ceil(many)];
        for (index, bucket) in self.buckets.iter().enumerate() {
            buckets[(index + shift) / many].add(bucket);
        }
        self.buckets = buckets;
        for Voice { counts, .. } in self.voices.values_mut() {
            let mut wider = vec![0; (counts.len() + shift).div_ceil(many)];
            for (index, count) in counts.iter().enumerate() {
                wider[(index + shift) / many] += *count;
            }
            *counts = wider;
        }
    }

    fn hear(&mut self, index: usize, decision: &Decision) {
        for voice in decision.reasons.iter().filter_map(voice) {
            if !self.voices.contains_key(&*voice) {
                self.make_room();
                self.voices.insert((&*voice).into(), Voice::default());
            }
            if let Some(voice) = self.voices.get_mut(&*voice) {
                voice.add(index, 1);
            }
        }
    }

    /// The one that spoke least goes to the others.
    fn make_room(&mut self) {
        if self.voices.len() < VOICES {
            return;
        }
        let least = self.voices.iter().filter(|(name, _)| ***name != *OTHERS).min_by_key(|(_, voice)| voice.total);
        let Some(gone) = least.map(|(name, _)| name.clone()).and_then(|name| self.voices.remove(&name)) else { return };
        let others = self.voices.entry(OTHERS.into()).or_default();
        for (index, count) in gone.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            others.add(index, *count);
        }
    }
}

impl Voice {
    fn add(&mut self, index: usize, count: u32) {
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += count;
        self.total += u64::from(count);
    }
}

impl Bucket {
    fn add(&mut self, other: &Self) {
        for (ends, more) in self.sides.iter_mut().zip(&other.sides) {
            for (count, more) in ends.iter_mut().zip(more) {
                *count += more;
            }
        }
    }
}

/// What speaks, without the numbers that change with every attempt.
fn voice(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Limit { name, .. } | Reason::LimitTableFull { name, .. } => Some(format!("limit {name}")),
        Reason::Hot { kind, value, rung, .. } => Some(format!("hot {kind} {value} at {}", rung.name())),
        Reason::Surge { kind, value, .. } => Some(format!("surge of {kind} {value}")),
        Reason::Siege { kind, value, .. } => Some(format!("siege of {kind} {value}")),
        Reason::Waiting { kind, value, rung, .. } => Some(format!("waiting in {kind} {value} at {}", rung.name())),
        Reason::Look { .. } => Some("looks".to_owned()),
        Reason::Rule { rule, .. } => Some(format!("rule {rule}")),
        Reason::Budget { name, .. } => Some(format!("budget {name}")),
        Reason::Blind => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A track with one thing of the first kind at each of these times, in milliseconds after an odd start.
    fn track(times: &[u64]) -> Track {
        let start = 1_795_197_607_123;
        let mut track = Track::new(Timestamp::from_unix_ms(start));
        for time in times {
            let index = track.bucket(Timestamp::from_unix_ms(start + time));
            track.buckets[index].sides[0][0] += 1;
            track.voices.entry("x".into()).or_default().add(index, 1);
        }
        track
    }

    #[test]
    fn buckets_grow_with_the_trace_and_lose_nothing() {
        for (length, width) in
            [(1_000, 1_000), (238_000, 1_000), (400_000, 2_000), (3_600_000, 30_000), (604_800_000, 3_600_000)]
        {
            let times: Vec<_> = (0..500).map(|part| length * part / 499).collect();
            let track = track(&times);
            assert_eq!(track.width_ms(), width, "{length}");
            assert!(track.buckets.len() <= BUCKETS);
            assert_eq!(track.start.unix_ms() % width, 0, "buckets begin at round times");
            let count: u32 = track.buckets.iter().map(|bucket| bucket.sides[0][0]).sum();
            let voice = &track.voices["x"];
            assert_eq!((count, voice.total, voice.counts.iter().sum::<u32>()), (500, 500, 500));
        }
    }

    #[test]
    fn a_time_stays_in_its_bucket_while_they_grow() {
        let track = track(&[0, 90_000, 7_200_000]);
        let full: Vec<_> = (0..track.buckets.len()).filter(|index| track.buckets[*index].sides[0][0] > 0).collect();
        let at =
            |ms: u64| usize::try_from((1_795_197_607_123 + ms - track.start.unix_ms()) / track.width_ms()).unwrap();
        assert_eq!(full, [at(0), at(90_000), at(7_200_000)]);
    }

    #[test]
    fn times_without_end_stay_in_the_last_bucket() {
        let track = track(&[0, u64::MAX / 2]);
        assert!(track.buckets.len() <= BUCKETS);
    }

    #[test]
    fn who_spoke_least_makes_room() {
        let mut track = track(&[]);
        track.voices.clear();
        for number in 0..VOICES {
            let total = if number == 7 { 1 } else { 2 };
            track.voices.insert(format!("{number}").into(), Voice { total, counts: vec![0, 2] });
        }
        track.make_room();
        assert!(!track.voices.contains_key("7"));
        assert_eq!(track.voices[OTHERS].counts, [0, 2]);
    }
}
