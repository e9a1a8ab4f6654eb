//! How well a score tells abuse from real use.

use serde::Serialize;

/// What a score is worth, on attempts that it was not learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// How often abuse scores higher than real use; 0.5 is chance.
    pub auc: f64,
    /// The part of abuse above the score that one in a thousand real users exceeds.
    pub recall_at_0_1_percent: f64,
    /// The part of what is above that score that is abuse.
    pub precision_at_0_1_percent: f64,
    /// The same where one in a hundred real users exceeds it.
    pub recall_at_1_percent: f64,
    /// The same.
    pub precision_at_1_percent: f64,
}

impl Measures {
    /// Of scores, with what each really was.
    pub(super) fn of(scores: &[f64], labels: &[bool]) -> Self {
        let (recall_at_0_1_percent, precision_at_0_1_percent) = at(scores, labels, 0.001);
        let (recall_at_1_percent, precision_at_1_percent) = at(scores, labels, 0.01);
        Self {
            auc: auc(scores, labels),
            recall_at_0_1_percent,
            precision_at_0_1_percent,
            recall_at_1_percent,
            precision_at_1_percent,
        }
    }
}

/// The score that at most this part of real use exceeds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a part")]
pub(super) fn exceeded_by(part: f64, scores: &[f64], labels: &[bool]) -> f64 {
    let real = scores.iter().zip(labels).filter(|(_, is_abuse)| !**is_abuse).map(|(score, _)| *score);
    let mut real: Vec<_> = real.collect();
    real.sort_by(f64::total_cmp);
    let above = (real.len() as f64 * part).floor() as usize;
    real.len().checked_sub(above + 1).and_then(|place| real.get(place)).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn at(scores: &[f64], labels: &[bool], part: f64) -> (f64, f64) {
    let threshold = exceeded_by(part, scores, labels);
    let count = |is_abuse: bool| {
        let rows = scores.iter().zip(labels).filter(|(_, label)| **label == is_abuse);
        let all = rows.clone().count();
        (rows.filter(|(score, _)| **score > threshold).count() as f64, all.max(1) as f64)
    };
    let ((caught, abuse), (hurt, _)) = (count(true), count(false));
    (caught / abuse, if caught + hurt > 0.0 { caught / (caught + hurt) } else { 0.0 })
}

/// By ranks; equal scores count a half.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn auc(scores: &[f64], labels: &[bool]) -> f64 {
    let mut order: Vec<_> = scores.iter().zip(labels).collect();
    order.sort_by(|a, b| a.0.total_cmp(b.0));
    let (mut below, mut sum, mut abuse) = (0_usize, 0.0, 0_usize);
    for equal in order.chunk_by(|a, b| a.0.total_cmp(b.0).is_eq()) {
        let real = equal.iter().filter(|(_, is_abuse)| !**is_abuse).count();
        let here = equal.len() - real;
        sum += here as f64 * (below as f64 + real as f64 / 2.0);
        below += real;
        abuse += here;
    }
    if below == 0 || abuse == 0 { 0.5 } else { sum / below as f64 / abuse as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_score_catches_all_and_a_constant_one_none() {
        let labels: Vec<_> = (0..2000).map(|number| number % 2 == 0).collect();
        let perfect: Vec<_> = labels.iter().map(|label| f64::from(u8::from(*label))).collect();
        let measures = Measures::of(&perfect, &labels);
        assert!((measures.auc - 1.0).abs() < 1e-9 && (measures.recall_at_0_1_percent - 1.0).abs() < 1e-9);
        let constant = Measures::of(&vec![1.0; 2000], &labels);
        assert!((constant.auc - 0.5).abs() < 1e-9 && constant.recall_at_1_percent < 1e-9);
    }

    #[test]
    fn at_most_the_part_of_real_use_exceeds_the_threshold() {
        let scores: Vec<_> = (0..1000).map(f64::from).collect();
        let labels = vec![false; 1000];
        for part in [0.0, 0.001, 0.01, 0.5] {
            let threshold = exceeded_by(part, &scores, &labels);
            let above = scores.iter().filter(|score| **score > threshold).count();
            assert!((f64::from(u32::try_from(above).unwrap()) / 1000.0 - part).abs() < 1e-9, "{part}: {above}");
        }
    }
}
