//! Attempts as the libraries read them: numbers, labels, weights.

use ndarray::{Array1, Array2, ArrayView1};

use super::sample::Row;
use crate::model::{COUNT, FEATURES};

/// Rows of numbers with what they are.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) rows: usize,
    /// Row by row.
    pub(super) values: Vec<f64>,
    pub(super) labels: Vec<bool>,
    /// Real use and abuse weigh the same in all, and so does each scenario of abuse: an attack with a hundred times the
    /// messages is not a hundred times as important to know.
    pub(super) weights: Vec<f64>,
}

impl Table {
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub(super) fn of(rows: &[&Row]) -> Self {
        let scenario = |row: &Row| if row.verdict.is_abuse { usize::from(row.scenario) + 1 } else { 0 };
        let mut sums = vec![0.0_f64; rows.iter().map(|row| scenario(row) + 1).max().unwrap_or(1)];
        for row in rows {
            sums[scenario(row)] += f64::from(row.verdict.weight);
        }
        let kinds = sums.iter().skip(1).filter(|sum| **sum > 0.0).count().max(1) as f64;
        let half = rows.len() as f64 / 2.0;
        let weight = |row: &&Row| {
            let share = f64::from(row.verdict.weight) / sums[scenario(row)];
            if row.verdict.is_abuse { half / kinds * share } else { half * share }
        };
        Self {
            rows: rows.len(),
            values: rows.iter().flat_map(|row| row.features.0).map(f64::from).collect(),
            labels: rows.iter().map(|row| row.verdict.is_abuse).collect(),
            weights: rows.iter().map(weight).collect(),
        }
    }

    /// Counts by their logarithm, as models that add features up read them.
    pub(super) fn transformed(&self) -> Array2<f64> {
        let value = |(row, index): (usize, usize)| FEATURES[index].transformed(self.values[row * COUNT + index]);
        Array2::from_shape_fn((self.rows, COUNT), value)
    }

    pub(super) fn targets(&self) -> Array1<bool> {
        Array1::from(self.labels.clone())
    }
}

/// Mean and standard deviation of each column.
#[derive(Debug)]
pub(super) struct Moments {
    pub(super) means: Vec<f64>,
    /// 1 for a column that never varies.
    pub(super) deviations: Vec<f64>,
}

impl Moments {
    pub(super) fn of(records: &Array2<f64>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let rows = records.nrows().max(1) as f64;
        let column = |column: ArrayView1<'_, f64>| {
            let mean = column.sum() / rows;
            let variance = column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows;
            (mean, if variance > 1e-12 { variance.sqrt() } else { 1.0 })
        };
        let (means, deviations) = records.columns().into_iter().map(column).unzip();
        Self { means, deviations }
    }

    /// Brings every column to mean 0 and deviation 1.
    pub(super) fn standardise(&self, records: &mut Array2<f64>) {
        for mut row in records.rows_mut() {
            let by = self.means.iter().zip(&self.deviations);
            row.iter_mut().zip(by).for_each(|(value, (mean, deviation))| *value = (*value - mean) / deviation);
        }
    }
}
