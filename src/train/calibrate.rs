//! Scores to probabilities, and these to the prior.

use ndarray::{Array1, Array2};

use super::logistic::regress;
use super::measure::exceeded_by;
use super::run::Error;
use crate::model::{Calibration, Scale};

/// Scores beyond this say no more.
const MOST: f64 = 30.0;
/// The penalty on a large slope: hardly any.
const ALPHA: f64 = 1e-3;
/// The part of real users whose look alone asks for a proof, and for whom it weighs at all.
const ASKED: f64 = 0.001;
const WEIGHED: f64 = 0.02;
/// However well real use was told from the abuse that was shown: what is less likely abuse than 49 to 1 (in log-odds)
/// never asks by itself, and what is likelier real than abuse never weighs. From 9 to 1 on, more of what copies a browser
/// leaked (low and slow 3.1 % for 2.3 %) and as many people were asked; from 1 to 3 on, more of them (travellers on
/// somebody else's network 1.9 % for 1.4 %).
const SURE: f64 = 3.892;
const LIKELY: f64 = 0.0;

/// Platt's scaling: a logistic regression on the score, over attempts that it was not learned from.
pub(super) fn platt(scores: &[f64], labels: &[bool]) -> Result<Calibration, Error> {
    let scores: Vec<_> = scores.iter().map(|score| score.clamp(-MOST, MOST)).collect();
    let rows = scores.len();
    let records = Array2::from_shape_vec((rows, 1), scores).unwrap_or_default();
    let (intercept, weights) = regress("calibration", records, Array1::from(labels.to_vec()), ALPHA)?;
    let slope = weights.first().copied().unwrap_or_default();
    if slope > 0.0 { Ok(Calibration { slope, intercept }) } else { Err(Error::NothingLearned) }
}

/// Where the prior begins and where it is enough, by log-odds of attempts that were not learned from.
pub(super) fn scale(log_odds: &[f64], labels: &[bool]) -> Scale {
    let enough = exceeded_by(ASKED, log_odds, labels).max(SURE);
    let from = exceeded_by(WEIGHED, log_odds, labels).max(LIKELY).min(enough - 0.5);
    Scale { from, enough }
}
