//! Logistic regression by linfa, on standardised features.

use linfa::Dataset;
use linfa::traits::Fit as _;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use super::run::Error;
use super::table::{Moments, Table};
use crate::model::Body;

/// Weight of the penalty on large weights.
const ALPHA: f64 = 1.0;
const MOST_STEPS: u64 = 200;

/// Learns. It knows no weights of rows, so real use and abuse count as they are.
pub(super) fn fit(table: &Table) -> Result<Body, Error> {
    let mut records = table.transformed();
    let moments = Moments::of(&records);
    moments.standardise(&mut records);
    let (intercept, weights) = regress("logistic regression", records, table.targets(), ALPHA)?;
    let Moments { means, deviations } = moments;
    let weights: Vec<_> = weights.iter().zip(&deviations).map(|(weight, deviation)| weight / deviation).collect();
    let shift: f64 = weights.iter().zip(&means).map(|(weight, mean)| weight * mean).sum();
    Ok(Body::Linear { intercept: intercept - shift, weights, means })
}

/// Intercept and weights of what speaks for `true`. `name` is what an error calls it.
pub(super) fn regress(
    name: &'static str,
    records: Array2<f64>,
    targets: Array1<bool>,
    alpha: f64,
) -> Result<(f64, Vec<f64>), Error> {
    let data = Dataset::new(records, targets);
    let fitted = LogisticRegression::default().alpha(alpha).max_iterations(MOST_STEPS).fit(&data);
    let fitted = fitted.map_err(|error| Error::Learning(name, error.to_string()))?;
    // linfa calls positive which class it likes.
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok((sign * fitted.intercept(), fitted.params().iter().map(|weight| sign * weight).collect()))
}
