//! Logistic regression by linfa, on standardised features.

use linfa::Dataset;
use linfa::traits::Fit as _;
use linfa_logistic::LogisticRegression;

use super::run::Error;
use super::table::{Table, moments};
use crate::model::Body;

/// Weight of the penalty on large weights.
const ALPHA: f64 = 1.0;
const MOST_STEPS: u64 = 200;

/// Learns. It knows no weights of rows, so real use and abuse count as they are.
pub(super) fn fit(table: &Table) -> Result<Body, Error> {
    let mut records = table.transformed();
    let (means, deviations) = moments(&records);
    for mut row in records.rows_mut() {
        row.iter_mut().zip(means.iter().zip(&deviations)).for_each(|(value, (mean, sd))| *value = (*value - mean) / sd);
    }
    let data = Dataset::new(records, table.targets());
    let fitted = LogisticRegression::default().alpha(ALPHA).max_iterations(MOST_STEPS).fit(&data);
    let fitted = fitted.map_err(|error| Error::Learning("logistic regression", error.to_string()))?;
    // It calls positive which class it likes.
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let weights: Vec<_> = fitted.params().iter().zip(&deviations).map(|(weight, sd)| sign * weight / sd).collect();
    let shift: f64 = weights.iter().zip(&means).map(|(weight, mean)| weight * mean).sum();
    Ok(Body::Linear { intercept: sign * fitted.intercept() - shift, weights, means })
}
