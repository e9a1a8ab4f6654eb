//! From a sample to a model and its card.

use super::boosted::{self, SHAPE};
use super::card::{Card, Class, Compared, Data, Importance};
use super::measure::{Measures, exceeded_by};
use super::sample::{Row, Sample};
use super::split::{Lack, Split};
use super::table::Table;
use super::untidy::untidied;
use super::{calibrate, forest, logistic, mixture, picture};
use crate::model::{Artifact, Body, COUNT, Calibration, FEATURES, Model, Reference, SCHEMA, Scale};

/// Fewer attempts of a kind in a part than this teach nothing.
const FEW: usize = 50;
/// Another kind takes the place of the first where it finds so much more of the abuse: what can't be held to the directions
/// of its features has to be clearly better.
const BETTER: f64 = 0.01;
/// A class of fewer attempts is not left out by itself.
const FEW_OF_A_CLASS: usize = 30;
/// Parts that a feature's distribution is told apart in, for drift.
const PARTS: usize = 10;

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The same seed and the same attempts give the same bytes.
    pub seed: u64,
    /// Whether the people are simulated, and so too tidy.
    pub is_simulated: bool,
    /// Whether to measure each class of abuse by a model that never saw it: as many models more as there are classes.
    pub leave_out: bool,
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too little is known.
    #[error(
        "there is too little to learn from: in two passes {real} attempts are known to be real and {abuse} to be abuse; \
         learning, calibrating and measuring take different stretches of time and need {FEW} of each, but {}; take a longer \
         log, with attacks at several times",
        listed(lacks)
    )]
    TooFew {
        /// Attempts that are known to be real.
        real: u64,
        /// Attempts that are known to be abuse.
        abuse: u64,
        /// What each part has too few of.
        lacks: Vec<Lack>,
    },
    /// What was learned tells nothing apart.
    #[error("abuse can't be told from real use in this data: whoever is called abuse looks like everyone else")]
    NothingLearned,
    /// A library gave up.
    #[error("{0} can't be trained on this data: {1}")]
    Learning(&'static str, String),
}

fn listed(lacks: &[Lack]) -> String {
    lacks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A kind of model learns.
    Learning(&'static str),
    /// A model that never saw this class learns.
    LeavingOut(Box<str>),
}

/// A model with its card.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub artifact: Artifact,
    /// What it is worth.
    pub card: Card,
}

/// What can become the model.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Logistic,
    Forest,
    Boosted,
}

impl Kind {
    /// Boosting first: it alone is held to the direction of each feature.
    const ALL: [Self; 3] = [Self::Boosted, Self::Forest, Self::Logistic];

    const fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic regression",
            Self::Forest => "random forest",
            Self::Boosted => "gradient boosting",
        }
    }

    fn fit(self, rows: &[&Row], seed: u64) -> Result<Body, Error> {
        match self {
            Self::Logistic => logistic::fit(&Table::of(rows)),
            Self::Forest => forest::fit(rows, seed),
            Self::Boosted => boosted::fit(&Table::of(rows), SHAPE, seed),
        }
    }
}

/// Learns from a sample. `told` hears of every step.
pub fn train(sample: &Sample, options: Options, told: &mut dyn FnMut(Step)) -> Result<Trained, Error> {
    let mut split = Split::of(sample);
    let [real, abuse] = sample.met();
    let lacks = split.lacks(FEW);
    if !lacks.is_empty() {
        return Err(Error::TooFew { real, abuse, lacks });
    }
    let untidied = options.is_simulated.then(|| untidied(&split.learn, options.seed));
    if let Some(untidied) = &untidied {
        split.learn = untidied.iter().map(|row| &**row).collect();
    }
    let labels = labels(&split.measure);
    let mut compared = Vec::new();
    let mut best: Option<(Kind, Body, Model, Measures)> = None;
    for kind in Kind::ALL {
        told(Step::Learning(kind.name()));
        let body = kind.fit(&split.learn, options.seed)?;
        let raw = uncalibrated(body.clone())?;
        let measures = Measures::of(&scores(&raw, &split.measure), &labels);
        compared.push(Compared { name: kind.name(), measures });
        if best.as_ref().is_none_or(|(.., best)| {
            measures.recall_at_0_1_percent > best.recall_at_0_1_percent + BETTER && measures.auc >= best.auc - BETTER
        }) {
            best = Some((kind, body, raw, measures));
        }
    }
    told(Step::Learning("mixture of Gaussians"));
    // It becomes no model, so where it finds no mixture nothing is lost but its row of the card.
    if let Ok(unusual) = mixture::scores(&split.learn, &split.measure) {
        let measures = Measures::of(&unusual, &labels);
        compared.push(Compared { name: "mixture of Gaussians (real use alone)", measures });
    }
    let Some((kind, body, raw, measures)) = best else { return Err(Error::NothingLearned) };

    let chosen = finish(body, &raw, &split)?;
    let model = asked(&chosen)?;
    let mut classes = classes(sample, &split, &model);
    if options.leave_out {
        for class in &mut classes {
            told(Step::LeavingOut(class.name.clone()));
            class.left_out = left_out(sample, &split, kind, class, options.seed)?;
        }
    }
    let found = Found { kind: kind.name(), seed: options.seed, measures, compared, classes };
    let card = card(sample, &split, &model, found);
    Ok(Trained { artifact: chosen, card })
}

/// Calibrates what was learned (`raw`, to be asked), and says what is enough.
fn finish(body: Body, raw: &Model, split: &Split<'_>) -> Result<Artifact, Error> {
    let calibration = calibrate::platt(&scores(raw, &split.calibrate), &labels(&split.calibrate))?;
    let judged = split.judged();
    let log_odds: Vec<_> =
        scores(raw, &judged).iter().map(|score| calibration.slope * score + calibration.intercept).collect();
    let scale = calibrate::scale(&log_odds, &labels(&judged));
    let real: Vec<_> = split.learn.iter().filter(|row| !row.verdict.is_abuse).copied().collect();
    Ok(artifact(body, calibration, scale, &real))
}

/// A class's attempts under a model that never saw them, at the score that one in a thousand real users exceeds.
fn left_out(sample: &Sample, split: &Split<'_>, kind: Kind, class: &Class, seed: u64) -> Result<Option<f64>, Error> {
    let is_it = |row: &Row| row.verdict.is_abuse && *sample.scenarios[usize::from(row.scenario)] == *class.name;
    let learn: Vec<_> = split.learn.iter().filter(|row| !is_it(row)).copied().collect();
    let its: Vec<_> = sample.rows().filter(|row| is_it(row)).collect();
    if its.len() < FEW_OF_A_CLASS || !learn.iter().any(|row| row.verdict.is_abuse) {
        return Ok(None);
    }
    let model = uncalibrated(kind.fit(&learn, seed)?)?;
    let judged = split.judged();
    let threshold = exceeded_by(0.001, &scores(&model, &judged), &labels(&judged));
    Ok(Some(part(&its, |row| model.score(&row.features) > threshold)))
}

fn classes(sample: &Sample, split: &Split<'_>, model: &Model) -> Vec<Class> {
    let class = |(place, name): (usize, &str)| {
        let is_it = |row: &&Row| row.verdict.is_abuse && usize::from(row.scenario) == place;
        let all: Vec<_> = sample.rows().filter(is_it).collect();
        let measured: Vec<_> = split.measure.iter().copied().filter(is_it).collect();
        (!all.is_empty()).then(|| Class {
            name: name.into(),
            attempts: all.len(),
            asked: (!measured.is_empty()).then(|| part(&measured, |row| model.asks(&row.features))),
            left_out: None,
            plain: Some(part(&all, |row| row.plain >= 1.0)),
        })
    };
    sample.scenarios.iter().map(|name| &**name).enumerate().filter_map(class).collect()
}

/// What was found on the way.
struct Found {
    kind: &'static str,
    seed: u64,
    measures: Measures,
    compared: Vec<Compared>,
    classes: Vec<Class>,
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn card(sample: &Sample, split: &Split<'_>, model: &Model, found: Found) -> Card {
    let Found { kind, seed, measures, compared, classes } = found;
    let labels = labels(&split.measure);
    let probabilities: Vec<_> =
        split.measure.iter().map(|row| 1.0 / (1.0 + (-model.log_odds(&row.features)).exp())).collect();
    let wrong = probabilities.iter().zip(&labels).map(|(said, is)| (said - f64::from(u8::from(*is))).powi(2));
    let brier = wrong.sum::<f64>() / labels.len().max(1) as f64;
    let mut real = split.judged();
    real.retain(|row| !row.verdict.is_abuse);
    let asked_real = part(&real, |row| model.asks(&row.features));
    let plain_real = part(&real, |row| row.plain >= 1.0);
    let [real, abuse] = sample.met();
    let mut scenarios: Vec<_> = sample.scenarios.clone();
    scenarios.sort();
    Card {
        model: model.name().into(),
        kind,
        seed,
        data: Data {
            real,
            abuse,
            silent: sample.silent,
            learned_from: split.learn.len(),
            calibrated_on: split.calibrate.len(),
            measured_on: split.measure.len(),
            scenarios,
        },
        measures,
        brier,
        asked_real,
        plain_real,
        compared,
        classes,
        features: importances(model, &split.measure),
        calibration: picture::bins(&probabilities, &labels),
    }
}

/// What each feature moves on average, the weightiest first.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn importances(model: &Model, rows: &[&Row]) -> Vec<Importance> {
    let step = rows.len().div_ceil(5_000).max(1);
    let mut sums = [0.0_f64; COUNT];
    let mut count = 0_usize;
    for row in rows.iter().step_by(step) {
        count += 1;
        for part in model.parts(&row.features) {
            sums[part.feature] += f64::from(part.share.abs());
        }
    }
    let importance = |(feature, sum): (&crate::model::Feature, f64)| Importance {
        name: feature.name,
        words: feature.against,
        direction: feature.direction,
        moves: sum / count.max(1) as f64,
    };
    let mut all: Vec<_> = FEATURES.iter().zip(sums).map(importance).collect();
    all.sort_by(|a, b| b.moves.total_cmp(&a.moves));
    all
}

fn artifact(body: Body, calibration: Calibration, scale: Scale, real: &[&Row]) -> Artifact {
    Artifact {
        schema: SCHEMA,
        features: FEATURES.iter().map(|feature| feature.name.to_owned()).collect(),
        body,
        calibration,
        scale,
        reference: (0..COUNT).map(|feature| reference(feature, real)).collect(),
    }
}

/// What was learned, to be asked for its scores alone.
fn uncalibrated(body: Body) -> Result<Model, Error> {
    asked(&artifact(body, Calibration { slope: 1.0, intercept: 0.0 }, Scale { from: 0.0, enough: 1.0 }, &[]))
}

/// A model that can be asked, checked as one that is read from a file.
fn asked(artifact: &Artifact) -> Result<Model, Error> {
    Model::read(&artifact.to_text()).map_err(|fault| Error::Learning("the model", fault.to_string()))
}

/// Parts of about the same size; a value that many have is a part of its own.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "shares")]
fn reference(feature: usize, real: &[&Row]) -> Reference {
    let mut values: Vec<_> = real.iter().map(|row| row.features.0[feature]).collect();
    values.sort_by(f32::total_cmp);
    let mut edges: Vec<f32> = (1..PARTS).filter_map(|part| values.get(values.len() * part / PARTS)).copied().collect();
    edges.dedup();
    edges.retain(|edge| values.first().is_some_and(|first| edge > first));
    if edges.is_empty() {
        // Most flags: what is usual, and what isn't.
        edges.extend(values.first().map(|first| first.next_up()));
    }
    let below: Vec<_> = edges.iter().map(|edge| values.partition_point(|value| value < edge)).collect();
    let ends = below.iter().copied().chain([values.len()]);
    let starts = [0].into_iter().chain(below.iter().copied());
    let share = |(start, end): (usize, usize)| (end - start) as f64 / values.len().max(1) as f64;
    Reference { shares: starts.zip(ends).map(share).map(|share| share as f32).collect(), edges }
}

fn scores(model: &Model, rows: &[&Row]) -> Vec<f64> {
    rows.iter().map(|row| model.score(&row.features)).collect()
}

fn labels(rows: &[&Row]) -> Vec<bool> {
    rows.iter().map(|row| row.verdict.is_abuse).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn part(rows: &[&Row], holds: impl Fn(&Row) -> bool) -> f64 {
    rows.iter().filter(|row| holds(row)).count() as f64 / rows.len().max(1) as f64
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::sample::tests::sample;
    use super::*;

    /// A model with nothing but its body.
    pub(crate) fn model(body: Body) -> Model {
        uncalibrated(body).unwrap()
    }

    #[test]
    fn the_same_attempts_and_seed_give_the_same_bytes() {
        let options = Options { seed: 3, is_simulated: true, leave_out: true };
        let once = train(&sample(4_000, 1), options, &mut |_| {}).unwrap();
        let again = train(&sample(4_000, 1), options, &mut |_| {}).unwrap();
        assert!(once.artifact == again.artifact, "another model");
        assert_eq!(once.card.to_json(), again.card.to_json());
        assert_eq!(once.card.to_markdown("a.svg"), again.card.to_markdown("a.svg"));
        assert!(once.card.measures.auc > 0.9, "{:?}", once.card.measures);
        assert!(once.card.classes.iter().all(|class| class.left_out.is_some()));
        assert!(once.card.asked_real <= 0.002, "{}", once.card.asked_real);
    }

    #[test]
    fn a_probability_is_as_often_true_as_it_says() {
        let trained =
            train(&sample(6_000, 2), Options { seed: 1, is_simulated: false, leave_out: false }, &mut |_| {}).unwrap();
        for bin in trained.card.calibration.iter().filter(|bin| bin.rows >= 100) {
            assert!((bin.said - bin.true_part).abs() < 0.12, "{bin:?}");
        }
    }

    #[test]
    fn too_little_is_told_with_what_there_is() {
        let refused =
            train(&sample(60, 1), Options { seed: 1, is_simulated: false, leave_out: false }, &mut |_| {}).unwrap_err();
        assert!(matches!(refused, Error::TooFew { .. }), "{refused}");
        assert!(refused.to_string().contains("take a longer log"));
        // Enough of it, and all at one time.
        let mut sample = sample(4_000, 1);
        sample.relabel(|row| row.block % 10 >= 4);
        let refused = train(&sample, Options { seed: 1, is_simulated: false, leave_out: false }, &mut |_| {});
        let told = refused.unwrap_err().to_string();
        let lacks = "learning has 0 of real use, calibrating has 0 of abuse, measuring has 0 of abuse";
        assert!(told.contains(lacks) && told.contains("attacks at several times"), "{told}");
    }

    #[test]
    fn labels_of_chance_are_no_model_or_one_that_asks_nobody() {
        let mut random = crate::random::Random::seeded(9);
        let mut sample = sample(4_000, 1);
        sample.relabel(|_| random.chance(50));
        match train(&sample, Options { seed: 1, is_simulated: false, leave_out: false }, &mut |_| {}) {
            Ok(trained) => assert!(trained.card.asked_real < 0.002, "{}", trained.card.asked_real),
            Err(refused) => assert_eq!(refused, Error::NothingLearned),
        }
    }
}
