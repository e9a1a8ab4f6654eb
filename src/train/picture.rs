//! The calibration as a picture: what was said against what came true.

use std::fmt::Write as _;

/// Parts that probabilities are told apart in.
const BINS: usize = 10;
const SIZE: f64 = 320.0;
const EDGE: f64 = 48.0;

/// A part of the attempts, by what was said of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Bin {
    /// Attempts.
    pub rows: usize,
    /// The mean of the probabilities that were said.
    pub said: f64,
    /// The part of them that was abuse.
    pub true_part: f64,
}

/// The attempts in ten parts.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "ten parts")]
pub(super) fn bins(probabilities: &[f64], labels: &[bool]) -> Vec<Bin> {
    let mut sums = [(0_usize, 0.0, 0_usize); BINS];
    for (said, is_abuse) in probabilities.iter().zip(labels) {
        let sum = &mut sums[((said * BINS as f64) as usize).min(BINS - 1)];
        *sum = (sum.0 + 1, sum.1 + said, sum.2 + usize::from(*is_abuse));
    }
    let bin = |(rows, said, abuse): (usize, f64, usize)| {
        let all = rows.max(1) as f64;
        Bin { rows, said: said / all, true_part: abuse as f64 / all }
    };
    sums.into_iter().map(bin).collect()
}

/// A reliability diagram: points on the line were said as they are.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
pub(super) fn svg(bins: &[Bin]) -> String {
    let (all, right, bottom) = (SIZE + 2.0 * EDGE, EDGE + SIZE, EDGE + SIZE);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all} {all}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Calibration: the probability of abuse that the model says, and the part that is abuse</title>\n\
         <rect width=\"{all}\" height=\"{all}\" fill=\"#fff\"/>\n\
         <path d=\"M{EDGE} {EDGE}V{bottom}H{right}\" fill=\"none\" stroke=\"#333\"/>\n\
         <path d=\"M{EDGE} {bottom}L{right} {EDGE}\" stroke=\"#999\" stroke-dasharray=\"4 4\"/>\n"
    );
    let most = bins.iter().map(|bin| bin.rows).max().unwrap_or(0).max(1) as f64;
    for bin in bins.iter().filter(|bin| bin.rows > 0) {
        let (x, y) = (EDGE + SIZE * bin.said, bottom - SIZE * bin.true_part);
        let radius = 3.0 + 7.0 * (bin.rows as f64 / most).sqrt();
        let told = format!("{} attempts: said {:.3}, true {:.3}", bin.rows, bin.said, bin.true_part);
        let _written = writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"#2563eb\" fill-opacity=\"0.7\"><title>{told}</title></circle>"
        );
    }
    let middle = EDGE + SIZE / 2.0;
    for (part, name) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1")] {
        let (x, y) = (EDGE + SIZE * part, bottom - SIZE * part + 4.0);
        let _written = writeln!(
            text,
            "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{name}</text><text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{name}</text>",
            bottom + 18.0,
            EDGE - 8.0
        );
    }
    let _written = writeln!(
        text,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">probability of abuse that the model says</text>\n\
         <text x=\"14\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {middle})\">part that is abuse</text>\n</svg>",
        all - 10.0
    );
    text
}
