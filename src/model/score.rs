//! A model at work: rows to log-odds, and what each feature has to do with it.
//!
//! Flat: all nodes of all trees stand in one piece of memory, and nothing is allocated to score a row.

use super::artifact::{Artifact, Body, Calibration, Fault, Scale, Tree};
use super::drift::Drift;
use super::features::{COUNT, FEATURES, Feature, Features};

/// A model that can be asked.
#[derive(Debug)]
pub struct Model {
    name: Box<str>,
    body: Flat,
    calibration: Calibration,
    scale: Scale,
    drift: Drift,
}

/// What a model makes of a look.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Says {
    /// Heat of the look: at 1 it asks for a proof by itself. Below 0, to a fifth, where it speaks for real use: such an
    /// attempt bears a little more of what others did.
    pub prior: f32,
    /// How much doubt a look leaves that asks for a proof by itself: 1 where it is just enough, 0 where it is beyond doubt.
    /// 0 for any other look.
    pub doubt: f32,
}

/// What one feature has to do with a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Its place among [`FEATURES`].
    pub feature: usize,
    /// Its value.
    pub value: f32,
    /// By how much it moves the prior, before that is cut to 0 to 1; below 0 where it speaks for real use.
    pub share: f32,
}

impl Part {
    /// What it says, in words.
    pub fn words(&self) -> &'static str {
        let words = |feature: &Feature| if self.share < 0.0 { feature.in_favour } else { feature.against };
        FEATURES.get(self.feature).map_or("", words)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        FEATURES.get(self.feature).map_or("", |feature| feature.name)
    }
}

#[derive(Debug)]
enum Flat {
    Linear { intercept: f64, weights: Box<[f64; COUNT]>, means: Box<[f64; COUNT]> },
    Trees { base: f64, nodes: Vec<Node>, roots: Vec<u32>, is_mean: bool },
}

/// Sixteen bytes: four nodes a cache line.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// What is below goes to the left.
    below: f32,
    value: f32,
    left: u32,
    /// [`LEAF`] where there is nothing to ask.
    feature: u32,
}

const LEAF: u32 = u32::MAX;

/// What a look that is surely real takes off the heat, and the log-odds from which on it is: one to fifty. Without it half
/// as many people again are asked (during low and slow abuse 0.34 % for 0.21 %), and hardly less leaks (abuse of a home
/// market 1.7 % for 1.9 %).
const RELIEF: f32 = 0.2;
const SURELY_REAL: f64 = -3.9;

/// Log-odds beyond what is enough at which no doubt is left: twenty times as likely.
const BEYOND: f64 = 3.0;

/// A share of abuse is never certain.
const CERTAIN: f64 = 1e-4;

impl Model {
    /// Reads and checks a text. It is named by the first half of its checksum.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let name = Artifact::checksum(text).unwrap_or_default();
        Ok(Self::of(Artifact::read(text)?, name.get(..12).unwrap_or_default()))
    }

    fn of(model: Artifact, name: &str) -> Self {
        let body = match model.body {
            Body::Linear { intercept, weights, means } => {
                let row = |numbers: &[f64]| {
                    Box::new(std::array::from_fn(|index| numbers.get(index).copied().unwrap_or_default()))
                };
                Flat::Linear { intercept, weights: row(&weights), means: row(&means) }
            }
            Body::Boosted { base, trees } => flat(base, &trees, false),
            Body::Forest { trees } => flat(0.0, &trees, true),
        };
        let drift = Drift::new(model.reference);
        Self { name: name.into(), body, calibration: model.calibration, scale: model.scale, drift }
    }

    /// What tells it from other models.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far what it meets is from what it was trained on.
    pub const fn drift(&self) -> &Drift {
        &self.drift
    }

    /// What was learned says, before it is calibrated.
    pub fn score(&self, row: &Features) -> f64 {
        match &self.body {
            Flat::Linear { intercept, weights, .. } => {
                let terms = weights.iter().enumerate().map(|(index, weight)| weight * transformed(row, index));
                intercept + terms.sum::<f64>()
            }
            Flat::Trees { base, nodes, roots, is_mean } => {
                let sum: f64 = roots.iter().map(|root| f64::from(leaf(nodes, *root, row))).sum();
                if *is_mean { log_odds(sum, roots.len()) } else { base + sum }
            }
        }
    }

    /// Log-odds of abuse.
    pub fn log_odds(&self, row: &Features) -> f64 {
        self.calibration.slope * self.score(row) + self.calibration.intercept
    }

    /// Whether the look alone asks for a proof.
    pub fn asks(&self, row: &Features) -> bool {
        self.log_odds(row) >= self.scale.enough
    }

    /// What it makes of a look.
    pub fn says(&self, row: &Features) -> Says {
        let log_odds = self.log_odds(row);
        let against = self.on_scale(log_odds - self.scale.from).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "0 to 1")]
        let [real, doubt] = [log_odds / SURELY_REAL, 1.0 - (log_odds - self.scale.enough) / BEYOND]
            .map(|part| part.clamp(0.0, 1.0) as f32);
        let prior = against - RELIEF * real;
        Says { prior, doubt: if prior < 1.0 { 0.0 } else { doubt } }
    }

    /// What each feature has to do with the score, the weightiest first; those that have nothing to do with it are left
    /// out. The way from a tree's root to its leaf changes what it says at each node: that is the share of the feature
    /// that is asked for there (Saabas, "Interpreting random forests", 2014).
    pub fn parts(&self, row: &Features) -> Vec<Part> {
        let mut shares = [0.0_f64; COUNT];
        match &self.body {
            Flat::Linear { weights, means, .. } => {
                for (index, share) in shares.iter_mut().enumerate() {
                    *share = weights[index] * (transformed(row, index) - means[index]);
                }
            }
            Flat::Trees { nodes, roots, is_mean, .. } => {
                for root in roots {
                    follow(nodes, *root, row, &mut shares);
                }
                if *is_mean {
                    let said: f64 = shares.iter().sum();
                    let sum: f64 = roots.iter().map(|root| f64::from(leaf(nodes, *root, row))).sum();
                    let moved = log_odds(sum, roots.len()) - log_odds(sum - said, roots.len());
                    let times = if said == 0.0 { 0.0 } else { moved / said };
                    for share in &mut shares {
                        *share *= times;
                    }
                }
            }
        }
        let part = |(feature, share): (usize, f64)| Part {
            feature,
            value: row.0[feature],
            share: self.on_scale(self.calibration.slope * share),
        };
        let mut parts: Vec<_> = shares.into_iter().enumerate().map(part).filter(|part| part.share != 0.0).collect();
        parts.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()).then(a.feature.cmp(&b.feature)));
        parts
    }

    #[expect(clippy::cast_possible_truncation, reason = "a number of few digits")]
    fn on_scale(&self, log_odds: f64) -> f32 {
        (log_odds / (self.scale.enough - self.scale.from)) as f32
    }
}

/// The value of a feature as models that add features up read it.
fn transformed(row: &Features, index: usize) -> f64 {
    FEATURES[index].transformed(f64::from(row.0[index]))
}

#[expect(clippy::cast_precision_loss, reason = "a number of trees")]
fn log_odds(sum: f64, trees: usize) -> f64 {
    let share = (sum / trees as f64).clamp(CERTAIN, 1.0 - CERTAIN);
    (share / (1.0 - share)).ln()
}

/// Trees were checked when they were read: every child stands behind its parent, and every feature is one.
fn leaf(nodes: &[Node], root: u32, row: &Features) -> f32 {
    let mut node = &nodes[root as usize];
    while node.feature != LEAF {
        let right = u32::from(row.0[node.feature as usize] >= node.below);
        node = &nodes[(node.left + right) as usize];
    }
    node.value
}

fn follow(nodes: &[Node], root: u32, row: &Features, shares: &mut [f64; COUNT]) {
    let mut node = &nodes[root as usize];
    while node.feature != LEAF {
        let right = u32::from(row.0[node.feature as usize] >= node.below);
        let next = &nodes[(node.left + right) as usize];
        shares[node.feature as usize] += f64::from(next.value) - f64::from(node.value);
        node = next;
    }
}

fn flat(base: f64, trees: &[Tree], is_mean: bool) -> Flat {
    let mut nodes = Vec::new();
    let mut roots = Vec::new();
    for tree in trees {
        #[expect(clippy::cast_possible_truncation, reason = "at most 8 million nodes")]
        let root = nodes.len() as u32;
        roots.push(root);
        let columns = tree.feature.iter().zip(&tree.below).zip(tree.left.iter().zip(&tree.value));
        nodes.extend(columns.map(|((feature, below), (left, value))| Node {
            below: *below,
            value: *value,
            left: root + u32::from(*left),
            feature: u32::try_from(*feature).unwrap_or(LEAF),
        }));
    }
    Flat::Trees { base, nodes, roots, is_mean }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::super::artifact::tests::script_or_not;
    use super::*;

    fn row(script: f32) -> Features {
        let mut row = [0.0; COUNT];
        row[2] = script;
        Features(row)
    }

    #[test]
    fn a_tree_sends_what_is_below_to_the_left_and_says_who_did_it() {
        let model = Model::read(&script_or_not().to_text()).unwrap();
        assert_eq!([model.log_odds(&row(0.0)), model.log_odds(&row(1.0))], [-3.0, 3.0]);
        let says = [0.0, 1.0].map(|script| model.says(&row(script)));
        assert_eq!(says.map(|says| says.prior), [-0.2 * 3.0 / 3.9, 1.0]);
        assert_eq!(says[0].doubt, 0.0, "it asks for nothing");
        assert!((says[1].doubt - 2.0 / 3.0).abs() < 1e-6, "1 beyond the 2 that are enough, of 3");
        let parts = model.parts(&row(1.0));
        assert_eq!(parts, [Part { feature: 2, value: 1.0, share: 2.5 }]);
        assert_eq!(parts[0].words(), "a script's agent");
    }

    #[test]
    fn shares_add_up_to_what_the_score_is_above_its_base() {
        let mut artifact = script_or_not();
        let Body::Boosted { trees, .. } = &artifact.body else { panic!() };
        let trees = vec![
            trees[0].clone(),
            Tree {
                feature: vec![0, 2, -1, -1, -1],
                below: vec![0.5, 0.5, 0.0, 0.0, 0.0],
                left: vec![1, 3, 0, 0, 0],
                value: vec![0.25, 0.1, 0.75, 0.125, 0.5],
            },
        ];
        for body in [Body::Boosted { base: -1.0, trees: trees.clone() }, Body::Forest { trees: forest(&trees) }] {
            artifact.body = body;
            let model = Model::read(&artifact.to_text()).unwrap();
            let share = |row| model.parts(row).iter().map(|part| part.share).sum::<f32>();
            let moved = f64::from(share(&row(1.0)) - share(&row(0.0)));
            assert!((moved - (model.score(&row(1.0)) - model.score(&row(0.0))) / 2.0).abs() < 1e-4);
        }
    }

    fn forest(trees: &[Tree]) -> Vec<Tree> {
        let share = |value: &f32| (value + 3.0) / 6.0;
        trees.iter().map(|tree| Tree { value: tree.value.iter().map(share).collect(), ..tree.clone() }).collect()
    }

    #[test]
    fn a_linear_model_takes_counts_by_their_logarithm() {
        let mut artifact = script_or_not();
        let mut weights = vec![0.0; COUNT];
        (weights[2], weights[4]) = (1.0, 0.5);
        artifact.body = Body::Linear { intercept: -1.0, weights, means: vec![0.0; COUNT] };
        let model = Model::read(&artifact.to_text()).unwrap();
        let mut row = row(1.0);
        row.0[4] = 1.0_f32.exp_m1();
        assert!((model.score(&row) - 0.5).abs() < 1e-6);
        assert_eq!(model.parts(&row).iter().map(Part::name).collect::<Vec<_>>(), ["script", "versions_behind"]);
    }
}
