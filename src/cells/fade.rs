//! Exponential fading, the same bits on every machine and in a few nanoseconds.

use std::f32::consts::LOG2_E;

use crate::domain::Span;

/// What is left after `ms`, of what halves in `half_life`.
pub(super) fn half(ms: u64, half_life: Span) -> f32 {
    power_of_half(ratio(ms, half_life))
}

/// The same, and what is left of what falls to 1/e in each of these constants: side by side, for this is a good part
/// of what cells cost.
pub(super) fn half_and_fade<const N: usize>(ms: u64, half_life: Span, constants: [Span; N]) -> (f32, [f32; N]) {
    (half(ms, half_life), constants.map(|constant| power_of_half(ratio(ms, constant) * LOG2_E)))
}

#[expect(clippy::cast_precision_loss, reason = "spans of days in milliseconds, to seven digits")]
fn ratio(ms: u64, span: Span) -> f32 {
    ms as f32 / span.as_millis().max(1) as f32
}

/// `2^-x` for `x >= 0`, to one part in 10,000: the whole part goes into the exponent, the rest through a polynomial
/// that is exact at both ends of its interval, so that fading twice by half is fading once by a quarter.
fn power_of_half(x: f32) -> f32 {
    // The whole part by a conversion, which is one instruction everywhere; `floor` is a call on older processors.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let whole = x.min(100.0) as u32;
    #[expect(clippy::cast_precision_loss, reason = "0 to 100")]
    let rest = x - whole as f32;
    let part = 1.0 - rest * (0.691_395 - rest * (0.230_509 - rest * 0.039_114));
    if whole == 100 { 0.0 } else { part * f32::from_bits(127_u32.wrapping_sub(whole) << 23) }
}

#[cfg(test)]
#[expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "exact at both ends")]
mod tests {
    use super::*;

    #[test]
    fn fading_follows_the_exponential_to_one_part_in_a_thousand() {
        for tenths in 0_u64..400 {
            let exact = 0.5_f64.powf(tenths as f64 / 10.0);
            let faded = f64::from(half(tenths * 100, Span::seconds(1)));
            assert!((faded / exact - 1.0).abs() < 1e-3, "{tenths}: {faded} {exact}");
        }
        assert_eq!(half(0, Span::seconds(1)), 1.0);
        assert_eq!(half(1_000_000, Span::seconds(1)), 0.0);
    }
}
