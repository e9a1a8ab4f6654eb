//! What a send is evidence of: the log-likelihood ratio of abuse against real use, from what became of it so far.
//!
//! With `p` the share of real sessions that are verified, `q` that of abuse, and `F(t)` the share of real verifications
//! that have come `t` after the send:
//! - verified: `ln(q / p)`;
//! - silent for `t`: `ln((1 - q F(t)) / (1 - p F(t)))`, 0 at first and growing as silence lasts.

use super::cell::{ALTERNATIVES, NAT};
use crate::domain::Span;

/// A send is looked at when it has been silent for so long; the last is the horizon.
///
/// Each look writes all of its cells. With six (3, 8, 15, 30, 60, 120 s) a replay takes a tenth longer, a sixth more people are
/// asked on quiet days, and as much leaks; with three (10, 35, 120 s) captcha farms get a fifth more through.
pub(super) const STEPS: [Span; 4] = [Span::seconds(5), Span::seconds(15), Span::seconds(40), Span::seconds(120)];

/// Abuse that verifies almost nothing.
const SILENT_ABUSE: f64 = 0.05;

/// What is known of real use at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealUse {
    /// Share of sessions that are verified, 0 to 1.
    pub conversion: f64,
    /// Median time from send to verification, in seconds.
    pub median_s: f64,
    /// Standard deviation of that time's natural logarithm.
    pub sigma: f64,
}

impl Default for RealUse {
    /// Before anything is learned. Real use converts 65 to 92 %.
    fn default() -> Self {
        Self { conversion: 0.8, median_s: 15.0, sigma: 0.8 }
    }
}

impl RealUse {
    /// Share of real verifications that have come `t` after the send: lognormal.
    pub fn come_by(&self, t: Span) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        let seconds = t.as_millis() as f64 / 1000.0;
        if seconds <= 0.0 { 0.0 } else { normal_cdf((seconds / self.median_s).ln() / self.sigma) }
    }

    /// The conversion of either alternative.
    fn alternatives(&self) -> [f64; ALTERNATIVES] {
        [SILENT_ABUSE.min(self.conversion / 2.0), self.conversion / 2.0]
    }

    /// Evidence of a verified send, in 4096ths of a nat: negative.
    pub(super) fn verified(&self) -> [i32; ALTERNATIVES] {
        self.alternatives().map(|q| fixed((q / self.conversion).ln()))
    }

    /// Evidence of a send that has been silent for `t`, in 4096ths of a nat. `outage` is the share of real
    /// verifications that are missing for everyone: with it silence says less.
    pub(super) fn silent(&self, t: Span, outage: f32) -> [i32; ALTERNATIVES] {
        self.silent_when(self.come_by(t), outage)
    }

    /// As [`RealUse::silent`], when the share `come` of real verifications has come.
    fn silent_when(&self, come: f64, outage: f32) -> [i32; ALTERNATIVES] {
        let conversion = self.conversion * (1.0 - f64::from(outage));
        let real = Self { conversion, ..*self };
        real.alternatives().map(|q| fixed(((1.0 - q * come) / (1.0 - conversion * come)).ln()))
    }
}

/// Real use, and what it comes to at each step: worked out where it is learned, since every send asks for all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timetable {
    pub(super) real: RealUse,
    /// Share of real verifications that have come by then.
    come: [f64; STEPS.len()],
    /// What silence says by then, where no verification is missing for everyone.
    silent: [[i32; ALTERNATIVES]; STEPS.len()],
}

impl Timetable {
    pub(super) fn of(real: RealUse) -> Self {
        let come = STEPS.map(|step| real.come_by(step));
        Self { real, come, silent: come.map(|come| real.silent_when(come, 0.0)) }
    }

    /// Verifications of a real send that come between the step before and this one.
    pub(super) fn due(&self, step: usize) -> f32 {
        let before = step.checked_sub(1).map_or(0.0, |before| self.come[before]);
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let due = (self.real.conversion * (self.come[step] - before)) as f32;
        due
    }

    /// Evidence of a send that has been silent until this step, as [`RealUse::silent`].
    pub(super) fn silent(&self, step: usize, outage: f32) -> [i32; ALTERNATIVES] {
        if outage > 0.0 { self.real.silent_when(self.come[step], outage) } else { self.silent[step] }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a few nats")]
fn fixed(nats: f64) -> i32 {
    (nats * f64::from(NAT)).round() as i32
}

/// The standard normal distribution, to 7.5e-8 (Abramowitz and Stegun, 26.2.17).
fn normal_cdf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let poly =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * poly;
    if x >= 0.0 { 1.0 - tail } else { tail }
}
