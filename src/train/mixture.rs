//! What is usual, by a mixture of Gaussians over real use alone: a detector of what was never seen.
//!
//! It is measured beside the others and never becomes the model: what is new is mostly a new kind of user.

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use linfa_clustering::GaussianMixtureModel;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::run::Error;
use super::sample::Row;
use super::table::{Moments, Table};

const KINDS: usize = 6;
const MOST_ROWS: usize = 6_000;
/// Added to each variance, which flags often lack.
const NOISE: f64 = 0.05;

/// Standard deviations beyond which all is as far.
const FAR: f64 = 8.0;

/// Learns what real use looks like, and says of each row how far it is from that.
pub(super) fn scores(learn: &[&Row], measure: &[&Row]) -> Result<Vec<f64>, Error> {
    let real: Vec<_> = learn.iter().filter(|row| !row.verdict.is_abuse).copied().collect();
    let real: Vec<_> = real.iter().step_by(real.len().div_ceil(MOST_ROWS).max(1)).copied().collect();
    let mut usual = Table::of(&real).transformed();
    let moments = Moments::of(&usual);
    let standardise = |records: &mut Array2<f64>| {
        moments.standardise(records);
        records.mapv_inplace(|value| value.clamp(-FAR, FAR));
    };
    standardise(&mut usual);
    let data = DatasetBase::from(usual);
    let params =
        GaussianMixtureModel::params(KINDS).n_runs(1).max_n_iterations(40).reg_covariance(NOISE).tolerance(1e-3);
    let mixture = params.fit(&data);
    let mixture = mixture.map_err(|error| Error::Learning("mixture of Gaussians", error.to_string()))?;
    let mut rows = Table::of(measure).transformed();
    standardise(&mut rows);
    let distance = |row: ArrayView1<'_, f64>| {
        let to = |kind: usize| {
            let away: Array1<f64> = &row - &mixture.means().row(kind);
            let precision = mixture.precisions().index_axis(Axis(0), kind);
            away.dot(&precision.dot(&away))
        };
        (0..mixture.means().nrows()).map(to).fold(f64::INFINITY, f64::min)
    };
    Ok(rows.axis_iter(Axis(0)).map(distance).collect())
}
