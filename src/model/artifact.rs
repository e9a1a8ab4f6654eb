//! A trained model as it is written down: one line with format and checksum, then JSON.
//!
//! ```text
//! sendwall-model 1 <SHA-256 of all that follows, in hexadecimal>
//! {"schema":1,"features":["no_agent",...],"body":{...},...}
//! ```
//!
//! Everything in it is checked when it is read: a model that could loop, read beyond its row or give no number is none.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::features::{COUNT, FEATURES, SCHEMA};

/// The first word of a model.
const MAGIC: &str = "sendwall-model";
/// The version of the format.
const FORMAT: u32 = 1;
/// Largest model in bytes.
const LARGEST: usize = 4 << 20;
/// Most trees, and most nodes of one.
const MOST_TREES: usize = 2_000;
const MOST_NODES: usize = 4_096;
/// Most parts that a feature's values are told apart in.
const MOST_BINS: usize = 64;

/// Why a text is no model that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It begins otherwise.
    #[error("this is no model: its first line is not \"{MAGIC} {FORMAT}\" and a checksum")]
    NotAModel,
    /// It was written by a later version.
    #[error("the model has format {0}, and this version of sendwall reads {FORMAT}; train it anew or update sendwall")]
    Format(u32),
    /// It was changed, or written by halves.
    #[error("the model is damaged: its checksum doesn't fit; copy or train it anew")]
    Damaged,
    /// It is larger than any that is trained.
    #[error("the model has {0} bytes, {LARGEST} are the most")]
    TooLarge(usize),
    /// It reads other features.
    #[error(
        "the model reads features of schema {0}, and this version of sendwall gives schema {SCHEMA}; train it anew"
    )]
    Schema(u32),
    /// It was not written by training.
    #[error("the model can't be used: {0}; train it anew")]
    Malformed(String),
}

/// A trained model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// The version of the list of features.
    pub schema: u32,
    /// Their names, in order.
    pub features: Vec<String>,
    /// What was learned.
    pub body: Body,
    /// Scores to log-odds of abuse.
    pub calibration: Calibration,
    /// Log-odds to the prior.
    pub scale: Scale,
    /// How each feature was distributed over real use when it was trained.
    pub reference: Vec<Reference>,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// A weight a feature; counts by the logarithm of one more.
    Linear {
        /// The score of nothing.
        intercept: f64,
        /// Weight of each feature.
        weights: Vec<f64>,
        /// Where real use stands on average: what is above it speaks.
        means: Vec<f64>,
    },
    /// The sum of what trees say, on the scale of log-odds.
    Boosted {
        /// The score of nothing.
        base: f64,
        /// The trees.
        trees: Vec<Tree>,
    },
    /// The mean of what trees say, each a share of abuse.
    Forest {
        /// The trees.
        trees: Vec<Tree>,
    },
}

/// A tree, its nodes in columns; the first node is the root.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The feature that a node asks for; -1 at a leaf.
    pub feature: Vec<i16>,
    /// What is below goes to the left.
    pub below: Vec<f32>,
    /// The left child; the right one stands behind it.
    pub left: Vec<u16>,
    /// What a leaf says. For other nodes, what its leaves say on average: shares of features are made of the differences.
    pub value: Vec<f32>,
}

/// Platt's scaling: log-odds are `slope * score + intercept`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Above 0.
    pub slope: f64,
    /// Any.
    pub intercept: f64,
}

/// The prior is 0 up to `from` and 1 from `enough` on, in log-odds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Below `enough`.
    pub from: f64,
    /// The look alone asks for a proof.
    pub enough: f64,
}

/// A feature's distribution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Where one part ends and the next begins, in rising order.
    pub edges: Vec<f32>,
    /// The share of each part: one more than edges.
    pub shares: Vec<f32>,
}

/// What is read first: everything else has a meaning only with this schema.
#[derive(Deserialize)]
struct Head {
    schema: u32,
}

impl Artifact {
    /// The text of the model: the same for the same model.
    pub fn to_text(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{MAGIC} {FORMAT} {}\n{json}\n", checksum(format!("{json}\n").as_bytes()))
    }

    /// Reads and checks a text.
    pub fn read(text: &str) -> Result<Self, Fault> {
        if text.len() > LARGEST {
            return Err(Fault::TooLarge(text.len()));
        }
        let (head, body) = text.split_once('\n').ok_or(Fault::NotAModel)?;
        let mut head = head.trim_end().split(' ');
        let (magic, format, sum) = (head.next(), head.next(), head.next());
        let format: u32 = format.and_then(|format| format.parse().ok()).ok_or(Fault::NotAModel)?;
        if magic != Some(MAGIC) {
            return Err(Fault::NotAModel);
        }
        if format != FORMAT {
            return Err(Fault::Format(format));
        }
        if sum != Some(&checksum(body.as_bytes())) {
            return Err(Fault::Damaged);
        }
        let malformed = |error: serde_json::Error| Fault::Malformed(error.to_string());
        let head: Head = serde_json::from_str(body).map_err(malformed)?;
        if head.schema != SCHEMA {
            return Err(Fault::Schema(head.schema));
        }
        let model: Self = serde_json::from_str(body).map_err(malformed)?;
        model.check()?;
        Ok(model)
    }

    /// The checksum, which names a model.
    pub fn checksum(text: &str) -> Option<&str> {
        text.lines().next()?.split(' ').nth(2)
    }

    fn check(&self) -> Result<(), Fault> {
        let no = |what: &str| Err(Fault::Malformed(what.to_owned()));
        if !self.features.iter().map(String::as_str).eq(FEATURES.iter().map(|feature| feature.name)) {
            return no("its features are others than those of its schema");
        }
        match &self.body {
            Body::Linear { intercept, weights, means } => {
                let numbers = weights.iter().chain(means).chain([intercept]);
                if weights.len() != COUNT
                    || means.len() != COUNT
                    || !numbers.into_iter().all(|number| number.is_finite())
                {
                    return no("it lacks weights");
                }
            }
            Body::Boosted { trees, .. } | Body::Forest { trees } if trees.is_empty() || trees.len() > MOST_TREES => {
                return no("it has no trees, or too many");
            }
            Body::Boosted { base, .. } if !base.is_finite() => return no("its base is no number"),
            Body::Boosted { trees, .. } | Body::Forest { trees } => {
                if !trees.iter().all(Tree::is_sound) {
                    return no("one of its trees isn't one");
                }
            }
        }
        let Calibration { slope, intercept } = self.calibration;
        if !(slope.is_finite() && slope > 0.0 && intercept.is_finite()) {
            return no("it is not calibrated");
        }
        let Scale { from, enough } = self.scale;
        if !(from.is_finite() && enough.is_finite() && from < enough) {
            return no("it doesn't say what is enough");
        }
        if self.reference.len() != COUNT || !self.reference.iter().all(Reference::is_sound) {
            return no("it lacks the distributions that drift is held against");
        }
        Ok(())
    }
}

impl Tree {
    /// Whether every way through it ends: children stand behind their parents.
    fn is_sound(&self) -> bool {
        let nodes = self.feature.len();
        let columns = [self.below.len(), self.left.len(), self.value.len()];
        let node = |(index, feature): (usize, &i16)| {
            let left = usize::from(self.left[index]);
            *feature == -1
                || (usize::try_from(*feature).is_ok_and(|feature| feature < COUNT) && left > index && left + 1 < nodes)
        };
        (1..=MOST_NODES).contains(&nodes)
            && columns.iter().all(|column| *column == nodes)
            && self.below.iter().chain(&self.value).all(|number| number.is_finite())
            && self.feature.iter().enumerate().all(node)
    }
}

impl Reference {
    fn is_sound(&self) -> bool {
        let share = |share: &f32| share.is_finite() && *share >= 0.0;
        self.shares.len() == self.edges.len() + 1
            && self.shares.len() <= MOST_BINS
            && self.shares.iter().all(share)
            && self.edges.iter().all(|edge| edge.is_finite())
            && self.edges.is_sorted_by(|a, b| a < b)
    }
}

fn checksum(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A model of one tree: a script's agent scores 3, anything else -3.
    pub(crate) fn script_or_not() -> Artifact {
        Artifact {
            schema: SCHEMA,
            features: FEATURES.iter().map(|feature| feature.name.to_owned()).collect(),
            body: Body::Boosted {
                base: 0.0,
                trees: vec![Tree {
                    feature: vec![2, -1, -1],
                    below: vec![0.5, 0.0, 0.0],
                    left: vec![1, 0, 0],
                    value: vec![-2.0, -3.0, 3.0],
                }],
            },
            calibration: Calibration { slope: 1.0, intercept: 0.0 },
            scale: Scale { from: 0.0, enough: 2.0 },
            reference: vec![Reference { edges: vec![0.5], shares: vec![0.9, 0.1] }; COUNT],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let model = script_or_not();
        let text = model.to_text();
        assert_eq!(Artifact::read(&text), Ok(model.clone()));
        assert_eq!(text, model.to_text());
        assert_eq!(Artifact::checksum(&text).unwrap().len(), 64);
    }

    #[test]
    fn a_text_that_is_no_sound_model_is_refused_with_its_fault() {
        let good = script_or_not();
        let text = good.to_text();
        let signed = |change: &dyn Fn(&mut Artifact)| {
            let mut model = good.clone();
            change(&mut model);
            model.to_text()
        };
        let tree = |change: fn(&mut Tree)| {
            signed(&|model| {
                let Body::Boosted { trees, .. } = &mut model.body else { panic!() };
                change(&mut trees[0]);
            })
        };
        let malformed = |text: &str| matches!(Artifact::read(text), Err(Fault::Malformed(_)));
        assert_eq!(Artifact::read(""), Err(Fault::NotAModel));
        assert_eq!(Artifact::read("{}\n"), Err(Fault::NotAModel));
        assert_eq!(Artifact::read(&text.replacen(" 1 ", " 2 ", 1)), Err(Fault::Format(2)));
        assert_eq!(Artifact::read(&text.replacen("3.0", "4.0", 1)), Err(Fault::Damaged));
        let half: String = text.chars().take(text.len() - 9).collect();
        assert_eq!(Artifact::read(&half), Err(Fault::Damaged));
        assert_eq!(Artifact::read(&signed(&|model| model.schema = SCHEMA + 1)), Err(Fault::Schema(SCHEMA + 1)));
        assert!(malformed(&signed(&|model| model.features.swap(0, 1))));
        assert!(malformed(&signed(&|model| model.calibration.slope = 0.0)));
        assert!(malformed(&signed(&|model| model.scale.enough = -1.0)));
        assert!(malformed(&signed(&|model| model.reference.truncate(1))));
        assert!(malformed(&signed(&|model| model.reference[3].shares = vec![])));
        assert!(malformed(&tree(|tree| tree.left[0] = 0)), "a node that is its own child");
        assert!(malformed(&tree(|tree| tree.left[0] = 2)), "a child beyond the end");
        assert!(malformed(&tree(|tree| tree.feature[0] = i16::try_from(COUNT).unwrap())));
        assert!(malformed(&tree(|tree| tree.feature[0] = -2)));
        assert!(malformed(&tree(|tree| tree.value.truncate(1))));
    }
}
