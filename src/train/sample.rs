//! Attempts to learn from, within a bound.
//!
//! No labels are needed: who verifies is real; whose code was delivered and never verified, while what it shares turned
//! hot, is likely abuse; the rest says nothing. Where somebody knows better (a trace, a list of labels) that counts.

use crate::domain::Timestamp;
use crate::model::Features;
use crate::random::Random;
use crate::replay::Example;
use crate::trace::Label;

/// What silence in a hot cell weighs against what somebody knows: some real users fail there too.
const LIKELY: f32 = 0.7;
/// The part of the sample that is kept for real use.
const REAL_SHARE: f64 = 0.6;
/// Attempts of this length of time are learned from together or not at all: those of one attack are alike.
const BLOCK_MS: u64 = 20 * 60_000;

/// What an attempt is held to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Abuse or real use.
    pub is_abuse: bool,
    /// How sure that is, 0 to 1.
    pub weight: f32,
}

impl Verdict {
    /// What somebody knows.
    pub const fn known(label: Label) -> Self {
        Self { is_abuse: matches!(label, Label::Attack), weight: 1.0 }
    }

    /// What became of it says. `None`: nothing.
    pub fn of_outcome(example: &Example) -> Option<Self> {
        if !example.sent {
            return None;
        }
        if example.verified {
            return Some(Self { is_abuse: false, weight: 1.0 });
        }
        (example.delivered && example.hot).then_some(Self { is_abuse: true, weight: LIKELY })
    }
}

/// An attempt that is learned from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) features: Features,
    pub(super) verdict: Verdict,
    /// Its prior by plain weights.
    pub(super) plain: f32,
    /// Its scenario, by its place in [`Sample::scenarios`].
    pub(super) scenario: u16,
    /// The time and the trace that it belongs to: see [`super::split`].
    pub(super) block: u64,
}

/// A bounded part of all attempts, each as likely to be in it.
#[derive(Debug)]
pub struct Sample {
    random: Random,
    real: Reservoir,
    abuse: Reservoir,
    pub(super) scenarios: Vec<Box<str>>,
    trace: u64,
    /// Attempts that say nothing.
    pub(super) silent: u64,
}

#[derive(Debug, Default)]
struct Reservoir {
    rows: Vec<Row>,
    most: usize,
    met: u64,
}

impl Sample {
    /// At most so many attempts, about 250 bytes each.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a part")]
    pub fn new(most: usize, seed: u64) -> Self {
        let real = (most as f64 * REAL_SHARE) as usize;
        let reservoir = |most| Reservoir { most, ..Reservoir::default() };
        Self {
            random: Random::of(&[seed, 1]),
            real: reservoir(real),
            abuse: reservoir(most - real),
            scenarios: Vec::new(),
            trace: 0,
            silent: 0,
        }
    }

    /// The attempts that follow are of another trace.
    pub fn next_trace(&mut self) {
        self.trace += 1;
    }

    /// Takes an attempt in. `None`: it says nothing, and is only counted.
    pub fn add(&mut self, example: &Example, verdict: Option<Verdict>) {
        let Some(verdict) = verdict else {
            self.silent += 1;
            return;
        };
        let scenario = self.scenario(&example.scenario);
        let block = block(self.trace, example.facts.at);
        let row = Row { features: example.row, verdict, plain: example.plain, scenario, block };
        let reservoir = if verdict.is_abuse { &mut self.abuse } else { &mut self.real };
        reservoir.add(row, &mut self.random);
    }

    /// Real use and abuse that was met, whether it was kept or not.
    pub const fn met(&self) -> [u64; 2] {
        [self.real.met, self.abuse.met]
    }

    /// Real use and abuse that was kept, in an order that no longer says when it came.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.real.rows.iter().chain(&self.abuse.rows)
    }

    fn scenario(&mut self, name: &str) -> u16 {
        let place = self.scenarios.iter().position(|known| **known == *name).unwrap_or_else(|| {
            self.scenarios.push(name.into());
            self.scenarios.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}

impl Reservoir {
    /// Vitter's algorithm R.
    fn add(&mut self, row: Row, random: &mut Random) {
        self.met += 1;
        if self.rows.len() < self.most {
            self.rows.push(row);
        } else if let Some(place) = usize::try_from(random.below(self.met)).ok().and_then(|at| self.rows.get_mut(at)) {
            *place = row;
        }
    }
}

fn block(trace: u64, at: Timestamp) -> u64 {
    Random::of(&[trace, at.unix_ms() / BLOCK_MS]).bits()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{Address, Client, Facts, Fingerprint, PhoneFact, Place, Visit};
    use crate::model::COUNT;
    use crate::privacy::Pseudonyms;

    /// Attempts of invented distributions: some flags and counts that lean towards abuse, in three classes.
    pub(crate) fn sample(count: usize, seed: u64) -> Sample {
        let mut random = Random::seeded(seed);
        let mut sample = Sample::new(count, seed);
        for number in 0..count as u64 {
            let label = if random.chance(40) { Label::Attack } else { Label::Legit };
            let class = random.below(3);
            let mut example = example(number);
            example.scenario = format!("class-{class}").into();
            let is_abuse = label == Label::Attack;
            for (index, value) in example.row.0.iter_mut().enumerate() {
                let telling = is_abuse && (index as u64 % 7 == class || index == 2);
                let odds = if telling { 70 } else { 4 };
                *value = if random.chance(odds) { f32::from(u8::try_from(random.between(1, 6)).unwrap()) } else { 0.0 };
            }
            sample.add(&example, Some(Verdict::known(label)));
        }
        sample
    }

    pub(in crate::train) fn rows(count: usize, seed: u64) -> Vec<Row> {
        sample(count, seed).rows().cloned().collect()
    }

    impl Sample {
        pub(in crate::train) fn relabel(&mut self, mut is_abuse: impl FnMut(&Row) -> bool) {
            for row in self.real.rows.iter_mut().chain(&mut self.abuse.rows) {
                row.verdict.is_abuse = is_abuse(row);
            }
        }
    }

    fn facts(at: Timestamp) -> Facts {
        let network = "192.0.2.0/24".parse().unwrap();
        let address = Address {
            ip: "192.0.2.1".parse().unwrap(),
            unit: network,
            network,
            id: Pseudonyms::new(&[7; 32]).client(b"somebody"),
        };
        Facts {
            at,
            endpoint: "login".into(),
            phone: PhoneFact::Absent,
            client: Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() },
            place: Place::default(),
        }
    }

    fn example(number: u64) -> Example {
        Example {
            id: number.to_string().into(),
            facts: facts(Timestamp::from_unix_ms(1_795_197_600_000 + number * 60_000)).into(),
            row: Features([0.0; COUNT]),
            plain: 0.0,
            truth: None,
            scenario: "login".into(),
            class: "".into(),
            sent: true,
            verified: false,
            delivered: true,
            hot: false,
        }
    }

    #[test]
    fn what_became_of_an_attempt_says_what_it_was_or_nothing() {
        let silent = example(1);
        let of = |change: fn(&mut Example)| {
            let mut example = silent.clone();
            change(&mut example);
            Verdict::of_outcome(&example).map(|verdict| verdict.is_abuse)
        };
        assert_eq!(of(|_| {}), None, "somebody lost interest");
        assert_eq!(of(|example| example.verified = true), Some(false));
        assert_eq!(of(|example| example.hot = true), Some(true));
        assert_eq!(of(|example| (example.hot, example.verified) = (true, true)), Some(false));
        assert_eq!(of(|example| (example.hot, example.delivered) = (true, false)), None, "nobody could have verified");
        assert_eq!(of(|example| (example.hot, example.sent) = (true, false)), None, "nothing went out");
    }

    #[test]
    fn a_full_sample_keeps_early_and_late_attempts_alike() {
        let mut sample = Sample::new(1_000, 1);
        for number in 0..20_000 {
            sample.add(&example(number), Some(Verdict::known(Label::Legit)));
        }
        assert_eq!((sample.rows().count(), sample.met()), (600, [20_000, 0]));
        let mut blocks: Vec<_> = sample.rows().map(|row| row.block).collect();
        blocks.sort_unstable();
        blocks.dedup();
        assert!(blocks.len() > 300, "{}", blocks.len());
    }
}
