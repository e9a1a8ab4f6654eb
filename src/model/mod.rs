//! The anomaly model: how likely an attempt is abuse by what it looks like and by how many are like it, before anything
//! became of it.
//!
//! Facts, and counts of the cells that the attempt shares, become a row of numbers ([`Features`]); a small trained model
//! ([`Model`]) makes log-odds of it, and of these the prior, 0 to 1 of heat. Conversion is no feature: heat holds it. Live
//! traffic, `explain`, replay and training go through the same code, so that what was learned is what is met.
//!
//! Must not know: how models are trained, verdicts, clocks, files. Everything here is pure; the text of a model is an
//! argument.

mod artifact;
mod drift;
mod features;
mod languages;
mod score;

pub use artifact::{Artifact, Body, Calibration, Fault, Reference, Scale, Tree};
pub use drift::{Drift, STRANGE, WINDOW};
pub use features::{COUNT, FEATURES, Feature, Features, Look, SCHEMA};
pub use score::{Model, Part, Says};
